"""Judges what was heard, docs/hearing.md: an echo, a nod, a goodbye, noise; and keeps the recogniser hearing."""
