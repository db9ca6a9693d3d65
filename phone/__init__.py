"""Sets up the telephone and places calls: `python -m phone`."""
