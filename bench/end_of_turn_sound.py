"""Fit where the sound of a turn's end changes the wait, on recordings; say what it gives against the others.

    python -m bench.end_of_turn_sound FOLDER            prints the curves and the choice, writes nothing
    python -m bench.end_of_turn_sound FOLDER --write    also writes worker/end_of_turn/data/sound.toml

FOLDER holds recordings (docs/end-of-turn.md); the neural voice and the recordings of this machine are added. Two
numbers are chosen: from which probability finished words wait `sure_seconds`, and below which `unclear_seconds`. They
cut off no more pauses than the words alone do, and each speaker is judged by numbers chosen on the others.
Under a minute and a half; `--moments FILE` keeps what the models said, and then it is a second.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import recorded_turns
from bench.end_of_turn import (
    Material,
    Moment,
    Numbers,
    Score,
    Sweep,
    best_at,
    both_listeners,
    evidence_rule,
    of_the_bench,
    pause_lengths,
    score,
    silence_only,
    threshold_rule,
)
from bench.kept import kept_or_collected
from worker.end_of_turn import DEFAULT_POLICY, WaitPolicy
from worker.end_of_turn.wait_policy import STREAMING_POLICY

TABLE = Path(__file__).parents[1] / "worker" / "end_of_turn" / "data" / "sound.toml"
LANGUAGES = ("en",)  # of the recordings: nothing was measured in another
ENDED_FROM = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
GOES_ON_BELOW = (0.0, 0.02, 0.05, 0.1, 0.2)
NEARLY_AS_FAST_SECONDS = 0.02
CONTROL = "espeak"  # its pitch is the same inside a sentence and at its end: it must show nothing
SHARES = (0.10, 0.12, 0.15)
POLICIES = {"default": DEFAULT_POLICY, "streaming": STREAMING_POLICY}
PIPECAT_FROM, PIPECAT_AT_ONCE_SECONDS, PIPECAT_LATEST_SECONDS = 0.5, 0.2, 3.0  # the defaults of its own users


@dataclass(frozen=True, slots=True)
class Choice:
    """From where finished words count as sounding ended, and below which as going on."""

    ended_from: float
    goes_on_below: float


WORDS_ALONE = Choice(2.0, 0.0)  # no probability is that high or that low


def collect(folder: Path) -> list[Moment]:
    """Every stop of the recordings, and of this machine's voices and recordings; what the models say of each."""
    listeners = both_listeners()
    moments = [
        listeners.moment(stop, recorded_turns.LANGUAGE, unseen=True) for stop in recorded_turns.read_stops(folder)
    ]
    return moments + [one for one in of_the_bench(listeners) if one.unseen and one.language.startswith(LANGUAGES)]


def waits(material: Material, choice: Choice, policy: WaitPolicy) -> Numbers:
    """What a call waits at each moment: the same as `how_long_to_wait`; a test holds it so."""
    after_finished = np.where(
        material.sound >= choice.ended_from,
        policy.sure_seconds,
        np.where(material.sound < choice.goes_on_below, policy.unclear_seconds, policy.finished_seconds),
    )
    otherwise = np.where(material.unfinished, policy.unfinished_seconds, policy.unclear_seconds)
    return np.asarray(np.where(material.finished, after_finished, otherwise), np.float64)


def choose(material: Material, lengths: Numbers, policy: WaitPolicy) -> Choice:
    """Of the choices that cut off no more than the words and are nearly the fastest: the clearest sound."""
    choices = [WORDS_ALONE, *itertools.starmap(Choice, itertools.product(ENDED_FROM, GOES_ON_BELOW))]
    scores = [score(waits(material, choice, policy), material, lengths, {}) for choice in choices]
    alone = scores[0]
    fit = [
        (choice, one)
        for choice, one in zip(choices, scores, strict=True)
        if one.cut_off_share <= alone.cut_off_share and one.unfinished_cut_off_share <= alone.unfinished_cut_off_share
    ]
    fastest_seconds = min(one.mean_latency_seconds for _, one in fit)
    near = [choice for choice, one in fit if one.mean_latency_seconds <= fastest_seconds + NEARLY_AS_FAST_SECONDS]
    return max(near, key=lambda choice: (choice.ended_from, choice.goes_on_below))


def by_others_choice(material: Material, lengths: Numbers, policy: WaitPolicy) -> Numbers:
    """The waits of each speaker by what is chosen on all others."""
    result = np.zeros(len(material.moments))
    for speaker in sorted(set(material.speakers)):
        theirs = material.speakers == speaker
        chosen = choose(material.part(~theirs), lengths[~theirs[~material.ended]], policy)
        result[theirs] = waits(material, chosen, policy)[theirs]
    return result


