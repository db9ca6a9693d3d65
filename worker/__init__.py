"""Answers calls in the caller's language: a LiveKit agent worker."""
