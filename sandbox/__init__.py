"""Stand-ins for the providers, so that a whole call can be made, measured and broken without a key or a network."""
