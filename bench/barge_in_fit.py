"""Fit what each sign of a sound is worth for its being words of the caller's, on recordings.

    python -m bench.barge_in_fit FOLDER            prints what the weights give, writes nothing
    python -m bench.barge_in_fit FOLDER --write    also writes worker/barge_in/data/weights.toml

FOLDER holds recordings (docs/hearing.md). Every sound is heard twice, clear and in noise or over a telephone, and
counts at each of its first moments. Each speaker, and each source of noises, is judged by weights fitted on the others.
Some two minutes; `--moments FILE` keeps what was heard, and then it is a second.
"""

import argparse
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figures import percentile
from bench.interruptions.corpus import made, usual_level
from bench.interruptions.judging import Line, Moment, moments
from bench.interruptions.noises import MAKERS
from bench.interruptions.recordings import JUDGED_ONLY, NoRecordings, read_recordings
from bench.kept import kept_or_collected
from worker.barge_in.judge import Weights
from worker.barge_in.sound import SIGNS

TABLE = Path(__file__).parents[1] / "worker" / "barge_in" / "data" / "weights.toml"
FOLDS = 5
FITTED_MOMENTS, JUDGED_MOMENTS = 10, 25  # of a sound: words shall be told from the beginning on
FITTED_NOISES = range(100, 120)  # made ones, of kinds of which there are few recordings or none; not the corpus' own
PENALTY = 0.001
ROUNDS, SMALLEST_STEP = 60, 1e-6
SECONDS_TO_TELL = 0.115  # of words: what 0.30 s to silence leave, on the way to the agent and back
THRESHOLDS = [tenth / 10 for tenth in range(-60, 60)]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """A recording, and what was heard of it at each moment."""

    kind: str
    speaker: str
    is_words: bool
    line: str
    moments: tuple[Moment, ...]

    @property
    def fold(self) -> int:
        """Return the part of the material that it belongs to, with all of its speaker's."""
        return zlib.crc32(self.speaker.encode()) % FOLDS


def collect(folder: Path) -> list[Judged]:
    """Hear every recording, clear and otherwise."""
    usual = usual_level()
    noises = (made(kind, number, usual) for kind in MAKERS for number in FITTED_NOISES)
    return [
        Judged(heard.kind, heard.speaker, heard.is_words, line.value, tuple(moments(heard, line, usual, NOTHING_STOPS)))
        for place, heard in enumerate((*read_recordings(folder, usual), *noises))
        for line in (Line.CLEAR, (Line.NOISY, Line.PHONE)[place % 2])
    ]


NOTHING_STOPS = Weights(0.0, (0.0,) * len(SIGNS), np.inf)


def fit(material: Sequence[Judged]) -> tuple[float, Numbers]:
    """Newton's method on the penalised log-likelihood; words and the rest count alike, and each sound once."""
    told = [one for one in material if one.moments and not one.speaker.startswith(JUDGED_ONLY)]
    signs = np.array([each.signs for one in told for each in one.moments[:FITTED_MOMENTS]])
    lengths = np.array([len(one.moments[:FITTED_MOMENTS]) for one in told])
    words = np.repeat([float(one.is_words) for one in told], lengths)
    counts = np.repeat(1 / lengths, lengths)
    for side in (0.0, 1.0):
        counts[words == side] /= counts[words == side].sum()
    centre, spread = signs.mean(axis=0), signs.std(axis=0) + 1e-9
    shown = np.column_stack([np.ones(len(signs)), (signs - centre) / spread])
    penalty = np.full(shown.shape[1], PENALTY)
    penalty[0] = 0.0
    weights = np.zeros(shown.shape[1])
    for _ in range(ROUNDS):
        probability = 1 / (1 + np.exp(-np.clip(shown @ weights, -30, 30)))
        slope = shown.T @ (counts * (probability - words)) + penalty * weights
        curvature = (shown * (counts * probability * (1 - probability))[:, None]).T @ shown + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        weights -= step
        if np.abs(step).max() < SMALLEST_STEP:
            break
    of_signs = weights[1:] / spread
    return float(weights[0] - of_signs @ centre), of_signs


