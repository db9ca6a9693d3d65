"""Finds a phone number in what is written down, in every form in which people and machines write it."""

import re

_BETWEEN = r"[\s().\-\u00a0]*"
LAST_DIGITS = 6


def numbers_in(text, number):
    """Where an Indian E.164 number stands in a text: whole, or its last six digits alone."""
    national = number.removeprefix("+91")
    whole = _BETWEEN.join(national)
    # Alone, not as a part of a hash, a moment or a longer count: those have any six digits now and then.
    last = rf"(?<![0-9A-Za-z.]){_BETWEEN.join(national[-LAST_DIGITS:])}(?![0-9A-Za-z])"
    return [text[max(0, found.start() - 40) : found.end() + 20] for found in re.finditer(f"{whole}|{last}", text)]
