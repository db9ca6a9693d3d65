"""Decides whether a number may be called now: the rules for commercial calls in India, as a table that can be read.

Not legal advice; docs/telephone.md has the sources and their dates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from worker.text.phone_numbers import INDIA

OPENS_AT, CLOSES_AT = time(9), time(21)
ZONE_BY_COUNTRY: Mapping[str, str] = {INDIA: "Asia/Kolkata"}
"""Where one country has one zone. Callees elsewhere bring theirs with them."""
_CONSENT = re.compile(r"[^\s]{1,128}")


class Refusal(Enum):
    """Tells why a number is not called; the value is its name in outcomes and logs."""

    BAD_NUMBER = "bad_number"
    NO_CONSENT = "no_consent"
    UNKNOWN_ZONE = "unknown_zone"
    OUTSIDE_HOURS = "outside_hours"
    DO_NOT_CALL = "do_not_call"
    LIST_UNAVAILABLE = "list_unavailable"
    ALREADY_CALLED = "already_being_called"


WHAT_TO_DO: Mapping[Refusal, str] = {
    Refusal.BAD_NUMBER: "This is no phone number: write +91 and ten digits.",
    Refusal.NO_CONSENT: "A call needs the reference of a consent, without blanks: --consent, or the column `consent`.",
    Refusal.UNKNOWN_ZONE: "Say where the callee is: --zone, or the column `zone`, e.g. Asia/Dubai.",
    Refusal.OUTSIDE_HOURS: "People are called from 9 to 21 h where they are.",
    Refusal.DO_NOT_CALL: "The number is on the do-not-call list.",
    Refusal.LIST_UNAVAILABLE: "The do-not-call list does not answer, and nobody is called without its word.",
    Refusal.ALREADY_CALLED: "The number is being called already.",
}


@dataclass(frozen=True, slots=True)
class Callee:
    """One person to be called."""

    number: str
    """E.164."""
    consent: str
    language: str = ""
    zone: str = ""


def zone_of(callee: Callee) -> ZoneInfo | None:
    """Return the zone that the callee lives in; None where nobody knows."""
    country = next((zone for code, zone in ZONE_BY_COUNTRY.items() if callee.number.startswith(code)), "")
    try:
        return ZoneInfo(callee.zone or country)
    except (ValueError, OSError, KeyError):
        return None


def refusal(callee: Callee, now: datetime) -> Refusal | None:
    """Return why a person may not be called at a time; None for one who may, as far as the list does not forbid it.

    Args:
        now: Timezone-aware.
    """
    if not _CONSENT.fullmatch(callee.consent):
        return Refusal.NO_CONSENT
    zone = zone_of(callee)
    if zone is None:
        return Refusal.UNKNOWN_ZONE
    return None if OPENS_AT <= now.astimezone(zone).time() < CLOSES_AT else Refusal.OUTSIDE_HOURS


def may_be_called_from(callee: Callee, now: datetime) -> datetime:
    """Return when the callee may be called next: now, or when it is nine o'clock where they are.

    Raises:
        ValueError: Nobody knows where they are.
    """
    zone = zone_of(callee)
    if zone is None:
        raise ValueError(callee.zone)
    local = now.astimezone(zone)
    if OPENS_AT <= local.time() < CLOSES_AT:
        return now
    day = local.date() if local.time() < OPENS_AT else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS_AT, zone).astimezone(now.tzinfo)
