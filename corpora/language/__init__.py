"""Read the published corpus: turns that people say, and the language that the reply should be in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "tests" / "language"
CORPUS = FOLDER / "corpus"
INDEPENDENT = FOLDER / "corpus_independent"


@dataclass(frozen=True, slots=True)
class Turn:
    """One line: what was spoken before, what was heard, what the recogniser claimed, what is right."""

    source: str
    expected: str
    current: str
    tag: str | None
    text: str


def turns(folder: Path = CORPUS) -> list[Turn]:
    """Every turn of every file of a corpus, in order."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            head, text = line.split("|", 1)
            expected, current, tag = head.split()
            claimed = None if tag == "-" else f"{tag}-IN"
            found.append(Turn(f"{path.name}:{number}", f"{expected}-IN", f"{current}-IN", claimed, text.strip()))
    return found
