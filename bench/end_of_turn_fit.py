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
from worker.end_of_turn.signs import signs_of, utterance
from worker.end_of_turn.weighing import family_of

Numbers = npt.NDArray[np.float64]

CORPUS = Path(__file__).parents[1] / "tests" / "end_of_turn" / "corpus"
WEIGHTS = Path(__file__).parents[1] / "worker" / "end_of_turn" / "data" / "weights.toml"
FAMILIES = ("english", "indian")
LIMITS = {  # share of whole turns read as unfinished, share of cut ones read as finished
    "english": (0.008, 0.18),
    "indian": (0.017, 0.075),
}
WEIGHT_OF_A_SET = 1000.0  # however large it is
WEIGHT_OF_OUR_TURN = 20.0
WEIGHT_OF_OUR_CUT_ANSWER = 12.0  # an answer is rarely broken off
SHARE_OF_CUTS = 0.8
RAREST_SIGN = 10  # different samples that show it
PENALTY = 1.5
SMALLEST_WEIGHT = 0.1
ROUNDS = 12
FOLDS = 4
MOST_TURNS_OF_A_SET = 5000
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
        turns = turns[:: -(-len(turns) // MOST_TURNS_OF_A_SET)]
        cut = [*cut_in_the_middle(turns, seed=11), *cut_in_the_middle(turns, seed=12)]
        samples += _samples(turns, whole=True, weight=WEIGHT_OF_A_SET / len(turns))
        samples += _samples(cut, whole=False, weight=WEIGHT_OF_A_SET * SHARE_OF_CUTS / len(cut))
        print(f"{name}: {len(turns)} turns, {len(cut)} cut")
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
        if said.words:
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
    place = {name: number + 1 for number, name in enumerate(names)}
    shows = np.zeros((len(samples), len(names) + 1))
    shows[:, 0] = 1.0
    for row, sample in enumerate(samples):
        shows[row, [place[sign] for sign in sample.signs if sign in place]] = 1.0
    whole = np.array([sample.whole for sample in samples], float)
    counts = np.array([sample.weight for sample in samples])
    counts *= len(samples) / counts.sum()
    penalty = np.full(len(names) + 1, PENALTY)
    penalty[0] = 1e-3
    weights = np.zeros(len(names) + 1)
    for _ in range(ROUNDS):
        probability = 1 / (1 + np.exp(-(shows @ weights)))
        slope = shows.T @ (counts * (probability - whole)) + penalty * weights
        curvature = (shows * (counts * probability * (1 - probability))[:, None]).T @ shows + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        weights -= step
        if np.abs(step).max() < 1e-4:
            break
    rounded = {name: round(float(weights[number]), 2) for name, number in place.items()}
    kept = {name: weight for name, weight in rounded.items() if abs(weight) >= SMALLEST_WEIGHT}
    return Fit(round(float(weights[0]), 2), kept)


def out_of_fold(samples: Sequence[Sample]) -> Numbers:
    """Each sample's probability by a fit that has not seen its fold."""
    probabilities = np.zeros(len(samples))
    for fold in range(FOLDS):
        fitted = fit([sample for sample in samples if sample.fold != fold])
        places = [number for number, sample in enumerate(samples) if sample.fold == fold]
        probabilities[places] = fitted.probabilities([samples[number] for number in places])
    return probabilities


def thresholds(samples: Sequence[Sample], probabilities: Numbers, family: str) -> tuple[float, float]:
    """(unfinished up to, finished from): what keeps the family's limits, each set counting alike."""
    whole_limit, cut_limit = LIMITS[family]
    public = [not sample.set_name.startswith("ours") for sample in samples]
    weight = np.array([sample.weight for sample in samples]) * public
    whole = np.array([sample.whole for sample in samples])
    unfinished_to = _quantile(probabilities[whole], weight[whole], whole_limit)
    finished_from = _quantile(probabilities[~whole], weight[~whole], 1 - cut_limit)
    return round(unfinished_to, 3), round(max(finished_from, unfinished_to), 3)


def _quantile(values: Numbers, weights: Numbers, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share)])


# ---- what it says


def report(samples: Sequence[Sample], probabilities: Numbers, unfinished_to: float, finished_from: float) -> None:
    """One line a set: how whole turns and cut ones are read."""
    for name in sorted({sample.set_name for sample in samples}):
        line = f"  {name:10}"
        for whole in (True, False):
            chosen = np.array([sample.set_name == name and sample.whole is whole for sample in samples])
            if not chosen.any():
                continue
            some = probabilities[chosen]
            weights = np.array([sample.weight for sample, is_one in zip(samples, chosen, strict=True) if is_one])
            finished, unfinished = (
                float(100 * (weights * read).sum() / weights.sum())
                for read in (some >= finished_from, some <= unfinished_to)
            )
            kind = "whole" if whole else "cut"
            line += f"  {kind} {len(some):6}: finished {finished:5.1f} % unfinished {unfinished:5.1f} %"
        print(line)


def as_toml(fits: dict[str, tuple[Fit, float, float]]) -> str:
    lines = [
        "# What each sign is worth, in log-odds that the turn is over: +0.7 doubles the odds, -0.7 halves them.",
        "# Written by `python -m bench.end_of_turn_fit FOLDER --write`; do not edit by hand. How: docs/end-of-turn.md.",
    ]
    for family, (fitted, unfinished_to, finished_from) in fits.items():
        lines += ["", f"[{family}]", f"prior = {fitted.prior}", f"finished_from = {finished_from}"]
        lines += [f"unfinished_to = {unfinished_to}", "", f"[{family}.signs]"]
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
        unfinished_to, finished_from = thresholds(of_family, unseen, family)
        print(
            f"{family}, by fits that have not seen them: unfinished to {unfinished_to}, finished from {finished_from}"
        )
        report(of_family, unseen, unfinished_to, finished_from)
        if not options.quick:
            _leave_out_each_set(of_family, family, unfinished_to, finished_from)
        fits[family] = (fit(of_family), unfinished_to, finished_from)
        print(f"{family}: {len(fits[family][0].of_sign)} weights")
    if options.write:
        WEIGHTS.write_text(as_toml(fits), "utf-8")
        print(f"wrote {WEIGHTS}")
    return 0


def _leave_out_each_set(samples: Sequence[Sample], family: str, unfinished_to: float, finished_from: float) -> None:
    print(f"{family}, each set by a fit that has seen nothing of it")
    for name in sorted({sample.set_name for sample in samples}):
        others = [sample for sample in samples if sample.set_name != name]
        left_out = [sample for sample in samples if sample.set_name == name]
        report(left_out, fit(others).probabilities(left_out), unfinished_to, finished_from)


if __name__ == "__main__":
    sys.exit(main())
