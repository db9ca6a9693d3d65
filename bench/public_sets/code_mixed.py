"""Read Code-Mixed-Dialog (Banerjee et al. 2018, Apache-2.0): calls to a restaurant line, in English and romanised.

github.com/sumanbanerjee1/Code-Mixed-Dialog. Every English call of DSTC2 was said again by speakers of Hindi, Bengali,
Gujarati and Tamil, in Latin letters and with the English words that people keep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = {"en-IN": "english", "hi-IN": "hindi", "bn-IN": "bengali", "gu-IN": "gujarati", "ta-IN": "tamil"}
"""Language -> the folder of the set that has its calls."""
FILES = {"train": "dialog-dstc2-trn.txt", "dev": "dialog-dstc2-dev.txt", "test": "dialog-dstc2-tst.txt"}
"""Part -> its file. Rules are developed on `train` and `dev`; `test` is for the figure at the end."""
_NOTHING_SAID = "<SILENCE>"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of a caller, and what the system had said before it."""

    asked: str
    said: str


def calls(root: Path, language: str, part: str) -> Iterator[list[Exchange]]:
    """Each call of one language's part, as its turns in order; `root` is the set's own folder."""
    path = root / "data" / FOLDERS[language] / FILES[part]
    for call in path.read_text(encoding="utf-8").split("\n\n"):
        if call.strip():
            yield list(_exchanges(call))


def _exchanges(call: str) -> Iterator[Exchange]:
    """A line is a number, the caller's words, a tab and the answer; lines without a tab are rows of a database."""
    asked = ""
    for line in call.strip().split("\n"):
        said, tab, answer = line.partition("\t")
        if not tab:
            continue
        said = said.partition(" ")[2].strip()
        if said and said != _NOTHING_SAID:
            yield Exchange(asked, said)
        asked = answer.strip()
