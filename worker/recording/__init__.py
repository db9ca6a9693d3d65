"""Keeps the sound of a call, where it may be kept: docs/recording.md."""
