"""What is known about a caller before the first word: the language they asked for, or the region they ring from."""

from __future__ import annotations

from collections.abc import Mapping

from worker.language import SUPPORTED, canonical_code

# STD codes of landlines; mobile numbers say nothing about a region. Source: National Numbering Plan (DoT, 2003).
_REGION_LANGUAGES = {
    "11": "hi-IN", "522": "hi-IN", "532": "hi-IN", "141": "hi-IN", "612": "hi-IN", "755": "hi-IN",
    "20": "mr-IN", "22": "mr-IN", "712": "mr-IN", "253": "mr-IN",
    "33": "bn-IN", "79": "gu-IN", "261": "gu-IN", "265": "gu-IN",
    "40": "te-IN", "866": "te-IN", "891": "te-IN", "44": "ta-IN", "422": "ta-IN", "452": "ta-IN",
    "80": "kn-IN", "821": "kn-IN", "824": "kn-IN", "471": "ml-IN", "484": "ml-IN", "495": "ml-IN",
    "674": "od-IN", "671": "od-IN", "161": "pa-IN", "183": "pa-IN", "172": "pa-IN",
}  # fmt: skip
_INDIAN_NUMBER_DIGITS = 10
LONGEST_VALUE = 64


def opening_language(attributes: Mapping[str, str], default: str) -> str:
    """The language of the greeting: the token's `language`, else the landline's region, else the default."""
    asked = canonical_code(attributes.get("language", "")[:LONGEST_VALUE])
    if asked in SUPPORTED:
        return asked
    return _language_of_number(attributes.get("sip.phoneNumber", "")) or default


def wanted_voice(attributes: Mapping[str, str]) -> str | None:
    """The voice the caller's token asks for, if it looks like one."""
    voice = attributes.get("voice", "")
    return voice if 0 < len(voice) <= LONGEST_VALUE and voice.replace("_", "").isalnum() else None


def _language_of_number(number: str) -> str | None:
    digits = number.strip().removeprefix("+91") if number.strip().startswith("+91") else ""
    if len(digits) != _INDIAN_NUMBER_DIGITS or (digits[0] in "6789" and digits[:2] not in {"79", "80"}):
        return None
    for length in (3, 2):
        if digits[:length] in _REGION_LANGUAGES:
            return _REGION_LANGUAGES[digits[:length]]
    return None
