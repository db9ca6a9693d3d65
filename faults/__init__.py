"""The fault matrix and the soak: calls that meet every fault of every provider, and calls without pause."""
