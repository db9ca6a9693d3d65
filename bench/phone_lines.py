"""Telephone lines made up offline: what an agent says, and what comes back while it speaks, faster than it lasts.

Everything that a line does to the agent's voice on its way back is here by itself and seeded: levels, delays that move,
clocks that drift, loudspeakers that clip, rooms, noise. The codecs are the real ones: G.711 both ways, then Opus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

import av
import numpy as np
import numpy.typing as npt

from bench.utterances import load_unchosen
from bench.utterances.voices import sound
from sandbox.phone import g711
from sandbox.phone.rtp import FRAME_SAMPLES
from sandbox.phone.sdp import PCMU
from sandbox.speech import voices

RATE_HZ = g711.SAMPLE_RATE
WORKER_RATE_HZ = 16_000
SPEECH_RMS = 2800.0
"""Of a voice of usual loudness, where it is no pause."""
VOICED_RMS = 200.0
AGENTS = ("espeak:agent", "espeak:speaker", "piper:joe")
CALLERS = ("asha", "ravi", "meera", "arjun", "deepa", "girish", "kavitha", "selvam")
STORY = (
    "Once there was a thirsty crow who flew over the fields on a hot day.",
    "He looked for water everywhere, and found none.",
    "At last he saw a pot in a garden, with a little water at the bottom.",
    "He dropped small stones into it, one by one, until the water rose and he could drink.",
)
WORDS = (
    ("Stop.", "en-IN"),
    ("No.", "en-IN"),
    ("haan", "en-IN"),
    ("one second", "en-IN"),
    ("ruko ruko", "en-IN"),
    ("Wait a moment, please.", "en-IN"),
    ("रुको", "hi-IN"),
    ("बस", "hi-IN"),
    ("नहीं नहीं", "hi-IN"),
    ("सुनिए", "hi-IN"),
    ("போதும்", "ta-IN"),
    ("ఆగండి", "te-IN"),
)
"""What stops an agent, as short as people say it."""
BEFORE_FIRST_WORD_SECONDS = 6.0
BABBLERS = 8
OPUS_BITS_PER_SECOND = 24_000
OPUS_SAMPLES = RATE_HZ // 50

Signal = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Line:
    """One telephone line.

    Args:
        echoes: How loud the agent's voice comes back beside what was sent, in dB, and how much later, in seconds.
        noise: What kind of noise the caller's side adds, as loud as `noise_rms` on 16-bit samples.
        drift_ppm: How much faster the agent's clock runs than the line's.
        moves: When the delay changes, and by how much: buffers on the way grow and shrink.
        clips_at: From how many times a voice's usual loudness on a loudspeaker distorts; 0 never does.
        room_seconds: How long a room goes on sounding; 0 is no room.
        levels: When the echo's level changes, and by how many dB: a handset that is switched to its loudspeaker.
        plays: What the agent's side plays.
        stalls: When the worker's process stands still, and for how long.
        caller_share: How loud the caller is beside a usual voice; 0 says nothing.
    """

    echoes: tuple[tuple[float, float], ...] = ()
    noise: Literal["hiss", "traffic", "babble"] = "hiss"
    noise_rms: float = 0.0
    drift_ppm: float = 0.0
    moves: tuple[tuple[float, float], ...] = ()
    clips_at: float = 0.0
    room_seconds: float = 0.0
    levels: tuple[tuple[float, float], ...] = ()
    plays: Literal["voice", "music"] = "voice"
    stalls: tuple[tuple[float, float], ...] = ()
    caller_share: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LineSound:
    """What was said on a line."""

    agent: Samples
    """16 kHz, as the worker plays it."""
    came: Samples
    """16 kHz, as the worker gets it from its room."""
    words_at: tuple[float, ...]
    """Seconds at which the caller begins to be heard."""


def sound_of(line: Line, seed: int, seconds: float, agents: Sequence[str] = AGENTS) -> LineSound:
    """Make up a call on this line; the same seed says the same things at the same times."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ) // FRAME_SAMPLES * FRAME_SAMPLES
    agent = _music(rng, count) if line.plays == "music" else _replies(rng, count, agents)
    said, words_at = _words(rng, count, line.caller_share)
    came = _coded(said + _echo(line, _coded(agent).astype(np.float64), rng) + _noise(line, rng, count))
    return LineSound(voices.resample(_rounded(agent), RATE_HZ, WORKER_RATE_HZ), over_opus(came)[: 2 * count], words_at)


@cache
def spoken(text: str, language: str, voice: str) -> Signal:
    """A voice of usual loudness, from its first to its last sound."""
    engine, _, name = voice.partition(":")
    samples = voices.resample(sound(engine, name, text, language), WORKER_RATE_HZ, RATE_HZ).astype(np.float64)
    samples *= SPEECH_RMS / np.sqrt(np.mean(samples[np.abs(samples) > 50] ** 2))
    heard = np.flatnonzero(np.abs(samples) > VOICED_RMS)
    return samples[heard[0] : heard[-1] + 1]


