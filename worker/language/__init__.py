"""Decides which language the next reply is spoken in, from the transcript itself.

Apart from the conversation because the rules change with every market we open, and must be testable without audio.
Pure: no network, no model, no clock. Rules: docs/language-policy.md. Word lists: worker/lang/, for all to edit.
"""

from worker.language.policy import Decision, HeardTurn, LanguageState, decide
from worker.languages import LANGUAGES, SUPPORTED, Language, canonical_code

__all__ = [
    "LANGUAGES",
    "SUPPORTED",
    "Decision",
    "HeardTurn",
    "Language",
    "LanguageState",
    "canonical_code",
    "decide",
]