def combined_rule(material: Material) -> Sweep:
    """Ours, with its numbers and waits swept."""
    for ended_from, goes_on_below in itertools.product(ENDED_FROM[1::2], GOES_ON_BELOW[::2]):
        for sure, finished, unclear in itertools.product((0.3, 0.45, 0.55, 0.6, 0.65), (0.65, 0.8), (0.8, 0.95, 1.2)):
            policy = WaitPolicy(sure_seconds=sure, finished_seconds=finished, unclear_seconds=unclear)
            told = {"ended_from": ended_from, "sure": sure, "finished": finished, "unclear": unclear}
            yield told, waits(material, Choice(ended_from, goes_on_below), policy)


def pipecat_rule(material: Material) -> Numbers:
    """What an agent of the model's authors waits by default."""
    ended = material.sound > PIPECAT_FROM
    return np.asarray(np.where(ended, PIPECAT_AT_ONCE_SECONDS, PIPECAT_LATEST_SECONDS), np.float64)


# ---- what it says


def report(material: Material) -> Iterator[str]:
    """How well the models order ends and pauses, what each rule gives, and what is chosen."""
    yield "| source | ends | pauses | right order: smart-turn | v1-mini |\n|---|---|---|---|---|"
    sources = np.array([one.source for one in material.moments])
    for source in sorted(set(sources)):
        of_source = material.part(sources == source)
        orders = " | ".join(f"{right_order(of_source, values):.0%}" for values in (of_source.sound, of_source.audio))
        yield f"| {source} | {of_source.ended.sum()} | {(~of_source.ended).sum()} | {orders} |"
    told = material.part(sources != CONTROL)
    for kind in ("natural", "bench"):
        lengths = pause_lengths(int((~told.ended).sum()), kind)
        yield f"\nwithout {CONTROL}; {kind} pauses; mean wait at the best choice with at most so many cut off"
        for name, sweep in (
            ("silence", silence_only(told)),
            ("v1-mini", threshold_rule(told.audio)),
            ("smart-turn", threshold_rule(told.sound)),
            ("words", evidence_rule(told)),
            ("ours", combined_rule(told)),
        ):
            scores = [score(its_waits, told, lengths, values) for values, its_waits in sweep]
            yield f"| {name} | " + " | ".join(_seconds(best_at(share, scores)) for share in SHARES) + " |"
        yield f"| pipecat's defaults | {_line(score(pipecat_rule(told), told, lengths, {}))} |"
        for name, policy in POLICIES.items():
            alone = score(waits(told, WORDS_ALONE, policy), told, lengths, {})
            both = score(by_others_choice(told, lengths, policy), told, lengths, {})
            yield f"| {name}: words alone | {_line(alone)} |\n| {name}: with sound, chosen on others | {_line(both)} |"
        yield f"chosen on all: {choose(told, lengths, DEFAULT_POLICY)}"


def right_order(material: Material, values: Numbers) -> float:
    """The share of pairs of an end and a pause that stand in the right order; chance is a half."""
    ends, pauses = values[material.ended], values[~material.ended]
    return float(np.mean(ends[:, None] > pauses) + 0.5 * np.mean(ends[:, None] == pauses))


def _seconds(scored: Score | None) -> str:
    return "-" if scored is None else f"{scored.mean_latency_seconds:.2f} s"


def _line(scored: Score) -> str:
    return (
        f"mean {scored.mean_latency_seconds:.2f} s, p50 {scored.p50_latency_seconds:.2f}, p95 "
        f"{scored.p95_latency_seconds:.2f}; cut off {scored.cut_off_share:.1%}, "
        f"of those inside a sentence {scored.unfinished_cut_off_share:.1%}"
    )


def as_toml(choice: Choice) -> str:
    """The table that the worker reads."""
    return (
        "# What the model's probability that a turn is over is taken for, after words that are finished.\n"
        "# Written by `python -m bench.end_of_turn_sound FOLDER --write`; not by hand. How: docs/end-of-turn.md.\n"
        f"languages = {json.dumps(LANGUAGES)}  # where it was measured: in others the words decide alone\n"
        f"ended_from = {choice.ended_from}\ngoes_on_below = {choice.goes_on_below}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.end_of_turn_sound", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the recordings are")
    parser.add_argument("--moments", type=Path, help="keep there what the models said, or take it from there")
    parser.add_argument("--write", action="store_true", help="write the table that the worker reads")
    options = parser.parse_args(arguments)
    try:
        kept = kept_or_collected(options.moments, lambda fields: Moment(**fields), lambda: collect(options.folder))
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    material = Material(kept)
    for line in report(material):
        print(line)
    if options.write:
        told = material.part(np.array([one.source != CONTROL for one in material.moments]))
        lengths = pause_lengths(int((~told.ended).sum()), "natural")
        TABLE.write_text(as_toml(choose(told, lengths, DEFAULT_POLICY)), "utf-8")
        print(f"wrote {TABLE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
