"""Makes words of the keys that a caller presses, as a number of an order or a PIN is keyed in.

`#` ends what is being keyed, `*` starts it over, and so does a pause end it. What was keyed is never logged.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

MOST_KEYS = 32
MASK = "•"
_DIGITS = frozenset("0123456789")


class Keys:
    """Collects the keys of one call."""

    def __init__(
        self, pause_seconds: float, *, mask: bool, pressed: Callable[[], None], keyed: Callable[[str], None]
    ) -> None:
        """Collect until a key or a pause ends it.

        Args:
            pause_seconds: Without another key for so long, what was keyed is complete.
            mask: Whether `masked` hides what was keyed.
            pressed: Called at the first key: the caller wants to be heard.
            keyed: Called with the digits when they are complete.
        """
        self._pause_seconds = pause_seconds
        self._mask = mask
        self._pressed = pressed
        self._keyed = keyed
        self._digits = ""
        self._complete: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.first_refusal: Callable[[str], bool] = lambda _: False
        """Asked about every key first; True takes it, as a menu does with its choices."""

    def press(self, key: str) -> None:
        """Take one key."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._digits and self.first_refusal(key):
            return
        if key == "#":
            self._end()
        elif key == "*":
            self._digits = ""
        elif key in _DIGITS:
            self._take(key)

    def masked(self, text: str) -> str:
        """Return a text as others than the model may read it: without what was keyed, where that is set."""
        if not self._mask:
            return text
        for digits in sorted(self._complete, key=len, reverse=True):
            text = re.sub(rf"(?<!\d){digits}(?!\d)", MASK * len(digits), text)
        return text

    def close(self) -> None:
        """Stop waiting for more: the call is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _take(self, digit: str) -> None:
        if not self._digits:
            self._pressed()
        self._digits += digit
        if len(self._digits) >= MOST_KEYS:
            self._end()
            return
        self._timer = asyncio.get_running_loop().call_later(self._pause_seconds, self._end)

    def _end(self) -> None:
        digits, self._digits = self._digits, ""
        if digits:
            self._complete.add(digits)
            self._keyed(digits)
