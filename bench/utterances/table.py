"""Reads the table of what the bench's callers say, and refuses rows that would not measure what they claim."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

PAUSE_MARK = "|"
KINDS = ("question", "statement", "short", "digits")
UNCHOSEN_VOICES = {
    "en-IN": ("piper:joe", "espeak:asha", "espeak:ravi"),
    "bn-IN": ("espeak:mitali", "espeak:subir"),
    "gu-IN": ("espeak:hetal", "espeak:jignesh"),
    "hi-IN": ("espeak:meera", "espeak:arjun"),
    "kn-IN": ("espeak:deepa", "espeak:girish"),
    "ml-IN": ("espeak:anjali", "espeak:biju"),
    "mr-IN": ("espeak:sneha", "espeak:sachin"),
    "od-IN": ("espeak:itishree", "espeak:bikash"),
    "pa-IN": ("espeak:harleen", "espeak:gurpreet"),
    "ta-IN": ("espeak:kavitha", "espeak:selvam"),
    "te-IN": ("espeak:lakshmi", "espeak:venkat"),
}
PAUSED_KINDS = ("digits", "email", "hesitation", "two", "clause")


class BadUtterance(ValueError):
    """A row of utterances.toml that cannot be used; the message names the row and what to change."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing a caller says, before it is audio."""

    id: str
    kind: str
    language: str
    engine: str
    voice: str
    parts: tuple[str, ...]
    """The words before and after the pause, or all of them."""
    pause_seconds: float
    """0 without a pause."""
    unfinished: bool
    """The words up to the pause are no finished sentence."""
    noise: bool
    chosen: bool = True
    """A row of utterances.toml, picked for what it measures; False for a turn as people say them."""

    @property
    def text(self) -> str:
        return " ".join(self.parts)

    @property
    def paused(self) -> bool:
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class PausedTurn:
    """A turn with pauses inside: `|` where the words so far are unfinished, `/` where they could be a whole turn."""

    kind: str
    language: str
    marked: str

    @property
    def text(self) -> str:
        """What is said, without the marks."""
        return without_marks(self.marked)


def without_marks(marked: str) -> str:
    """What is said of a turn whose pauses are marked."""
    return " ".join(marked.replace("|", " ").replace("/", " ").split())


def load_paused() -> tuple[PausedTurn, ...]:
    """The turns that people make in pieces, in all languages."""
    source = files(__package__).joinpath("paused.toml").read_text(encoding="utf-8")
    return tuple(
        PausedTurn(kind, language, marked)
        for kind, said in tomllib.loads(source).items()
        for language, texts in said.items()
        for marked in texts
    )


def load_table() -> tuple[Utterance, ...]:
    """All rows, in order; raises BadUtterance."""
    source = files(__package__).joinpath("utterances.toml").read_text(encoding="utf-8")
    rows = tuple(parse_row(row) for row in tomllib.loads(source)["utterance"])
    ids = [row.id for row in rows]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise BadUtterance(f"used for two utterances: {', '.join(sorted(twice))}. Give each its own id.")
    return rows


def load_unchosen() -> tuple[Utterance, ...]:
    """The turns that nobody chose, mixed by language and kind so that any stretch of them is like the whole."""
    source = files(__package__).joinpath("unchosen.toml").read_text(encoding="utf-8")
    kinds = {name: said for name, said in tomllib.loads(source).items() if name != "shares"}
    spread: list[tuple[float, Utterance]] = []
    for kind, said in kinds.items():
        for language, texts in said.items():
            voices = UNCHOSEN_VOICES[language]
            for number, text in enumerate(texts):
                engine, _, voice = voices[number % len(voices)].partition(":")
                name = f"unchosen-{language[:2]}-{kind}-{number + 1}"
                row = Utterance(name, kind, language, engine, voice, (text,), 0.0, False, False, chosen=False)
                spread.append(((number + 0.5) / len(texts), row))
    return tuple(row for _, row in sorted(spread, key=lambda each: (each[0], each[1].id)))


def shares_of_kinds() -> dict[str, float]:
    """How often real people say each kind; the source is in unchosen.toml."""
    source = files(__package__).joinpath("unchosen.toml").read_text(encoding="utf-8")
    return {kind: float(share) for kind, share in tomllib.loads(source)["shares"].items()}


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
