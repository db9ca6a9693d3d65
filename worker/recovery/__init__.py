"""Keeps a call alive when the process or the machine that carries it dies."""
