"""Turns of real people, at their ends and cut inside: Debian's pocketsphinx-testdata."""

import numpy as np

from bench import end_of_turn as bench
from bench.utterances.table import without_marks
from tests.needs import missing

PAUSE = np.zeros(3200, np.int16)


def ends_and_cuts():
    """Samples up to the end of each recorded turn, and up to inner word boundaries whose words are unfinished."""
    if not bench.RECORDINGS.is_dir():
        missing("recordings of real people are missing: apt-get install pocketsphinx-testdata")
    ends, cuts = [], []
    for name, marked in bench.RECORDED.items():
        samples = bench.trimmed(bench._read(bench.RECORDINGS / name))
        ends.append(np.concatenate([samples, PAUSE]))
        text = without_marks(marked)
        for place, mark in enumerate(marked):
            if mark == "|":
                cut = bench._word_boundary(samples, len(without_marks(marked[:place])) / len(text))
                cuts.append(np.concatenate([samples[:cut], PAUSE]))
    return ends, cuts
