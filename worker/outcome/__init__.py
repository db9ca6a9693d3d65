"""Writes what a call came to when it is over: a summary, and the fields that the operator asks for."""
