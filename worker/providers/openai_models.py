"""Knows what has to be asked of OpenAI's models by their names."""

from __future__ import annotations


def reasons(name: str) -> bool:
    """Return whether a model thinks before it answers, unless it is told not to."""
    return name.startswith(("gpt-5", "gpt-6", "o1", "o3", "o4"))
