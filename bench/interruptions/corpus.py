"""Reads the corpus of interruptions, and of sounds that are none, and renders it; equal in every run."""

import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from bench.interruptions.noises import noise
from bench.utterances.render import voiced_span
from bench.utterances.voices import SAMPLE_RATE_HZ, sound
from sandbox.speech.voices import Samples
from worker.hearing.voice_level import level_of

TABLE = Path(__file__).with_name("corpus.toml")
WORDS, LISTENING = "words", "listening"
VOICES = ("espeak:asha", "espeak:ravi")
AGENT = "espeak:vaani"
_LOUDER_DB = 4.0  # a caller is not always as loud as usual
_NOISE_DB = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One sound, from its onset, as loud as it reaches the agent."""

    name: str
    kind: str
    speaker: str
    samples: Samples
    text: str = ""
    language: str = ""

    @property
    def is_words(self) -> bool:
        """Return whether the agent must fall silent."""
        return self.kind == WORDS


@cache
def read_corpus() -> tuple[Heard, ...]:
    """Render the corpus: 120 sounds, in some seconds."""
    counts = _table()["noises"]
    return (*_said(_table()), *(made(kind, each, usual_level()) for kind in counts for each in range(counts[kind])))


def usual_level() -> float:
    """Return the RMS of the caller's voice, that the corpus' sounds are as loud or soft against."""
    return float(_table()["usual_level"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text("utf-8"))


def made(kind: str, number: int, usual: float) -> Heard:
    """Make one noise, as loud as the caller's voice or somewhat off it."""
    name = f"{kind} {number}"
    samples = (noise(kind, number) * 20_000).astype(np.int16)
    return Heard(name, kind, f"made {name}", at_level(samples, louder(usual, name, _NOISE_DB)))


def at_level(samples: NDArray[np.int16], level: float) -> Samples:
    """Bring a sound to a level (worker.hearing.voice_level)."""
    frame = rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE_HZ, 1, len(samples))
    louder = samples.astype(np.float64) * level / max(level_of([frame]), 1.0)
    return np.clip(louder, -32768, 32767).astype(np.int16)


def louder(level: float, name: str, most_db: float) -> float:
    """Return a level up to so much above or below another; always the same for the same name."""
    return level * 10 ** (np.random.default_rng(zlib.crc32(name.encode())).uniform(-most_db, most_db) / 20)


def _said(table: dict[str, Any]) -> Iterator[Heard]:
    usual = usual_level()
    for language, words in table[WORDS].items():
        yield from _spoken(WORDS, language, words["texts"], words["voices"], usual)
    for language, texts in table[LISTENING].items():
        yield from _spoken(LISTENING, language, texts, VOICES, usual)
    for kind, voices in (("far", VOICES), ("echo", (AGENT,))):
        spoken = dict(table[kind])
        softer = usual * 10 ** (-float(spoken.pop("below_db")) / 20)
        for language, texts in spoken.items():
            yield from _spoken(kind, language, texts, voices, softer)


def _spoken(kind: str, language: str, texts: list[str], voices: tuple[str, ...], level: float) -> Iterator[Heard]:
    for text, voice in zip(texts, cycle(voices), strict=False):
        name = f"{kind} {language} {text}"
        engine, _, speaker = voice.partition(":")
        spoken = sound(engine, speaker, text, language)
        first, last = voiced_span(spoken)
        spoken = spoken[round(first * SAMPLE_RATE_HZ) : round(last * SAMPLE_RATE_HZ)]
        most_db = _LOUDER_DB if kind in (WORDS, LISTENING) else 0.0
        yield Heard(name, kind, voice, at_level(spoken, louder(level, name, most_db)), text, language)
