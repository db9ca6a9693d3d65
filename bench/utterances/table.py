"""Reads the table of what the bench's callers say, and refuses rows that would not measure what they claim."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

PAUSE_MARK = "|"
KINDS = ("question", "statement", "short", "digits")


class BadUtterance(ValueError):
    """A row of utterances.toml that cannot be used; the message names the row and what to change."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing a caller says, before it is audio.

    Attributes:
        parts: The words before and after the pause, or all of them.
        pause_seconds: 0 without a pause.
        unfinished: The words up to the pause are no finished sentence.
    """

    id: str
    kind: str
    language: str
    engine: str
    voice: str
    parts: tuple[str, ...]
    pause_seconds: float
    unfinished: bool
    noise: bool

    @property
    def text(self) -> str:
        return " ".join(self.parts)

    @property
    def paused(self) -> bool:
        return len(self.parts) > 1


def load_table() -> tuple[Utterance, ...]:
    """All rows, in order; raises BadUtterance."""
    source = files(__package__).joinpath("utterances.toml").read_text(encoding="utf-8")
    rows = tuple(parse_row(row) for row in tomllib.loads(source)["utterance"])
    ids = [row.id for row in rows]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise BadUtterance(f"used for two utterances: {', '.join(sorted(twice))}. Give each its own id.")
    return rows


def parse_row(row: dict[str, Any]) -> Utterance:
    engine, _, voice = str(row["voice"]).partition(":")
    parts = tuple(part.strip() for part in str(row["text"]).split(PAUSE_MARK))
    pause_seconds = float(row.get("pause_seconds", 0))
    where = f"utterance {row['id']!r}"
    if row["kind"] not in KINDS:
        raise BadUtterance(f"{where}: kind {row['kind']!r} is unknown. Use one of {', '.join(KINDS)}.")
    if engine not in ("espeak", "piper", "recording") or not voice:
        raise BadUtterance(f"{where}: voice {row['voice']!r}. Use espeak:NAME, piper:joe or recording:PATH.")
    if len(parts) > 2 or (len(parts) == 2) != (0.5 <= pause_seconds <= 0.9) or not all(parts):
        raise BadUtterance(
            f"{where}: mark one pause with {PAUSE_MARK!r} and give pause_seconds 0.5 to 0.9, or neither."
        )
    if len(parts) == 2 and ("unfinished" not in row or engine == "recording"):
        raise BadUtterance(f"{where}: a pause needs `unfinished`, and cannot be put into a recording.")
    return Utterance(
        id=row["id"],
        kind=row["kind"],
        language=row["language"],
        engine=engine,
        voice=voice,
        parts=parts,
        pause_seconds=pause_seconds,
        unfinished=bool(row.get("unfinished", False)),
        noise=bool(row.get("noise", False)),
    )
