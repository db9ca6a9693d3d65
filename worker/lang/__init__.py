"""Reads what we know of a language: a folder a language, a file for each part, made to be edited by native speakers.

A part is whole when it has every section that the same part has in all other languages that calls are held in: nobody
keeps a list of sections. A section that is there and empty says that the language has no such words.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from worker.languages import ENGLISH, LANGUAGES, SUPPORTED

PARTS: Mapping[str, str] = {
    "identity": "the words that tell the language from its neighbours, and wishes for another one",
    "endings": "the words that a turn ends or goes on with, asks for a moment with, or only listens with",
    "spoken": "numbers, money, dates, times and units as they are spoken",
    "phrases": "what is said without the model: greeting, goodbye, apologies",
    "colleague": "what a colleague hears who is asked to take a call, and the caller who waits meanwhile",
    "consent": "what is said about keeping a call, and how callers answer it",
}
"""File of a language's folder -> what is in it."""

_NEVER_EMPTY = ("phrases", "colleague")
"""The parts in which what is empty was forgotten: nobody says nothing."""
_INDIAN_ONLY = (
    "shared", "particles.native", "answers.native", "verb_endings", "case_endings", "wish_",
    "open.postpositions", "open.emphatics", "lists.indefinites", "clock.day_parts",
)  # fmt: skip
"""Sections that English, alone, does without: it has no script of its own, puts nothing behind its nouns, and is the
language that every wish can be made in."""


def part_of(code: str, part: str) -> dict[str, Any]:
    """One part of a language, a key of PARTS; empty where there is no such file."""
    path = f"{LANGUAGES[code].subtag}/{part}.toml"
    return _read(path) if files(__package__).joinpath(path).is_file() else {}


def shared(name: str) -> dict[str, Any]:
    """What belongs to no one language: `loanwords`, `unsupported`, ..."""
    return _read(f"shared/{name}.toml")


def lacking(code: str, part: str) -> list[str]:
    """The sections that a part lacks to be whole, e.g. `numbers.point`; empty for a whole one."""
    others = [other for other in SUPPORTED if other not in (code, ENGLISH)]
    asked = frozenset.intersection(*(_sections(other, part, filled=True) for other in others))
    if code == ENGLISH:
        asked = frozenset(section for section in asked if not section.startswith(_INDIAN_ONLY))
    return sorted(asked - _sections(code, part, filled=part in _NEVER_EMPTY))


def lacking_parts(code: str) -> list[str]:
    """The parts of a language that are not whole."""
    return [part for part in PARTS if lacking(code, part)]


@cache
def _sections(code: str, part: str, *, filled: bool) -> frozenset[str]:
    """The dotted names of what is there, or only of what is not empty."""
    return frozenset(name for name, value in _leaves(part_of(code, part), "") if value or not filled)


def _leaves(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield above + name, value


def _read(path: str) -> dict[str, Any]:
    return deepcopy(_parsed(path))  # whoever asks may change what is theirs


@cache
def _parsed(path: str) -> dict[str, Any]:
    text = files(__package__).joinpath(path).read_text(encoding="utf-8")
    return tomllib.loads(unicodedata.normalize("NFC", text))
