"""Who says what in which call: the corpus cut into calls, so that every contender hears the same ones."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.utterances import RenderedUtterance, Utterance, load_unchosen, render_utterance
from sandbox.caller import CallPlan, Noise, Turn, Word

NOISE_BELOW_SPEECH_DB = 15.0
STORY = "Please tell me a story."
TALKED_OVER = "Wait a moment, please. Thank you very much."
BARGE_IN_AFTER_SECONDS = 1.5
UTTERANCES_PER_CALL = 7
UNCHOSEN_PER_CALL = 8
UTTERANCES = 25  # as many as fit into 25 minutes with everything else


FIRST_UTTERANCE = 2


@dataclass(frozen=True, slots=True)
class Script:
    """One call: perhaps two turns to be talked over, then utterances of the corpus.

    `utterances[i]` is said in turn `first_utterance + i`.
    """

    number: int
    plan: CallPlan
    utterances: tuple[RenderedUtterance, ...]
    first_utterance: int = FIRST_UTTERANCE


def chosen(rows: Sequence[Utterance], quick: bool) -> list[Utterance]:
    """What this run says: every utterance with a pause, and of the others as many as fit into its time.

    A quick run takes a few of each kind. Both keep the languages, the kinds and the voices mixed.
    """
    paused = [row for row in rows if row.paused]
    others = [row for row in rows if not row.paused]
    if quick:
        paused, others = [row for row in paused if row.unfinished][::4], others[::6]
    else:
        room = max(0, UTTERANCES - len(paused))
        others = [others[place * len(others) // room] for place in range(min(room, len(others)))]
    return [row for row in rows if row in paused or row in others]


def groups(rows: Sequence[Utterance], size: int = UTTERANCES_PER_CALL) -> list[list[Utterance]]:
    """Calls of mixed material, dealt like cards; what a model with tools takes for a goodbye comes last in its call."""
    count = max(1, -(-len(rows) // size))
    dealt: list[list[Utterance]] = [[] for _ in range(count)]
    for index, row in enumerate(sorted(rows, key=lambda row: (row.engine, row.paused))):
        dealt[index % count].append(row)
    for group in dealt:
        group.sort(key=lambda row: "that is all" in row.text)
    return dealt


def scripts(rows: Sequence[Utterance], folder: Path) -> Iterator[Script]:
    """The calls, their sound written to `folder`."""
    for number, group in enumerate(groups(rows)):
        rendered = tuple(render_utterance(row) for row in group)
        turns = (*talked_over_turns(), *(turn_of(each, folder) for each in rendered))
        yield Script(number, CallPlan(turns=turns, name=f"bench {number}"), rendered)


def unchosen_scripts(rows: Sequence[Utterance], folder: Path) -> Iterator[Script]:
    """Calls in which nobody talks over anything, each in one language at a time, their sound written to `folder`."""
    in_order = sorted(rows, key=lambda row: row.language)  # a caller does not change language at every turn
    for number, start in enumerate(range(0, len(in_order), UNCHOSEN_PER_CALL)):
        rendered = tuple(render_utterance(row) for row in in_order[start : start + UNCHOSEN_PER_CALL])
        turns = tuple(turn_of(each, folder) for each in rendered)
        yield Script(number, CallPlan(turns=turns, name=f"unchosen {number}"), rendered, first_utterance=0)


def first_unchosen_scripts(count: int, folder: Path) -> list[Script]:
    """Return so many calls of turns that nobody chose, a minute or so each."""
    return list(unchosen_scripts(load_unchosen(), folder))[:count]


def talked_over_turns() -> tuple[Turn, Turn]:
    """A long answer, and the caller who does not wait for its end."""
    return Turn(STORY), Turn(TALKED_OVER, barge_in_after_seconds=BARGE_IN_AFTER_SECONDS)


def turn_of(rendered: RenderedUtterance, folder: Path) -> Turn:
    """One utterance as a turn: its sound, its words with their times, and its noise, which goes on after it."""
    row = rendered.utterance
    wav = folder / f"{row.id}.wav"
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rendered.sample_rate_hz)
        file.writeframes(rendered.clean.tobytes())
    start = rendered.first_voiced_seconds
    return Turn(
        text=rendered.text,
        language=rendered.language,
        wav=wav,
        words=tuple(Word(word.text, max(0.0, word.end_seconds - start)) for word in rendered.words),
        noise=Noise(NOISE_BELOW_SPEECH_DB) if row.noise else None,
    )
