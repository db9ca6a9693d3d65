"""Turns a row of the table into sound with known times: where the pause is, where each word ends, where speech ends.

"Voiced" is what `out/call.json` calls voiced: RMS over 200 in 10 ms, judged before noise is mixed in.
"""

import hashlib
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.utterances.table import Utterance
from bench.utterances.voices import SAMPLE_RATE_HZ, sound
from sandbox.speech.voices import Samples

RENDER_VERSION = 1  # raise it when the sound changes: it is part of the cache's file names
CACHE = Path(".cache/utterances")
VOICED_RMS = 200
FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
NOISE_TO_SPEECH = 10 ** (-15 / 20)  # 15 dB below: a street, not a storm


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    end_seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class RenderedUtterance:
    """Sound and truth. All times are seconds from the first sample."""

    utterance: Utterance
    samples: Samples
    """What the caller sends, noise included."""
    clean: Samples
    """The same without noise."""
    sample_rate_hz: int
    text: str
    language: str
    words: tuple[Word, ...]
    """Ends are exact at the pause and at the end; between them they are spread by length."""
    first_voiced_seconds: float
    last_voiced_seconds: float
    """End of the last voiced 10 ms frame: from here voice-to-voice is counted."""
    pause_start_seconds: float | None
    pause_end_seconds: float | None
    """The silence in mid-sentence, or None."""
    noise_rms: float
    """0 without noise; a player that goes on with noise around the speech asks `background` for it."""

    @property
    def duration_seconds(self) -> float:
        return len(self.samples) / self.sample_rate_hz

    def transcript_entry(self) -> dict[str, object]:
        """For the sandbox's transcript queue, whose times count from the first voiced sound."""
        start = self.first_voiced_seconds
        return {
            "text": self.text,
            "language": self.language,
            "probability": 0.95,
            "duration_seconds": round(self.last_voiced_seconds - start, 3),
            "words": [{"text": word.text, "end_seconds": round(word.end_seconds - start, 3)} for word in self.words],
        }


def render_utterance(utterance: Utterance, cache: Path = CACHE) -> RenderedUtterance:
    """The row as sound; rendered once, then read from `cache`. Raises RecordingMissing."""
    parts = [_trimmed_part(utterance, part, cache) for part in utterance.parts]
    silence = np.zeros(round(utterance.pause_seconds * SAMPLE_RATE_HZ), dtype=np.int16)
    clean = np.concatenate([parts[0], silence, parts[1]]) if utterance.paused else parts[0]
    edges = [0.0, len(parts[0]) / SAMPLE_RATE_HZ]
    if utterance.paused:
        edges += [edges[1] + len(silence) / SAMPLE_RATE_HZ, len(clean) / SAMPLE_RATE_HZ]
    words = [
        word
        for part, start, end in zip(utterance.parts, edges[::2], edges[1::2], strict=True)
        for word in spread_words(part, start, end)
    ]
    noise_rms = _speech_rms(clean) * NOISE_TO_SPEECH if utterance.noise else 0.0
    first, last = voiced_span(clean)
    return RenderedUtterance(
        utterance=utterance,
        samples=_mixed(clean, background(utterance.id, len(clean), noise_rms)) if noise_rms else clean,
        clean=clean,
        sample_rate_hz=SAMPLE_RATE_HZ,
        text=utterance.text,
        language=utterance.language,
        words=tuple(words),
        first_voiced_seconds=first,
        last_voiced_seconds=last,
        pause_start_seconds=edges[1] if utterance.paused else None,
        pause_end_seconds=edges[2] if utterance.paused else None,
        noise_rms=noise_rms,
    )


def spread_words(part: str, start: float, end: float) -> list[Word]:
    """Words of one stretch, ends in proportion to their letters; the last one ends exactly at `end`."""
    words = part.split()
    reached, total = 0, sum(len(word) for word in words)
    spread = []
    for word in words:
        reached += len(word)
        spread.append(Word(word, end if reached == total else start + (end - start) * reached / total))
    return spread


def voiced_span(samples: Samples) -> tuple[float, float]:
    """Start of the first and end of the last voiced frame, in seconds; (0, 0) for silence."""
    voiced = np.flatnonzero(_frame_rms(samples) > VOICED_RMS)
    if not len(voiced):
        return 0.0, 0.0
    return float(voiced[0]) * 0.01, float(voiced[-1] + 1) * 0.01


def background(name: str, length: int, rms: float) -> Samples:
    """`length` samples of traffic-like (pink) noise of that loudness; the same name gives the same noise."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    spectrum = np.fft.rfft(generator.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, length)
    noise *= rms / max(float(np.sqrt(np.mean(noise**2))), 1e-9)
    return np.clip(noise, -32768, 32767).astype(np.int16)


def _trimmed_part(utterance: Utterance, part: str, cache: Path) -> Samples:
    """One stretch from its first to its last voiced frame, so that a pause is as long as the table says."""
    key = f"{RENDER_VERSION}|{utterance.engine}|{utterance.voice}|{utterance.language}|{part}"
    file = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npy"
    if file.is_file():
        return np.asarray(np.load(file), dtype=np.int16)
    spoken = sound(utterance.engine, utterance.voice, part, utterance.language)
    first, last = voiced_span(spoken)
    trimmed = spoken[round(first * SAMPLE_RATE_HZ) : round(last * SAMPLE_RATE_HZ)]
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{id(trimmed)}.npy")  # another run may read while this one writes
    np.save(unfinished, trimmed)
    unfinished.replace(file)
    return trimmed


def _frame_rms(samples: Samples) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    count = -(-len(samples) // FRAME_SAMPLES)
    padded = np.zeros(count * FRAME_SAMPLES)
    padded[: len(samples)] = samples
    frames = padded.reshape(count, FRAME_SAMPLES)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)))


def _speech_rms(samples: Samples) -> float:
    rms = _frame_rms(samples)
    voiced = rms[rms > VOICED_RMS]
    return float(np.sqrt(np.mean(voiced**2))) if len(voiced) else 0.0


def _mixed(clean: Samples, noise: Samples) -> Samples:
    mixed: Samples = np.clip(clean.astype(np.int32) + noise, -32768, 32767).astype(np.int16)
    return mixed


def describe(rendered: RenderedUtterance) -> dict[str, object]:
    """Everything but the sound, for a file beside it."""
    return {
        **asdict(rendered.utterance),
        "text": rendered.text,
        "duration_seconds": round(rendered.duration_seconds, 3),
        "first_voiced_seconds": rendered.first_voiced_seconds,
        "last_voiced_seconds": rendered.last_voiced_seconds,
        "pause_start_seconds": rendered.pause_start_seconds,
        "pause_end_seconds": rendered.pause_end_seconds,
        "noise_rms": round(rendered.noise_rms, 1),
        "words": [asdict(word) for word in rendered.words],
    }
