"""The token function's own package: everything main.py wires together, importable without Flask."""
