"""Turn a scripted turn into frames of sound, knowing which are voiced and when each word is over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sandbox.caller.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Samples, as_frames, audible_frames, read_wav
from sandbox.caller.errors import BadPlan
from sandbox.caller.plan import Noise, Pause, Turn, Word
from sandbox.speech import voices

NOISE_SECONDS = 4.0
TRAILING_SILENCE_SECONDS = 0.02


@dataclass(frozen=True)
class Speech:
    """One turn's sound, before any noise: voiced is judged on this."""

    frames: Samples
    words: tuple[Word, ...] = ()
    noise_bed: Samples | None = None

    @cached_property
    def voiced(self) -> npt.NDArray[np.bool_]:
        return audible_frames(self.frames.reshape(-1))

    @cached_property
    def voiced_span(self) -> tuple[int, int]:
        """Index of the first and of the last voiced frame."""
        indices = np.flatnonzero(self.voiced)
        return int(indices[0]), int(indices[-1])

    @property
    def voiced_seconds(self) -> float:
        """From the start of the first voiced frame to the end of the last."""
        first, last = self.voiced_span
        return (last - first + 1) * FRAME_SECONDS


async def prepare(turn: Turn) -> Speech:
    """Render or read a turn. Takes some 10 ms per second of speech, on another thread.

    Raises:
        BadPlan: The WAV is unreadable or silent, or the language has no voice.
    """
    return await asyncio.to_thread(prepare_now, turn)


def prepare_now(turn: Turn) -> Speech:
    """`prepare` without a thread."""
    where = f"turn {turn.text[:40]!r}"
    try:
        pieces = _recorded(turn) if turn.wav else _spoken(turn)
        if not any(audible_frames(piece).any() for piece, _ in pieces):
            raise BadPlan(where, ["has no audible sound (no 10 ms with an RMS over 200)"])
        noise_bed = _noise_bed(turn.noise, pieces) if turn.noise else None
    except (OSError, ValueError, voices.CannotSpeak) as error:
        raise error if isinstance(error, BadPlan) else BadPlan(where, [str(error)]) from error
    frames, words = _joined(pieces)
    return Speech(frames, turn.words or words, noise_bed)


def _spoken(turn: Turn) -> list[tuple[Samples, list[str]]]:
    """Pieces of sound with their words. Text is cut at the pauses: what was said before one is known exactly."""
    words = turn.text.split()
    pieces: list[tuple[Samples, list[str]]] = []
    start = 0
    for pause in [*sorted(turn.pauses, key=lambda p: p.after_words or 0), None]:
        end = len(words) if pause is None else _word_index(pause, len(words))
        sound = voices.render(
            " ".join(words[start:end]),
            turn.language,
            voice=turn.voice,
            sample_rate=SAMPLE_RATE,
            words_per_minute=turn.words_per_minute or voices.DEFAULT_WORDS_PER_MINUTE,
        )
        pieces.append((_trimmed(sound), words[start:end]))
        if pause is not None:
            pieces.append((_silence(pause.seconds), []))
        start = end
    return pieces


def _word_index(pause: Pause, count: int) -> int:
    if pause.after_words is None or not 0 < pause.after_words < count:
        raise ValueError(f"a pause in spoken text needs after_words between 1 and {count - 1}, its words less one")
    return pause.after_words


def _recorded(turn: Turn) -> list[tuple[Samples, list[str]]]:
    assert turn.wav is not None
    samples, rate = read_wav(turn.wav)
    samples = voices.resample(samples, rate, SAMPLE_RATE)
    words, cuts = turn.text.split(), sorted(turn.pauses, key=lambda p: p.at_seconds or 0.0)
    parts: list[Samples] = []
    start = 0
    for pause in cuts:
        if pause.at_seconds is None:
            raise ValueError("a pause in a WAV needs at_seconds")
        end = round(pause.at_seconds * SAMPLE_RATE)
        parts += [samples[start:end], _silence(pause.seconds)]
        start = end
    return [(np.concatenate([*parts, samples[start:]]), words)]


def _trimmed(samples: Samples) -> Samples:
    """Without the silence that a synthetic voice adds at both ends: a pause of 0.7 s shall be one of 0.7 s."""
    voiced = np.flatnonzero(audible_frames(samples))
    if not len(voiced):
        return samples[:0]
    return samples[voiced[0] * FRAME_SAMPLES : (voiced[-1] + 1) * FRAME_SAMPLES]


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds / FRAME_SECONDS) * FRAME_SAMPLES, dtype=np.int16)


def _joined(pieces: Sequence[tuple[Samples, list[str]]]) -> tuple[Samples, tuple[Word, ...]]:
    """All frames, and when each word is over: spread over the voiced frames of its piece by its length."""
    rows = [as_frames(samples) for samples, _ in pieces]
    frames = np.concatenate([*rows, as_frames(_silence(TRAILING_SILENCE_SECONDS))])
    first_voiced = int(np.flatnonzero(audible_frames(frames.reshape(-1)))[0])
    timed: list[Word] = []
    offset = 0
    for piece, (_, words) in zip(rows, pieces, strict=True):
        voiced = np.flatnonzero(audible_frames(piece.reshape(-1))) if len(piece) else np.array([], dtype=np.intp)
        total, so_far = sum(map(len, words)), 0
        for word in words if len(voiced) else ():
            so_far += len(word)
            index = voiced[min(round(so_far / total * len(voiced)), len(voiced)) - 1]
            timed.append(Word(word, (offset + int(index) + 1 - first_voiced) * FRAME_SECONDS))
        offset += len(piece)
    return frames, tuple(timed)


def _noise_bed(noise: Noise, pieces: Sequence[tuple[Samples, list[str]]]) -> Samples:
    """Some seconds of noise in frames, to be looped, at a level below the voiced frames' as `snr_db` says."""
    frames = as_frames(np.concatenate([samples for samples, _ in pieces]))
    voiced = frames[audible_frames(frames.reshape(-1))].astype(np.float64)
    if noise.wav:
        sound, rate = read_wav(noise.wav)
        raw = voices.resample(sound, rate, SAMPLE_RATE).astype(np.float64)
    else:
        raw = _synthetic_noise(noise.kind)
    level = float(np.sqrt((raw**2).mean()))
    if not level:
        raise ValueError(f"the noise {noise.wav} is silent")
    wanted = float(np.sqrt((voiced**2).mean())) / 10 ** (noise.snr_db / 20)
    return as_frames(np.clip(raw * (wanted / level), -32768, 32767).astype(np.int16))


def _synthetic_noise(kind: str) -> npt.NDArray[np.float64]:
    count = int(NOISE_SECONDS * SAMPLE_RATE)
    white = np.random.default_rng(seed=7).standard_normal(count)
    if kind == "white":
        return white
    seconds = np.arange(count) / SAMPLE_RATE
    if kind == "hum":  # a fan or a generator: mains frequency and its multiples
        hum = sum(np.sin(2 * np.pi * 50 * k * seconds) / k for k in range(1, 8))
        return np.asarray(hum) + 0.1 * white
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return np.asarray(np.fft.irfft(spectrum, count))