def over_opus(samples: Samples) -> Samples:
    """Sound as a room carries it, at the worker's rate."""
    encoder, decoder = av.CodecContext.create("libopus", "w"), av.CodecContext.create("opus", "r")
    assert isinstance(encoder, av.AudioCodecContext)
    assert isinstance(decoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "mono", "s16"
    encoder.bit_rate, encoder.options = OPUS_BITS_PER_SECOND, {"application": "voip"}
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    packets = []
    for start in range(0, len(samples) // OPUS_SAMPLES * OPUS_SAMPLES, OPUS_SAMPLES):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + OPUS_SAMPLES], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=WORKER_RATE_HZ)
    frames = [each for packet in packets for heard in decoder.decode(packet) for each in resampler.resample(heard)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)


def _replies(rng: np.random.Generator, count: int, agents: Sequence[str]) -> Signal:
    """Replies of some sentences each, with a caller's turns between them, in one voice and language."""
    voice = agents[int(rng.integers(len(agents)))]
    language = "en-IN" if voice.startswith("piper") else ("en-IN", "hi-IN", "ta-IN", "bn-IN")[rng.integers(4)]
    texts = [(row.text, row.language) for row in load_unchosen() if row.language == language]
    if language == "en-IN":
        texts += [(text, language) for text in STORY]
    agent, at = np.zeros(count), RATE_HZ // 2
    while at < count:
        for _ in range(rng.integers(2, 7)):
            at = _put(agent, at, spoken(*texts[rng.integers(len(texts))], voice)) + _seconds(rng, 0.1, 0.4)
        at += _seconds(rng, 0.6, 3.0)
    return agent


def _music(rng: np.random.Generator, count: int) -> Signal:
    """Notes of a plucked string, one after the other, as who holds the line hears."""
    music, at = np.zeros(count), 0
    while at < count:
        since = np.arange(_seconds(rng, 0.25, 0.6)) / RATE_HZ
        hz = 220.0 * 2 ** (rng.integers(24) / 12)
        at = _put(music, at, sum(np.sin(2 * np.pi * hz * k * since) / k for k in (1, 2, 3)) * np.exp(-2 * since))
    return _as_loud_as(SPEECH_RMS / 1.4, music)


def _words(rng: np.random.Generator, count: int, share: float) -> tuple[Signal, tuple[float, ...]]:
    said, at, begins = np.zeros(count), round(BEFORE_FIRST_WORD_SECONDS * RATE_HZ), []
    voice = f"espeak:{CALLERS[rng.integers(len(CALLERS))]}"
    while share and at < count - 2 * RATE_HZ:
        words = spoken(*WORDS[rng.integers(len(WORDS))], voice)
        begins.append(at / RATE_HZ)
        at = _put(said, at, share * words) + _seconds(rng, 2.0, 4.0)
    return said, tuple(begins)


def _echo(line: Line, sent: Signal, rng: np.random.Generator) -> Signal:
    if line.clips_at:
        most = line.clips_at * SPEECH_RMS
        sent = np.tanh(sent / most) * most
    if line.room_seconds:
        sent = np.convolve(sent, _room(rng, line.room_seconds))[: len(sent)]
    at = np.arange(len(sent))
    moved = at * line.drift_ppm * 1e-6 + sum((at >= when * RATE_HZ) * by * RATE_HZ for when, by in line.moves)
    echo = np.zeros(len(sent))
    for level_db, later_seconds in line.echoes:
        echo += 10 ** (level_db / 20) * np.interp(at - later_seconds * RATE_HZ - moved, at, sent, left=0.0)
    for when, by_db in line.levels:
        echo[round(when * RATE_HZ) :] *= 10 ** (by_db / 20)
    return echo


def _room(rng: np.random.Generator, seconds: float) -> Signal:
    """An impulse in a room: as loud straight from the loudspeaker as from all the walls, which fades by 60 dB."""
    since = np.arange(round(seconds * RATE_HZ))
    walls = rng.standard_normal(len(since)) * 10 ** (-3 * since / len(since))
    room: Signal = walls / np.sqrt(2 * np.sum(walls**2))
    room[0] += np.sqrt(0.5)
    return room


def _noise(line: Line, rng: np.random.Generator, count: int) -> Signal:
    if not line.noise_rms:
        return np.zeros(count)
    noise = rng.standard_normal(count)
    if line.noise == "traffic":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    if line.noise == "babble":
        noise = sum((_chatter(rng, count) for _ in range(BABBLERS)), np.zeros(count))
    return _as_loud_as(line.noise_rms, noise)


def _chatter(rng: np.random.Generator, count: int) -> Signal:
    """Somebody who talks without a pause, to somebody else."""
    voice, rows = f"espeak:{CALLERS[rng.integers(len(CALLERS))]}", load_unchosen()
    chatter, at = np.zeros(count), int(-rng.integers(RATE_HZ))
    while at < count:
        row = rows[rng.integers(len(rows))]
        at = _put(chatter, at, spoken(row.text, row.language, voice))
    return chatter


def _as_loud_as(rms: float, samples: Signal) -> Signal:
    louder: Signal = samples * (rms / np.sqrt(np.mean(samples**2)))
    return louder


def _put(into: Signal, at: int, what: Signal) -> int:
    """Mix it in, as far as there is room; returns where it ends."""
    low, high = max(0, at), min(len(into), at + len(what))
    if high > low:
        into[low:high] += what[low - at : high - at]
    return at + len(what)


def _seconds(rng: np.random.Generator, least: float, most: float) -> int:
    return round(rng.uniform(least, most) * RATE_HZ)


def _rounded(samples: Signal) -> Samples:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)


def _coded(samples: Signal) -> Samples:
    return g711.decode(g711.encode(_rounded(samples), PCMU), PCMU)
