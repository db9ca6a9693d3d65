"""Compare rules for the end of turn on turns with pauses, in eleven languages, also as a telephone hears them.

    python -m bench.end_of_turn_curves [--moments FILE]

Digits in groups, e-mail addresses spelled, people who search for a word (bench/utterances/paused.toml), each said by
the voices of its language: clean, in a telephone's band, and with noise. Each pause lasts as long as people pause
inside a turn, 0.2 to 2.0 s. Printed are, for each rule, the mean wait at the end of a turn at the best choice of the
rule's numbers for so many pauses cut off, and what rules give as they come. Two minutes; `--moments FILE` keeps what
the models said, and then it is a few seconds.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.end_of_turn import (
    RATE_HZ,
    Material,
    Moment,
    Numbers,
    Score,
    Sweep,
    as_shipped,
    best_at,
    both_listeners,
    evidence_rule,
    pause_lengths,
    score,
    silence_only,
    stops_of,
    threshold_rule,
    trimmed,
    with_noise,
)
from bench.end_of_turn_sound import combined_rule, pipecat_rule, right_order
from bench.kept import kept_or_collected
from bench.utterances import load_paused
from bench.utterances.table import UNCHOSEN_VOICES
from bench.utterances.voices import sound
from sandbox.phone import g711
from sandbox.phone.sdp import PCMU
from sandbox.speech.voices import Samples, resample
from worker.end_of_turn.sound.verdict import sound_table

SHARES = (0.03, 0.05, 0.08, 0.10, 0.15)
STARTER_FROM, STARTER_SECONDS = 0.36, (0.3, 2.5)  # v1-mini's threshold for English, a streaming detector's delays
PLUGIN_FROM, PLUGIN_SECONDS = 0.5, (0.3, 2.5)  # smart-turn-livekit 0.4.0 and the delays of its documentation


def as_on_a_telephone(samples: Samples) -> Samples:
    """What is left of a voice behind 8 kHz and eight bits."""
    narrow = g711.decode(g711.encode(resample(samples, RATE_HZ, g711.SAMPLE_RATE), PCMU), PCMU)
    return resample(narrow, g711.SAMPLE_RATE, RATE_HZ)


CONDITIONS: dict[str, Callable[[Samples], Samples]] = {
    "clean": lambda samples: samples,
    "telephone": as_on_a_telephone,
    "noise": lambda samples: with_noise(samples, seed=len(samples)),
}


def collect() -> Iterator[Moment]:
    """Every stop of every turn, from each voice of its language and under each condition."""
    listeners = both_listeners()
    for number, turn in enumerate(load_paused()):
        said = UNCHOSEN_VOICES[turn.language]
        voices = said[:2] if turn.language == "en-IN" else said[number % 2 : number % 2 + 1]
        for engine, _, voice in (each.partition(":") for each in voices):
            clean = trimmed(sound(engine, voice, turn.text, turn.language))
            for name, heard in CONDITIONS.items():
                for stop in stops_of(turn.marked, heard(clean), engine, engine):
                    yield replace(listeners.moment(stop, turn.language, unseen=True), condition=name)


def ours(material: Material) -> Sweep:
    """Words and sound, and words alone in the languages in which sound was not measured."""
    heard = sound_table().languages
    return combined_rule(
        Material([
            one if one.language[:2] in heard else replace(one, sound_probability=None) for one in material.moments
        ])
    )  # fmt: skip


SWEPT: dict[str, Callable[[Material], Sweep]] = {
    "silence only": silence_only,
    "v1-mini": lambda material: threshold_rule(material.audio),
    "smart-turn alone": lambda material: threshold_rule(material.sound),
    "words only": evidence_rule,
    "ours": ours,
}


def _fixed(probability: Numbers, threshold: float, seconds: tuple[float, float]) -> Numbers:
    return np.asarray(np.where(probability > threshold, *seconds), np.float64)


AS_THEY_COME: dict[str, Callable[[Material], Numbers]] = {
    "starter (v1-mini)": lambda material: _fixed(material.audio, STARTER_FROM, STARTER_SECONDS),
    "pipecat (smart-turn)": pipecat_rule,
    "smart-turn-livekit": lambda material: _fixed(material.sound, PLUGIN_FROM, PLUGIN_SECONDS),
    "ours": as_shipped,
    "ours, the reply ready": lambda material: as_shipped(material, reply_is_ready=True),
}


# ---- what it says


def groups(material: Material) -> Iterator[tuple[str, Material]]:
    """All of it, and what differs: language, voice, condition."""
    moments = material.moments
    yield "all", material
    yield "English, neural voice", material.part(np.array([one.source == "piper" for one in moments]))
    yield (
        "English, flat voice",
        material.part(np.array([one.language == "en-IN" and one.source == "espeak" for one in moments])),
    )
    yield "ten languages, flat voice", material.part(np.array([one.language != "en-IN" for one in moments]))
    for name in CONDITIONS:
        yield name, material.part(np.array([one.condition == name for one in moments]))


def report(material: Material) -> Iterator[str]:
    """How well the models order ends and pauses, the curves, and the rules as they come."""
    yield "| | ends | pauses | right order: smart-turn | v1-mini |\n|---|---|---|---|---|"
    for name, part in groups(material):
        orders = " | ".join(f"{right_order(part, values):.0%}" for values in (part.sound, part.audio))
        yield f"| {name} | {part.ended.sum()} | {(~part.ended).sum()} | {orders} |"
    for name, part in groups(material):
        lengths = pause_lengths(int((~part.ended).sum()), "searching")
        yield f"\n{name}: mean wait with at most so many pauses cut off\n"
        yield f"| | {' | '.join(f'{share:.0%}' for share in SHARES)} |\n|---|{'---|' * len(SHARES)}"
        for rule, sweep in SWEPT.items():
            scores = [score(its_waits, part, lengths, values) for values, its_waits in sweep(part)]
            yield f"| {rule} | {' | '.join(_seconds(best_at(share, scores)) for share in SHARES)} |"
        yield "\n| as it comes | mean | p50 | p95 | cut off | unfinished words cut off |\n|---|---|---|---|---|---|"
        for rule, waits in AS_THEY_COME.items():
            yield f"| {rule} | {_line(score(waits(part), part, lengths, {}))} |"


def _seconds(scored: Score | None) -> str:
    return "-" if scored is None else f"{scored.mean_latency_seconds:.2f} s"


def _line(scored: Score) -> str:
    seconds = (scored.mean_latency_seconds, scored.p50_latency_seconds, scored.p95_latency_seconds)
    shares = (scored.cut_off_share, scored.unfinished_cut_off_share)
    return " | ".join([*(f"{each:.2f} s" for each in seconds), *(f"{each:.1%}" for each in shares)])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.end_of_turn_curves", description=__doc__)
    parser.add_argument("--moments", type=Path, help="keep there what the models said, or take it from there")
    options = parser.parse_args(arguments)
    try:
        moments = kept_or_collected(options.moments, lambda fields: Moment(**fields), collect)
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for line in report(Material(moments)):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
