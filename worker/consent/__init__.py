"""Asks callers whether their words and their sound may be kept, and keeps to the answer: docs/consent.md."""
