"""Reads from the settings how long `vaani` waits after finished, unclear and unfinished words.

A wait costs nothing until the reply could be heard. A recogniser that writes while the caller speaks has its words, and
so the reply, 0.1 s and more earlier: docs/decisions/0016-replies-begin-on-partial-words.md.
"""

from __future__ import annotations

from dataclasses import replace

from worker.end_of_turn import DEFAULT_POLICY, WaitPolicy
from worker.settings import SttSettings, TurnSettings

STREAMING_POLICY = replace(DEFAULT_POLICY, finished_seconds=0.65)
_NAMES = ("sure_seconds", "ready_seconds", "finished_seconds", "unclear_seconds", "unfinished_seconds")


def wait_policy(turns: TurnSettings, stt: SttSettings) -> WaitPolicy:
    """Return the recogniser's usual waits, with those that are set in their place.

    Raises:
        ValueError: A wait is shorter than that after words which are more finished.
    """
    usual = STREAMING_POLICY if stt.streams else DEFAULT_POLICY
    given = {name: getattr(turns, f"turn_{name}") for name in _NAMES}
    waits = {name: seconds for name, seconds in given.items() if seconds is not None}
    if "sure_seconds" not in waits:  # follows a wait after finished words that was set below it
        waits["sure_seconds"] = min(usual.sure_seconds, waits.get("finished_seconds", usual.finished_seconds))
    return replace(usual, **waits)
