"""Read the corpus: every line a finished turn, every `|` in it a cut-off one, every `/` a pause after whole words."""

import re
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
LANGUAGES = sorted(path.stem for path in CORPUS.glob("*.txt"))


def _clean(text):
    return " ".join(re.sub(r"[|/]", " ", text).split())


def turns(language):
    """(finished, cut_off): two lists of texts."""
    finished, cut_off = [], []
    for line in (CORPUS / f"{language}.txt").read_text("utf-8").splitlines():
        finished.append(_clean(line))
        cut_off += [_clean(line[: mark.start()]) for mark in re.finditer(r"\|", line)]
    return finished, cut_off
