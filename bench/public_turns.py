"""Read turns of real people from public sets that the user has put into a folder; nothing of them is ours to keep.

    python -m bench.public_turns FOLDER --part held-back    prints how the worker reads each set, as in the docs

The folder's layout, the licences and how to get the sets: docs/end-of-turn.md.
"""

import argparse
import csv
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.public_sets import code_mixed
from worker.end_of_turn import Completeness, read_words

SHORTEST_CUT_TURN_WORDS = 6
_DIALOGUE_LANGUAGES = {"english": "en", "hindi": "hi", "bengali": "bn", "gujarati": "gu", "tamil": "ta"}
_DIALOGUE_PARTS = {"develop": ("trn", "dev"), "held-back": ("tst",)}
_BANKING_PARTS = {"develop": "train", "held-back": "test"}
_FOLDS = {"develop": range(5, 20), "held-back": range(5)}
PARTS = ("develop", "held-back")
MAX_MEASURED_TURNS = 4000
_CUT_SEED = 5
_HEADER = "| set | finished | unclear | unfinished | cut read as finished |\n|---|---|---|---|---|"
_TITLES = {"banking77": "Banking77", "nlu++": "NLU++"} | {
    f"dstc2 {code}": f"DSTC2 {name.title()}" for name, code in _DIALOGUE_LANGUAGES.items()
}
_API_CALL = "api_call"
_NOT_THE_CALLER = (code_mixed.NOTHING_SAID, _API_CALL)


@dataclass(frozen=True, slots=True)
class Turn:
    """One whole turn of a person, and what the other side had said before."""

    text: str
    language: str  # `hi`, as the set says
    asked: str
    set_name: str


def read_sets(folder: Path, part: str) -> dict[str, list[Turn]]:
    """The turns of each set that the folder has, by the set's name.

    Args:
        part: `develop`, to fit and look at; `held-back`, to measure once.

    Raises:
        FileNotFoundError: None of the sets is there.
    """
    sets = {"banking77": _banking(folder, part), "nlu++": _nlupp(folder, part)}
    for name, language in _DIALOGUE_LANGUAGES.items():
        sets[f"dstc2 {language}"] = _dialogues(folder, part, name, language)
    found = {name: turns for name, turns in sets.items() if turns}
    if not found:
        raise FileNotFoundError(
            f"No public set in {folder}. Put `task-specific-datasets` or `Code-Mixed-Dialog` there; "
            "docs/end-of-turn.md says how to get them."
        )
    return found


def as_heard(text: str) -> str:
    """Lower case and without punctuation, as a recogniser may give it."""
    return " ".join(re.sub(r"[.?!,;:\"]+", " ", re.sub(r"\s+(')", r"\1", text.lower())).split())


def cut_in_the_middle(turns: Sequence[Turn], seed: int, shortest_words: int = SHORTEST_CUT_TURN_WORDS) -> list[Turn]:
    """Each turn of so many words or more, broken off after a random inner word; the same in every run."""
    chance = random.Random(seed)
    cut = []
    for turn in turns:
        words = turn.text.split()
        if len(words) >= shortest_words:
            said = " ".join(words[: chance.randrange(1, len(words))])
            cut.append(Turn(said, turn.language, turn.asked, turn.set_name))
    return cut


def _banking(folder: Path, part: str) -> list[Turn]:
    path = folder / "task-specific-datasets" / "banking_data" / f"{_BANKING_PARTS[part]}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Turn(as_heard(row["text"]), "en", "", "banking77") for row in csv.DictReader(file)]


def _nlupp(folder: Path, part: str) -> list[Turn]:
    paths = [
        folder / "task-specific-datasets" / "nlupp" / "data" / domain / f"fold{fold}.json"
        for domain in ("banking", "hotels")
        for fold in _FOLDS[part]
    ]
    rows = (row for path in paths if path.exists() for row in json.loads(path.read_text("utf-8")))
    return [Turn(as_heard(row["text"]), "en", "", "nlu++") for row in rows]


def _dialogues(folder: Path, part: str, name: str, language: str) -> list[Turn]:
    paths = [
        folder / "Code-Mixed-Dialog" / "data" / name / f"dialog-dstc2-{piece}.txt" for piece in _DIALOGUE_PARTS[part]
    ]
    return [turn for path in paths if path.exists() for turn in _dialogue_turns(path, language)]


def _dialogue_turns(path: Path, language: str) -> Iterator[Turn]:
    for call in code_mixed.texts(path):
        asked = ""
        for said, answer in code_mixed.rows(call):
            if not said.startswith(_NOT_THE_CALLER):
                yield Turn(as_heard(said), language, asked, f"dstc2 {language}")
            if not answer.startswith(_API_CALL):
                asked = answer


# ---- how the worker reads them


def table(sets: dict[str, list[Turn]]) -> str:
    """One row a set: the verdicts on whole turns, and how often one that was broken off reads as finished."""
    rows = [_HEADER]
    for name, turns in sets.items():
        some = turns[:: -(-len(turns) // MAX_MEASURED_TURNS)]
        whole, cut = _shares(some), _shares(cut_in_the_middle(some, _CUT_SEED))
        cells = [*(whole[verdict] for verdict in Completeness), cut[Completeness.FINISHED]]
        rows.append(" | ".join([f"| {_TITLES[name]}", *(f"{cell:.1f} %" for cell in cells)]) + " |")
    return "\n".join(rows)


def _shares(turns: Sequence[Turn]) -> dict[Completeness, float]:
    """Percent of the turns by verdict; the call's language is known."""
    read = Counter(read_words(turn.text, f"{turn.language}-IN", turn.asked).completeness for turn in turns)
    return {verdict: 100 * read[verdict] / max(1, len(turns)) for verdict in Completeness}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.public_turns", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the public sets are")
    parser.add_argument("--part", choices=PARTS, default="develop", help="held-back: measure it once, do not look")
    options = parser.parse_args(arguments)
    try:
        print(table(read_sets(options.folder, options.part)))
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
