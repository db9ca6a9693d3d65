"""Reads phone numbers in every form that trunks write them in, and makes what stands for one where it has no business.

Apart from the call because log lines, dialling and the rules for dialling must all mean the same number.
"""

from __future__ import annotations

import hashlib
import hmac
import re

INDIA = "+91"
ISSUER = "tel"
"""Who vouches for a phone's number, in a fingerprint: the telephone network."""
_INDIAN_NUMBER_DIGITS = 10
_E164_DIGITS = range(7, 16)  # ITU-T E.164: fifteen at most; fewer than seven are short codes and extensions
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_NO_NUMBER = (
    r"(?<![0-9A-Za-z])[0-9a-f]{20}(?![0-9A-Za-z])",  # a fingerprint
    r"(?<![0-9A-Za-z])vaani-[0-9a-f]{32}(?![0-9A-Za-z])",  # a room that the token function has named
    # Part of a random name: letters among the digits, and fewer in a row than an Indian number has.
    r"(?<![0-9A-Za-z+])(?=[0-9a-f]*[a-f])(?![0-9a-f]*\d{10})[0-9a-f]{8,}(?![0-9A-Za-z])",
    r"(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?(?!\d)",  # a date, and its time
    rf"(?<![\d.]){_BYTE}(?:\.{_BYTE}){{3}}(?::\d{{1,5}})?(?![\d.])",  # a machine's address
    r"(?<![\d.])(?:0\.\d+|\d{1,4}\.\d{1,3})(?![\d.)\-(]|\s\d)",  # a decimal number
)
_WRITTEN_NUMBER = r"\(?\+?\(?\d(?:[\d()\-. \u00a0]{0,40}\d)?"
_IN_TEXT = re.compile(f"(?:{'|'.join(_NO_NUMBER)})|(?P<number>{_WRITTEN_NUMBER})")
# Short codes and extensions are too short to be told from other numbers, except where LiveKit writes the caller's.
_OF_A_LINE = re.compile(r"(?<![0-9A-Za-z])(sip|tel|call-)(:|_)\+?(\d{3,6})(?![.\-() ]{0,2}\d)")


def national_number(text: str) -> str | None:
    """Return the ten digits of an Indian number however it was written: `+91…`, `0091…`, `91…`, `0…` or bare.

    Spaces, dashes, brackets and a `sip:` or `tel:` address around it do not matter. None for any other number.
    """
    # `+91 (0)44 …` is how letterheads write it.
    found = re.fullmatch(
        rf"(?:(?:\+|00)910?|910?|0)?([1-9]\d{{{_INDIAN_NUMBER_DIGITS - 1}}})", _dialled(text), re.ASCII
    )
    return found[1] if found else None


def e164(text: str) -> str | None:
    """Return a number as `+` and digits, Indian unless it says another country; None for what is no number."""
    national = national_number(text)
    if national is not None:
        return INDIA + national
    found = re.fullmatch(r"(?:\+|00)([1-9]\d+)", _dialled(text), re.ASCII)
    return f"+{found[1]}" if found and len(found[1]) in _E164_DIGITS else None


def every_form(number: str) -> list[str]:
    """List how trunks write an E.164 number: LiveKit compares a called number with these, letter by letter."""
    forms = [number, number.removeprefix("+"), f"00{number.removeprefix('+')}"]
    national = national_number(number)
    return forms if national is None else [*forms, f"0{national}", national]


def fingerprint(number: str, key: str) -> str:
    """Return what stands for a number: the same for all its forms, and tied to it by `key` alone.

    The token function's `join_token.callers.Caller.fingerprint` for the issuer "tel": phone numbers are few enough to
    try all of them, so a plain hash would hide nothing.
    """
    subject = e164(number) or _dialled(number)
    message = f"{len(ISSUER)}:{ISSUER}{subject}".encode("utf-8", "surrogatepass")
    return hmac.new(b"vaani caller\n" + key.encode(), message, hashlib.sha256).hexdigest()[:20]


def without_numbers(text: str, key: str) -> str:
    """Return a text with a fingerprint in place of everything in it that may be a phone number.

    Dates, addresses of machines, decimals and fingerprints stay. Rather too much than too little: a long count loses
    its digits, too.
    """

    def replaced(found: re.Match[str]) -> str:
        number = found["number"]
        if number is None or sum(character.isdigit() for character in number) < _E164_DIGITS.start:
            return found[0]
        return fingerprint(number, key)

    text = _OF_A_LINE.sub(lambda found: f"{found[1]}{found[2]}{fingerprint(found[3], key)}", text)
    return _IN_TEXT.sub(replaced, text)


def _dialled(text: str) -> str:
    address = re.sub(r"^\s*(?:sips?|tel):", "", text, flags=re.IGNORECASE).partition("@")[0].partition(";")[0]
    return re.sub(r"[\s().\-]", "", address)
