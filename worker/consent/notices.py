"""Words what is said about keeping a call: eleven languages built in, any of 22 from a file of one's own."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.consent.rules import ConsentRules, Mode, Purpose
from worker.lang import part_of, shared
from worker.languages import ENGLISH, SUPPORTED

NOTICE, TOLD, IMPROVEMENT, GIVEN, REFUSED, WITHDRAWN, NOT_KEPT = (
    f"consent_{name}" for name in ("notice", "told", "improvement", "given", "refused", "withdrawn", "not_kept")
)
MOST_SECONDS = 3.5
LETTERS_PER_SECOND = 14.0  # as Sarvam's voices speak
MOST_LETTERS = int(MOST_SECONDS * LETTERS_PER_SECOND)
SCHEDULED: tuple[str, ...] = tuple(shared("consent")["eighth_schedule"])


def kept_phrase(kept: frozenset[Purpose]) -> str:
    """Return the name of the phrase that tells what is being kept."""
    spoken = [purpose for purpose in (Purpose.WORDS, Purpose.RECORDING) if purpose in kept]
    return f"consent_kept_{'_'.join(spoken)}" if spoken else NOT_KEPT


@dataclass(frozen=True, slots=True)
class Notices:
    """Holds what is said, by language and name, and which version of the notice that is."""

    phrases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    voices: Mapping[str, str] = field(default_factory=dict)
    """A language that calls are not held in -> the one whose voice says its notice."""

    @classmethod
    def load(cls, rules: ConsentRules, file: Path | None = None) -> Notices:
        """Word these rules; `file` replaces notices, and adds languages.

        Raises:
            ValueError: The file cannot be used; which entry, why, and what to do.
        """
        if not rules.opening:
            return cls()
        phrases = {code: _built_in(code, rules) for code in SUPPORTED}
        versions = {code: str(part_of(code, "consent")["version"]) for code in SUPPORTED}
        voices: dict[str, str] = {}
        if file is not None:
            _lay_over(_read(file), file, phrases, versions, voices)
        return cls(phrases, versions, voices)

    def voice_for(self, language: str) -> str:
        """Return the language in whose voice the notice in `language` is said; English where there is none."""
        if language in self.voices:
            return self.voices[language]
        return language if language in SUPPORTED else ENGLISH

    def name_in(self, language: str, name: str = NOTICE) -> str:
        """Return the phrase to say for `name`: a language that calls are not held in has its notice under its own."""
        return f"{name}:{language}" if language in self.voices else name


def _built_in(code: str, rules: ConsentRules) -> dict[str, str]:
    own = part_of(code, "consent")
    notice, said = own["notice"], own["said"]
    about = "_".join(purpose for purpose in (Purpose.WORDS, Purpose.RECORDING) if purpose in rules.opening)
    phrases = {
        NOTICE: notice[f"{rules.mode}_{about}"],
        TOLD: notice[f"announced_{about}"],
        WITHDRAWN: said["withdrawn"],
        NOT_KEPT: said["not_kept"],
        **{
            f"consent_kept_{kept}": f"{notice[f'announced_{kept}']} {said['how_to_stop']}"
            for kept in ("words", "recording", "words_recording")
        },
    }
    if rules.mode is Mode.ASKED:
        phrases |= {GIVEN: said["given"], REFUSED: said["refused"]}
    if rules.asks_to_improve:
        phrases[IMPROVEMENT] = notice["asked_improvement"]
    return phrases


def _read(path: Path) -> dict[str, Any]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ValueError(f"WORKER_CONSENT_NOTICE_FILE: {path} cannot be read as JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("version"), str) or not content["version"].strip():
        raise ValueError(
            f'WORKER_CONSENT_NOTICE_FILE: {path} must be an object with a "version", which is kept as proof of what '
            'was said, and a notice for each language: {"version": "2027-01", "hi-IN": {"notice": "…"}}'
        )
    return content


def _lay_over(
    content: dict[str, Any], path: Path, phrases: dict[str, dict[str, str]], versions: dict[str, str],
    voices: dict[str, str],
) -> None:  # fmt: skip
    version = content.pop("version").strip()
    for code, entry in content.items():
        place = f"WORKER_CONSENT_NOTICE_FILE: {path}: {code}"
        if code not in SUPPORTED and code not in SCHEDULED:
            raise ValueError(f"{place} is none of en-IN, {', '.join(SCHEDULED)}")
        if not isinstance(entry, dict) or not entry.keys() <= {"notice", "improvement", "voice"}:
            raise ValueError(f'{place} must be {{"notice": "…"}}, and may have "improvement" and "voice"')
        notice = _text(entry.get("notice"), f"{place}.notice")
        voice = entry.get("voice", code)
        if voice not in SUPPORTED:
            raise ValueError(
                f'{place}: calls are not held in this language; say which voice reads it, "voice": "hi-IN", one of '
                f"{', '.join(SUPPORTED)}"
            )
        if code in SUPPORTED and voice != code:
            raise ValueError(f"{place}.voice: {code} has a voice of its own; leave it out")
        suffix = "" if code in SUPPORTED else f":{code}"
        phrases[voice][NOTICE + suffix] = notice
        if IMPROVEMENT in phrases[voice]:
            given = entry.get("improvement")
            phrases[voice][IMPROVEMENT + suffix] = (
                phrases[voice][IMPROVEMENT] if given is None else _text(given, f"{place}.improvement")
            )
        versions[code] = version
        if suffix:
            voices[code] = voice


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{place} must be a text")
    text = unicodedata.normalize("NFC", value.strip())
    if len(text) > MOST_LETTERS:
        raise ValueError(
            f"{place} takes about {len(text) / LETTERS_PER_SECOND:.1f} s to say, and {MOST_SECONDS:g} s "
            f"({MOST_LETTERS} letters) at most is what a caller waits for. Say who, what and how to refuse; the rest "
            "belongs on the page"
        )
    return text
