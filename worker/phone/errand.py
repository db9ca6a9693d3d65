"""Reads what an agent has been sent for that calls somebody: `python -m phone` writes it into the dispatch.

Both sides of it in one place: whom the call is made for, and what about.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from worker.languages import SUPPORTED

ANSWERED_BY = "vaani.answered_by"
"""The agent's attribute that tells who dials what has picked up: human, voicemail, announcement."""
_KEY = "errand"
LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Errand:
    """Tells what one outbound call is for."""

    company: str
    """In whose name, as it is said."""
    about: str
    """For the model, in English."""
    language: str = ""
    voicemail: str = ""
    """Said to a mailbox as it is; empty leaves no message."""

    def metadata(self) -> str:
        """Return the dispatch's metadata."""
        return json.dumps({_KEY: asdict(self)}, ensure_ascii=False)

    def instruction(self) -> str:
        """Return what the model is told beside its usual instructions."""
        return (
            f"You have called this person in the name of {self.company}; they have not called you. "
            f"You call about: {self.about}. You have said already who calls and that you are an automated assistant. "
            "Say in one short sentence what it is about, and ask whether it suits them. If they do not want to talk, "
            "or want no more calls, apologise and call end_call."
        )


def read_errand(metadata: str) -> Errand | None:
    """Read the errand of a dispatch; None for every other call."""
    try:
        content = json.loads(metadata or "{}")
    except (ValueError, RecursionError):
        return None
    errand = content.get(_KEY) if isinstance(content, dict) else None
    if not isinstance(errand, dict):
        return None
    company, about, language, voicemail = (errand.get(name) for name in ("company", "about", "language", "voicemail"))
    if not isinstance(company, str) or not isinstance(about, str) or not company.strip():
        return None
    language = language if language in SUPPORTED else ""
    voicemail = voicemail[:LONGEST_TEXT] if isinstance(voicemail, str) else ""
    return Errand(company[:LONGEST_TEXT], about[:LONGEST_TEXT], language, voicemail)
