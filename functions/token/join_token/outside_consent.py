"""Reads what one's own backend says of a consent that was given outside, and of the language of the notice.

Only with TOKEN_CONSENT=true, which only TOKEN_AUTH=hmac can have: whoever signs the body vouches for it. From anybody
else these are names that the contract does not know, and are ignored as such.
"""

from __future__ import annotations

import re
from typing import Any

from join_token.errors import FieldRefused

PURPOSES = ("words", "recording", "improvement")  # the worker has its own list; a test holds the two together
_REFERENCE = re.compile(r"[\w.:/-]{1,128}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}-IN")


def read_outside_consent(body: dict[str, Any]) -> dict[str, object]:
    """Return what goes into the dispatch's metadata; empty where nothing is said.

    Raises:
        FieldRefused: It is said in another form: what a backend takes for proof must not be lost in silence.
    """
    told: dict[str, object] = {}
    if (consent := body.get("consent")) is not None:
        told["consent"] = _consent(consent)
    if (language := body.get("notice_language")) is not None:
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            raise FieldRefused("notice_language", "notice_language must be a language such as mai-IN.")
        told["notice_language"] = language
    return told


def _consent(consent: object) -> dict[str, object]:
    if not isinstance(consent, dict):
        raise FieldRefused("consent", 'consent must be {"reference": "…", "purposes": ["words"]}.')
    reference, purposes = consent.get("reference"), consent.get("purposes")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise FieldRefused(
            "consent.reference", "consent.reference must be 1 to 128 of the characters A-Z a-z 0-9 _ . : / -."
        )
    if not isinstance(purposes, list) or not purposes or not all(each in PURPOSES for each in purposes):
        raise FieldRefused("consent.purposes", f"consent.purposes must list some of: {', '.join(PURPOSES)}.")
    return {"reference": reference, "purposes": [each for each in PURPOSES if each in purposes]}
