"""What keeps a call alive when the process or the machine that carries it does not."""
