"""Knows the telephone: its line, its keys, and the menu of languages."""
