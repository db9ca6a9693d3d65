"""Asks whether a deployment would answer its callers: with its own keys, before they call."""
