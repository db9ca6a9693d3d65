"""Fit what each sign of the end of a turn is worth, on public turns and on our own; under two minutes.

    python -m bench.end_of_turn_fit FOLDER            cross-validates by set, prints, writes nothing
    python -m bench.end_of_turn_fit FOLDER --write    also writes worker/end_of_turn/data/weights.toml

FOLDER holds the public sets (docs/end-of-turn.md). A weight is the log-odds that its sign adds; it is fitted by
logistic regression with a penalty on its square, so that rare signs stay near nothing. The thresholds are the
strictest that keep the shares in `LIMITS` on turns that a fit has not seen. Deterministic.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.public_turns import Turn, cut_in_the_middle, read_sets
from worker.end_of_turn.reading import certain_reading
from worker.end_of_turn.signs import signs_of, utterance
from worker.end_of_turn.weighing import family_of

Numbers = npt.NDArray[np.float64]

CORPUS = Path(__file__).parents[1] / "tests" / "end_of_turn" / "corpus"
WEIGHTS = Path(__file__).parents[1] / "worker" / "end_of_turn" / "data" / "weights.toml"
FAMILIES = ("english", "indian")
LIMITS = {  # of what is weighed: share of whole turns read as unfinished, share of cut ones read as finished
    "english": (0.0105, 0.188),
    "indian": (0.014, 0.042),
}
SETS_THAT_LIMIT = {  # and their languages
    "english": {"banking77": "en", "nlu++": "en", "dstc2 en": "en"},
    "indian": {"dstc2 hi": "hi", "dstc2 bn": "bn", "dstc2 gu": "gu", "dstc2 ta": "ta"},
}
WEIGHT_OF_A_SET = 1000.0  # however large it is
COUNTS_MORE = {"nlu++": 2.0}  # said to an agent, as calls are; Banking77 is typed
WEIGHT_OF_OUR_TURN = 20.0
WEIGHT_OF_OUR_CUT_ANSWER = 12.0  # an answer is rarely broken off
SHARE_OF_CUTS = 0.8
RAREST_SIGN = 10  # different samples that show it
PENALTY = 1.5
SMALLEST_WEIGHT = 0.1
ROUNDS = 20
STEPS_TO_SOLVE = 200
SMALLEST_STEP = 1e-3
SEEDS_OF_CUTS = range(11, 16)
FOLDS = 4
MAX_TURNS_OF_A_SET = 8000
TAGS: tuple[Callable[[str], str | None], ...] = (lambda code: f"{code}-IN", lambda code: None, lambda code: "en-IN")


@dataclass(frozen=True, slots=True)
class Sample:
    """The signs of one text, whether it was whole, and how much it counts."""

    signs: tuple[str, ...]
    family: str
    set_name: str
    whole: bool
    fold: int
    weight: float


# ---- the samples


def collect(folder: Path) -> list[Sample]:
    """All samples: whole turns, and the same turns broken off in the middle."""
    samples = []
    for name, turns in read_sets(folder, "develop").items():
        turns = turns[:: -(-len(turns) // MAX_TURNS_OF_A_SET)]
        cuts = [cut_in_the_middle(turns, seed) for seed in SEEDS_OF_CUTS]
        weight = WEIGHT_OF_A_SET * COUNTS_MORE.get(name, 1.0)
        samples += _samples(turns, whole=True, weight=weight / len(turns))
        for cut in cuts:
            samples += _samples(cut, whole=False, weight=weight * SHARE_OF_CUTS / sum(map(len, cuts)))
        print(f"{name}: {len(turns)} turns, {len(cuts[0])} cut {len(cuts)} times")
    return _alike_together(samples + _ours())


def _alike_together(samples: Sequence[Sample]) -> list[Sample]:
    """One sample for all of a set's fold that show the same signs: a fit takes seconds."""
    weights: defaultdict[tuple[tuple[str, ...], str, str, bool, int], float] = defaultdict(float)
    for one in samples:
        weights[one.signs, one.family, one.set_name, one.whole, one.fold] += one.weight
    return [Sample(*alike, weight=weight) for alike, weight in sorted(weights.items())]


def _ours() -> list[Sample]:
    samples = []
    for path in sorted([*CORPUS.glob("*.txt"), *CORPUS.glob("answers/*.txt")]):
        language = path.stem
        whole, cut = [], []
        for line in path.read_text("utf-8").splitlines():
            asked, _, marked = line.rpartition(" >> ")
            pieces = marked.replace("/", "|").split("|")
            whole.append(Turn(" ".join(" ".join(pieces).split()), language, asked, f"ours {language}"))
            for place, mark in enumerate(mark for mark in marked if mark in "|/"):
                said = " ".join(" ".join(pieces[: place + 1]).split())
                if mark == "|":
                    cut.append(Turn(said, language, asked, f"ours {language}"))
        samples += _samples(whole, whole=True, weight=WEIGHT_OF_OUR_TURN)
        weight = WEIGHT_OF_OUR_CUT_ANSWER if path.parent != CORPUS else WEIGHT_OF_OUR_TURN
        samples += _samples(cut, whole=False, weight=weight)
    return samples


