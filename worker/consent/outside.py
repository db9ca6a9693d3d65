"""Reads what an operator's own dispatch says of consent: given elsewhere, by a reference; the language of the notice.

Only the dispatch's metadata is believed: it is signed, as the token is. What a participant says of itself is not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from worker.consent.dialogue import Given
from worker.consent.rules import Purpose

REFERENCE = re.compile(r"[\w.:/-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outside:
    """Says what was settled before the call."""

    given: Given | None = None
    notice_language: str | None = None


def read_outside_consent(metadata: str) -> Outside:
    """Read a dispatch's metadata; whatever is not quite of this form is no consent.

    `{"consent": {"reference": "CM-7781", "purposes": ["words"]}, "notice_language": "mai-IN"}`
    """
    try:
        content = json.loads(metadata or "{}")
    except (ValueError, RecursionError):
        return Outside()
    if not isinstance(content, dict):
        return Outside()
    language = content.get("notice_language")
    return Outside(_given(content.get("consent")), language if isinstance(language, str) else None)


def _given(consent: object) -> Given | None:
    if not isinstance(consent, dict):
        return None
    reference, purposes = consent.get("reference"), consent.get("purposes")
    if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
        return None
    if not isinstance(purposes, list) or not purposes or not all(name in list(Purpose) for name in purposes):
        return None
    return Given(frozenset(map(Purpose, purposes)), "reference", reference)
