"""Measures how late and how busy a worker is, and decides what it does about it."""
