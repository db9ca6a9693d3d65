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
NOTHING_SAID = "<SILENCE>"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of a caller, and what the system had said before it."""

    asked: str
    said: str


def calls(root: Path, language: str, part: str) -> Iterator[list[Exchange]]:
    """Each call of one language's part, as its turns in order; `root` is the set's own folder."""
    for call in texts(root / "data" / FOLDERS[language] / FILES[part]):
        yield list(_exchanges(call))


def texts(path: Path) -> Iterator[str]:
    """The text of each call in a file of the set: empty lines stand between them."""
    return (call for call in path.read_text(encoding="utf-8").split("\n\n") if call.strip())


def _exchanges(call: str) -> Iterator[Exchange]:
    asked = ""
    for said, answer in rows(call):
        if said and said != NOTHING_SAID:
            yield Exchange(asked, said)
        asked = answer


def rows(call: str) -> Iterator[tuple[str, str]]:
    """What each side says in turn: a line is a number, the caller's words, a tab and the answer.

    Lines without a tab are rows of a database.
    """
    for line in call.strip().split("\n"):
        said, tab, answer = line.partition("\t")
        if tab:
            yield said.partition(" ")[2].strip(), answer.strip()
