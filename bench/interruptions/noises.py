"""Makes the noises of a call that are no words: shaped bursts, pulses through resonances, and harmonic tones.

Rough likenesses, equal in every run: they show that nothing obvious stops the agent, not how often real coughs do
(docs/hearing.md has that, from recordings).
"""

import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 16_000

Wave = NDArray[np.float64]
Random = np.random.Generator


def noise(kind: str, number: int) -> Wave:
    """Return one noise, its loudest part near 1."""
    wave = MAKERS[kind](np.random.default_rng(zlib.crc32(f"{kind} {number}".encode())))
    return np.asarray(wave / np.max(np.abs(wave)), dtype=np.float64)


def _seconds(duration: float) -> Wave:
    return np.arange(round(duration * RATE_HZ)) / RATE_HZ


def _breath(random: Random, duration: float) -> Wave:
    return random.standard_normal(round(duration * RATE_HZ))


def _through(wave: Wave, resonances_hz: tuple[float, ...], width_hz: float) -> Wave:
    """Let a sound ring at some frequencies, as a throat does."""
    frequencies = np.fft.rfftfreq(len(wave), 1 / RATE_HZ)
    gain = sum(1 / (1 + ((frequencies - centre) / width_hz) ** 2) for centre in resonances_hz) + 0.02
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) * gain, len(wave)), dtype=np.float64)


def _pulses(random: Random, pitch_hz: Wave, roughness: float) -> Wave:
    """Return a train of glottal pulses at a pitch that changes, each a little off its time and loudness."""
    phase = np.cumsum(pitch_hz * (1 + roughness * random.standard_normal(len(pitch_hz)))) / RATE_HZ
    pulses = np.diff(np.floor(phase), prepend=0.0)
    return np.asarray(pulses * (1 + roughness * random.standard_normal(len(pulses))), dtype=np.float64)


def _decay(duration: float, half_seconds: float, attack_seconds: float = 0.005) -> Wave:
    time = _seconds(duration)
    return np.asarray(np.minimum(time / attack_seconds, 1.0) * 0.5 ** (time / half_seconds), dtype=np.float64)


def _row(*waves: Wave) -> Wave:
    return np.concatenate(waves)


def _silence(duration: float) -> Wave:
    return np.zeros(round(duration * RATE_HZ))


def _cough(random: Random) -> Wave:
    """Return a burst, the air behind it, and in half of them a voice at its end; once or twice."""
    throat = (float(random.uniform(500, 800)), float(random.uniform(1300, 1900)), 3000.0)
    coughs = []
    for _ in range(int(random.integers(1, 3))):
        burst = _breath(random, 0.05) * _decay(0.05, 0.03)
        air = _through(_breath(random, 0.22), throat, 350) * _decay(0.22, 0.07)
        voiced = _seconds(0.12)
        pitch = float(random.uniform(130, 260)) * (1 - 1.5 * voiced)
        voice = _through(_pulses(random, pitch, 0.05), throat, 200) * np.hanning(len(voiced))
        voice *= float(random.integers(0, 2)) * 0.5 * np.max(np.abs(air)) / max(float(np.max(np.abs(voice))), 1e-9)
        coughs += [burst * 1.5 * np.max(np.abs(air)) / np.max(np.abs(burst)), air, voice, _silence(0.15)]
    return _row(*coughs)


def _throat(random: Random) -> Wave:
    time = _seconds(float(random.uniform(0.3, 0.5)))
    rough = _pulses(random, np.full(len(time), float(random.uniform(60, 90))), 0.4)
    mixed = rough / np.std(rough) + 1.2 * _breath(random, len(time) / RATE_HZ)
    return _through(mixed, (450.0, 1100.0), 300) * np.hanning(len(time))


def _sneeze(random: Random) -> Wave:
    breath_in = 0.05 * _through(_breath(random, 0.3), (1800.0,), 900) * np.linspace(0.1, 1, round(0.3 * RATE_HZ))
    burst = _through(_breath(random, 0.35), (float(random.uniform(2000, 3200)), 4500.0), 1200)
    return _row(breath_in / np.max(np.abs(breath_in)) * 0.08, burst / np.max(np.abs(burst)) * _decay(0.35, 0.09, 0.02))


def _laugh(random: Random) -> Wave:
    """Return a few times "ha": air, then a voice, lower each time."""
    pitch, throat = float(random.uniform(180, 340)), (float(random.uniform(700, 950)), 1400.0, 2600.0)
    parts = []
    for count in range(int(random.integers(3, 7))):
        air = _through(_breath(random, 0.08), throat, 500)
        time = _seconds(0.1)
        voice = _through(_pulses(random, pitch * 0.93**count * (1 - time), 0.03), throat, 150) * np.hanning(len(time))
        parts += [0.4 * air / np.max(np.abs(air)), voice / np.max(np.abs(voice)), _silence(0.03)]
    return _row(*parts)


def _horn(random: Random) -> Wave:
    time = _seconds(float(random.uniform(0.3, 1.2)))
    tone = np.zeros(len(time))
    for pitch in (float(random.uniform(350, 450)), float(random.uniform(450, 560))):
        for harmonic in range(1, 10):
            tone += np.sin(2 * np.pi * pitch * harmonic * time + float(random.uniform(0, 6))) / harmonic**0.7
    return np.asarray(tone * np.minimum(1.0, np.minimum(time, time[::-1]) / 0.01), dtype=np.float64)


def _door(random: Random) -> Wave:
    """Return a slam or two or three knocks: low, short, and soon over."""
    knocks = []
    for _ in range(int(random.integers(1, 4))):
        time = _seconds(0.18)
        wood = sum(np.sin(2 * np.pi * float(random.uniform(70, 420)) * time) for _ in range(4))
        knocks += [(wood + 0.5 * _breath(random, 0.18)) * _decay(0.18, 0.025, 0.001), _silence(0.12)]
    return _row(*knocks)


def _music(random: Random) -> Wave:
    root, scale = float(random.uniform(150, 300)), (1, 9 / 8, 5 / 4, 3 / 2, 5 / 3, 2)
    time = _seconds(2.0)
    tune = np.zeros(len(time))
    for beat in range(8):
        since = np.maximum(time - 0.25 * beat, 0.0)
        for pitch in root * random.choice(scale, 3, replace=False):
            string = sum(np.sin(2 * np.pi * pitch * each * since) / each**1.5 for each in range(1, 6))
            tune += np.where(since > 0, string * 0.5 ** (since / 0.25) * np.minimum(since / 0.01, 1.0), 0.0)
    return tune


def _keyboard(random: Random) -> Wave:
    keys = []
    for _ in range(8):
        click = _through(_breath(random, 0.03), (float(random.uniform(1500, 4000)),), 1500) * _decay(0.03, 0.004, 0.001)
        keys += [click, _silence(float(random.uniform(0.04, 0.2)))]
    return _row(*keys)


def _baby(random: Random) -> Wave:
    time = _seconds(float(random.uniform(0.7, 1.1)))
    pitch = float(random.uniform(400, 550)) * (1 + 0.25 * np.sin(np.pi * time / time[-1]))
    cry = _through(_pulses(random, pitch, 0.02), (1100.0, 3200.0), 400)
    return np.asarray(cry * np.minimum(1.0, np.minimum(time / 0.08, time[::-1] / 0.2)), dtype=np.float64)


MAKERS: Final[dict[str, Callable[[Random], Wave]]] = {
    "cough": _cough, "throat": _throat, "sneeze": _sneeze, "laugh": _laugh, "horn": _horn, "door": _door,
    "music": _music, "keyboard": _keyboard, "baby": _baby,
}  # fmt: skip