def out_of_fold(material: Sequence[Judged]) -> list[Numbers]:
    """The score of each sound at its moments, by weights that have seen nothing of its speaker."""
    fits = [fit([one for one in material if one.fold != fold]) for fold in range(FOLDS)]
    return [_scores(one, *fits[one.fold]) for one in material]


def _scores(one: Judged, prior: float, of_signs: Numbers) -> Numbers:
    return np.array([prior + of_signs @ np.array(each.signs) for each in one.moments[:JUDGED_MOMENTS]])


def threshold(material: Sequence[Judged], scores: Sequence[Numbers]) -> float:
    """The highest, so that fewest other sounds are words, with which half of all words are told in SECONDS_TO_TELL."""

    def median_seconds(words_from: float) -> float:
        told = [_stopped_after(*each, words_from) for each in zip(material, scores, strict=True) if each[0].is_words]
        return float(np.median([np.inf if seconds is None else seconds for seconds in told]))

    return max(each for each in THRESHOLDS if median_seconds(each) <= SECONDS_TO_TELL)


def report(material: Sequence[Judged], scores: Sequence[Numbers], words_from: float) -> Iterator[str]:
    """How many of each kind stop the agent, and after how much of the sound."""
    yield "| recordings | n | stop the agent | after, p50 | p90 |\n|---|---|---|---|---|"
    for kind in sorted({(not one.is_words, one.kind, one.line) for one in material}):
        of_kind = [
            _stopped_after(one, score, words_from)
            for one, score in zip(material, scores, strict=True)
            if (not one.is_words, one.kind, one.line) == kind
        ]
        stopped = [seconds for seconds in of_kind if seconds is not None]
        after = " | ".join(f"{percentile(stopped, share):.2f} s" if stopped else "" for share in (0.5, 0.9))
        yield f"| {kind[1]}, {kind[2]} | {len(of_kind)} | {len(stopped) / len(of_kind):.1%} | {after} |"


def _stopped_after(one: Judged, scores: Numbers, words_from: float) -> float | None:
    return next((each.seconds for each, score in zip(one.moments, scores, strict=False) if score >= words_from), None)


def as_toml(prior: float, of_signs: Numbers, words_from: float) -> str:
    """The table that the worker reads."""
    return (
        "# What each sign of a sound is worth (log-odds) for its being the caller's words: worker/barge_in/sound.py.\n"
        "# Written by `python -m bench.barge_in_fit FOLDER --write`; not by hand. How: docs/hearing.md.\n"
        f"prior = {prior:.3f}\nwords_from = {words_from}\n\n[signs]\n"
        + "".join(f"{name} = {weight:.4f}\n" for name, weight in zip(SIGNS, of_signs, strict=True))
    )


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.barge_in_fit", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the recordings are")
    parser.add_argument("--moments", type=Path, help="keep there what was heard, or take it from there")
    parser.add_argument("--write", action="store_true", help="write the weights that the worker reads")
    options = parser.parse_args(arguments)
    try:
        material = kept_or_collected(options.moments, _read, lambda: collect(options.folder))
    except NoRecordings as error:
        print(error, file=sys.stderr)
        return 2
    scores = out_of_fold(material)
    words_from = threshold(material, scores)
    print(f"by weights that have not heard the speaker: words from {words_from}")
    for line in report(material, scores, words_from):
        print(line)
    if options.write:
        TABLE.write_text(as_toml(*fit(material), words_from), "utf-8")
        print(f"wrote {TABLE}")
    return 0


def _read(fields: dict[str, Any]) -> Judged:
    return Judged(**{**fields, "moments": tuple(Moment(**each) for each in fields["moments"])})


if __name__ == "__main__":
    sys.exit(main())