def _samples(turns: Sequence[Turn], *, whole: bool, weight: float) -> list[Sample]:
    samples = []
    for number, turn in enumerate(turns):
        said = utterance(turn.text, TAGS[number % len(TAGS)](turn.language), turn.asked)
        if certain_reading(said) is None:
            fold = number * FOLDS // len(turns)  # whole calls: what a caller says twice is in one fold
            samples.append(Sample(signs_of(said), family_of(said.language), turn.set_name, whole, fold, weight))
    return samples


# ---- the fit


@dataclass(frozen=True, slots=True)
class Fit:
    """A family's weights."""

    prior: float
    of_sign: dict[str, float]

    def probabilities(self, samples: Sequence[Sample]) -> Numbers:
        totals = [self.prior + sum(self.of_sign.get(sign, 0.0) for sign in sample.signs) for sample in samples]
        probabilities: Numbers = 1 / (1 + np.exp(-np.array(totals)))
        return probabilities


def fit(samples: Sequence[Sample]) -> Fit:
    """Newton's method on the penalised log-likelihood; weights are rounded as they will be written."""
    shown = Counter(sign for sample in samples for sign in sample.signs)
    names = sorted(name for name, count in shown.items() if count >= RAREST_SIGN)
    shows = _Shows(samples, {name: number + 1 for number, name in enumerate(names)})
    whole = np.array([sample.whole for sample in samples], float)
    counts = np.array([sample.weight for sample in samples])
    counts *= len(samples) / counts.sum()
    penalty = np.full(len(names) + 1, PENALTY)
    penalty[0] = 1e-3
    weights = np.zeros(len(names) + 1)
    for _ in range(ROUNDS):
        probability = 1 / (1 + np.exp(-shows.totals(weights)))
        slope = shows.sums(counts * (probability - whole)) + penalty * weights
        step = _newton_step(shows, counts * probability * (1 - probability), penalty, slope)
        weights -= step
        if np.abs(step).max() < SMALLEST_STEP:
            break
    rounded = {name: round(float(weights[number + 1]), 2) for number, name in enumerate(names)}
    kept = {name: weight for name, weight in rounded.items() if abs(weight) >= SMALLEST_WEIGHT}
    return Fit(round(float(weights[0]), 2), kept)


class _Shows:
    """Which sample shows which sign: a matrix of ones in so few places that only the places are kept."""

    def __init__(self, samples: Sequence[Sample], place: dict[str, int]) -> None:
        rows = [[0, *(place[sign] for sign in sample.signs if sign in place)] for sample in samples]
        self._places = np.array([number for row in rows for number in row])
        self._lengths = np.array([len(row) for row in rows])
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._signs = len(place) + 1

    def totals(self, weights: Numbers) -> Numbers:
        """The sum of the weights of each sample's signs."""
        totals: Numbers = np.add.reduceat(weights[self._places], self._starts)
        return totals

    def sums(self, of_samples: Numbers) -> Numbers:
        """The sum, over the samples that show it, for each sign."""
        sums: Numbers = np.bincount(self._places, np.repeat(of_samples, self._lengths), self._signs).astype(np.float64)
        return sums


def _newton_step(shows: _Shows, curvature: Numbers, penalty: Numbers, slope: Numbers) -> Numbers:
    """Solve for the step by conjugate gradients, scaled by the curvature of each weight alone."""
    scale = shows.sums(curvature) + penalty
    step = np.zeros_like(slope)
    residual = slope.copy()
    scaled = residual / scale
    direction = scaled.copy()
    size = residual @ scaled
    for _ in range(STEPS_TO_SOLVE):
        if np.abs(scaled).max() < SMALLEST_STEP / 10:
            break
        curved = shows.sums(curvature * shows.totals(direction)) + penalty * direction
        length = size / (direction @ curved)
        step += length * direction
        residual -= length * curved
        scaled = residual / scale
        size, before = residual @ scaled, size
        direction = scaled + size / before * direction
    return step


def out_of_fold(samples: Sequence[Sample]) -> Numbers:
    """Each sample's probability by a fit that has not seen its fold."""
    probabilities = np.zeros(len(samples))
    for fold in range(FOLDS):
        fitted = fit([sample for sample in samples if sample.fold != fold])
        places = [number for number, sample in enumerate(samples) if sample.fold == fold]
        probabilities[places] = fitted.probabilities([samples[number] for number in places])
    return probabilities


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the verdicts change: the strictest that any of the family's public sets asks for."""

    unfinished_to: float
    finished_from: float
    finished_from_in: dict[str, float]  # by language, where the family's sets are in several


