"""Decides how long to wait after the last voiced sample before a caller's turn counts as finished.

Apart from the providers because it is the rule callers feel most, and must be testable without audio:
text and numbers in, seconds and a reason out.
"""

from worker.end_of_turn.reading import Completeness, Reading, read_words
from worker.end_of_turn.waiting import DEFAULT_POLICY, Evidence, Wait, WaitPolicy, how_long_to_wait

__all__ = [
    "DEFAULT_POLICY",
    "Completeness",
    "Evidence",
    "Reading",
    "Wait",
    "WaitPolicy",
    "how_long_to_wait",
    "read_words",
]
