"""Masks one conversation, turn by turn: it remembers what was asked, and every secret that was said."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from records.masking.kinds import Kind
from records.masking.reading import Reading
from records.masking.sensitive import Found, sensitive_parts
from records.masking.words import OTHER

KEPT_BY_DEFAULT = frozenset({Kind.PHONE})
"""A business calls back; what else of a caller's number is kept is the record's to decide."""
_ASKED_LASTS_TURNS = 2
_FEWEST_REMEMBERED_DIGITS = 4


class Masker:
    """Masks what is said in one conversation.

    A secret stays one: a card that the agent reads back, a PIN in a tool's arguments, an OTP in the summary.
    """

    def __init__(self, kept: Collection[Kind] = KEPT_BY_DEFAULT) -> None:
        self._kept = frozenset(kept)
        self._asked: str | None = None
        self._asked_turns_ago = 0
        self._parts = ""
        self._known: dict[str, Kind] = {}

    def said(self, text: str) -> str:
        """Mask what the agent says, and note what it asks for."""
        reading = Reading(text)
        masked = self._masked(reading, None)
        self._note(reading.asked)
        return masked

    def heard(self, text: str) -> str:
        """Mask what the caller says, in the light of what was asked."""
        reading = Reading(text)
        masked = self._masked(reading, self._asked)
        if reading.asked is not None and reading.asked != OTHER:
            self._note(reading.asked)  # "I will tell you my card number" - "go ahead"
        return masked

    def text(self, text: str, about: str | None = None) -> str:
        """Mask a text that is no turn: a summary, a tool's result. `about` is what it holds, where that is known."""
        return self._masked(Reading(text), about)

    def value(self, value: Any, about: str | None = None) -> Any:
        """Mask every text and number in a JSON value; a key says what its value is: `{"otp": 4521}`."""
        if isinstance(value, str):
            return self.text(value, about)
        if isinstance(value, int) and not isinstance(value, bool):
            written = str(value)
            masked = self.text(written, about)
            return value if masked == written else masked
        if isinstance(value, dict):
            return {key: self.value(each, self._about(key) or about) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each, about) for each in value]
        return value

    def _about(self, key: object) -> str | None:
        return Reading(str(key).replace("_", " ").replace("-", " ")).asked

    def _note(self, asked: str | None) -> None:
        self._asked_turns_ago += 1
        if asked is not None:
            if asked != self._asked:
                self._parts = ""
            self._asked, self._asked_turns_ago = asked, 0
        elif self._asked_turns_ago >= _ASKED_LASTS_TURNS:
            self._asked, self._parts = None, ""

    def _masked(self, reading: Reading, asked: str | None) -> str:
        pieces, end, text = [], 0, reading.text
        for found in sensitive_parts(reading, asked, self._known):
            if found.kind in self._kept:
                continue
            self._remember(found, in_parts=reading.is_digits_only)
            pieces += [text[end : found.start], f"[{found.kind.value}]"]
            end = found.end
        return "".join([*pieces, text[end:]])

    def _remember(self, found: Found, *, in_parts: bool) -> None:
        """Know it again; also the whole of what is said in parts, turn by turn."""
        if not found.characters.isdigit():
            return
        self._parts = self._parts + found.characters if in_parts else ""
        for digits in (found.characters, self._parts):
            if len(digits) >= _FEWEST_REMEMBERED_DIGITS:
                self._known.setdefault(digits, found.kind)