def thresholds(samples: Sequence[Sample], probabilities: Numbers, family: str) -> Thresholds:
    """Keep the family's limits in each set, a language's own by its own set."""
    whole_limit, cut_limit = LIMITS[family]
    weight = np.array([sample.weight for sample in samples])
    whole = np.array([sample.whole for sample in samples])
    unfinished_to = 1.0
    finished_from: dict[str, float] = {}
    for name, language in SETS_THAT_LIMIT[family].items():
        of_set = np.array([sample.set_name == name for sample in samples])
        if not of_set.any():
            continue
        is_whole, is_cut = of_set & whole, of_set & ~whole
        unfinished_to = min(unfinished_to, _quantile(probabilities[is_whole], weight[is_whole], whole_limit))
        own = _quantile(probabilities[is_cut], weight[is_cut], 1 - cut_limit)
        finished_from[language] = round(max(own, finished_from.get(language, 0.0)), 3)
    strictest = max(finished_from.values())
    several = finished_from if len(finished_from) > 1 else {}
    return Thresholds(round(unfinished_to, 3), strictest, several)


def _quantile(values: Numbers, weights: Numbers, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share)])


# ---- what it says


def report(samples: Sequence[Sample], probabilities: Numbers, limits: Thresholds) -> None:
    """One line a set: how whole turns and cut ones are read."""
    for name in sorted({sample.set_name for sample in samples}):
        line = f"  {name:10}"
        for whole in (True, False):
            chosen = np.array([sample.set_name == name and sample.whole is whole for sample in samples])
            if not chosen.any():
                continue
            some = probabilities[chosen]
            finished_from = limits.finished_from_in.get(name.rpartition(" ")[2], limits.finished_from)
            weights = np.array([sample.weight for sample, is_one in zip(samples, chosen, strict=True) if is_one])
            finished, unfinished = (
                float(100 * (weights * read).sum() / weights.sum())
                for read in (some >= finished_from, some <= limits.unfinished_to)
            )
            kind = "whole" if whole else "cut"
            line += f"  {kind} {len(some):6}: finished {finished:5.1f} % unfinished {unfinished:5.1f} %"
        print(line)


def as_toml(fits: dict[str, tuple[Fit, Thresholds]]) -> str:
    lines = [
        "# What each sign is worth, in log-odds that the turn is over: +0.7 doubles the odds, -0.7 halves them.",
        "# Written by `python -m bench.end_of_turn_fit FOLDER --write`; do not edit by hand. How: docs/end-of-turn.md.",
    ]
    for family, (fitted, limits) in fits.items():
        lines += ["", f"[{family}]", f"prior = {fitted.prior}", f"finished_from = {limits.finished_from}"]
        lines += [f"unfinished_to = {limits.unfinished_to}", "", f"[{family}.finished_from_in]"]
        lines += [f"{language} = {limit}" for language, limit in sorted(limits.finished_from_in.items())]
        lines += ["", f"[{family}.signs]"]
        lines += [f'"{name}" = {weight}' for name, weight in sorted(fitted.of_sign.items())]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.end_of_turn_fit", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the public sets are")
    parser.add_argument("--write", action="store_true", help="write the weights that the worker reads")
    parser.add_argument("--quick", action="store_true", help="without the fits that leave out one set each")
    options = parser.parse_args(arguments)
    try:
        samples = collect(options.folder)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    fits = {}
    for family in FAMILIES:
        of_family = [sample for sample in samples if sample.family == family]
        unseen = out_of_fold(of_family)
        limits = thresholds(of_family, unseen, family)
        print(f"{family}, by fits that have not seen them: {limits}")
        report(of_family, unseen, limits)
        if not options.quick:
            _leave_out_each_set(of_family, family, limits)
        fits[family] = (fit(of_family), limits)
        print(f"{family}: {len(fits[family][0].of_sign)} weights")
    if options.write:
        WEIGHTS.write_text(as_toml(fits), "utf-8")
        print(f"wrote {WEIGHTS}")
    return 0


def _leave_out_each_set(samples: Sequence[Sample], family: str, limits: Thresholds) -> None:
    print(f"{family}, each set by a fit that has seen nothing of it")
    for name in sorted({sample.set_name for sample in samples}):
        others = [sample for sample in samples if sample.set_name != name]
        left_out = [sample for sample in samples if sample.set_name == name]
        report(left_out, fit(others).probabilities(left_out), limits)


if __name__ == "__main__":
    sys.exit(main())
