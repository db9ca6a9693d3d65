"""Tells what is known of a caller before the first word: the language asked for, or the region they ring from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from livekit import rtc

from worker.languages import LANGUAGES, SUPPORTED, canonical_code
from worker.phone.line import number_of
from worker.text.phone_numbers import e164, national_number

_REGION_LANGUAGES = {std_code: code for code in SUPPORTED for std_code in LANGUAGES[code].std_codes}
# Mobile numbers begin with 6 to 9, as some STD codes do, and say nothing about a region (numbers are ported, and
# people move). The digit behind the code tells them apart: a landline's subscriber number begins with 2 (BSNL, MTNL),
# 3, 4 or 6 (private operators). 5 was one too, but the level 805x went to mobiles. Never 0, 1, 7, 8 or 9.
_MOBILE_LEVELS = "6789"
_LANDLINE_LEVELS = "2346"
LONGEST_VALUE = 64


async def nobody_knows(caller: str | None) -> None:
    """Know of no earlier call of this caller."""


def chosen_language(attributes: Mapping[str, str], by_called_number: Mapping[str, str]) -> str | None:
    """Return the language somebody has decided on: the token's or the dispatch rule's, else the called number's."""
    asked = canonical_code(attributes.get("language", "")[:LONGEST_VALUE])
    called = attributes.get("sip.trunkPhoneNumber", "")[:LONGEST_VALUE]
    return asked or by_called_number.get(e164(called) or called)


def opening_language(
    attributes: Mapping[str, str],
    default: str,
    by_called_number: Mapping[str, str] = MappingProxyType({}),
    earlier: str | None = None,
) -> str:
    """Return the language of the greeting.

    One that was decided on, else an earlier call's, else the landline's region's, else the default.

    Args:
        by_called_number: E.164 number -> language, for phones.
        earlier: What this caller's last call ended in, where that is known.
    """
    known = chosen_language(attributes, by_called_number)
    return known or earlier or _language_of_number(attributes.get("sip.phoneNumber", "")[:LONGEST_VALUE]) or default


def wanted_voice(attributes: Mapping[str, str]) -> str | None:
    """Return the voice that the caller's token asks for, if it looks like one."""
    voice = attributes.get("voice", "")
    return voice if 0 < len(voice) <= LONGEST_VALUE and voice.replace("_", "").isalnum() else None


def verified_caller(dispatch_metadata: str, people: Iterable[rtc.RemoteParticipant]) -> str | None:
    """Return who calls: the fingerprint that the token function wrote into the dispatch, else a phone's number.

    A phone's number is as true as its trunk; what other participants say of themselves is not believed.
    """
    try:
        written = json.loads(dispatch_metadata or "{}")
    except ValueError:
        written = {}
    fingerprint = written.get("caller") if isinstance(written, dict) else None
    if isinstance(fingerprint, str) and fingerprint.strip():
        return fingerprint[:LONGEST_VALUE]
    numbers = map(number_of, people)
    return next((f"tel:{number}"[:LONGEST_VALUE] for number in numbers if number), None)


def _language_of_number(number: str) -> str | None:
    national = national_number(number)
    if national is None:
        return None
    for length in (3, 2):
        code = national[:length]
        if code in _REGION_LANGUAGES and (code[0] not in _MOBILE_LEVELS or national[length] in _LANDLINE_LEVELS):
            return _REGION_LANGUAGES[code]
    return None
