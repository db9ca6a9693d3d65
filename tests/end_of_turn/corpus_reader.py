"""Read the corpus: every line a finished turn, every `|` in it a cut-off one, every `/` a pause after whole words."""

import re
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
HELD_OUT = CORPUS / "held_out"
LANGUAGES = sorted(path.stem for path in CORPUS.glob("*.txt"))
HELD_OUT_LANGUAGES = sorted(path.stem for path in HELD_OUT.glob("*.txt"))


def lines(language, *, held_out=False):
    folder = HELD_OUT if held_out else CORPUS
    return (folder / f"{language}.txt").read_text("utf-8").splitlines()


def _clean(text):
    return " ".join(re.sub(r"[|/]", " ", text).split())


def turns(language, *, held_out=False):
    """(finished, cut_off): two lists of texts."""
    finished, cut_off = [], []
    for line in lines(language, held_out=held_out):
        finished.append(_clean(line))
        cut_off += [_clean(line[: mark.start()]) for mark in re.finditer(r"\|", line)]
    return finished, cut_off
