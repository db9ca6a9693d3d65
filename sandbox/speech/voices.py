"""Speak all languages of the sandbox with espeak-ng, so that stand-ins and scripted callers have real, audible speech.

The library comes with a PyPI package; no system package is needed. It keeps global state: one thread at a time.
"""

import asyncio
import ctypes
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache

import av
import espeakng_loader
import numpy as np
import numpy.typing as npt

from sandbox import languages

Samples = npt.NDArray[np.int16]

LANGUAGES = {code: language.espeak_voice for code, language in languages.LANGUAGES.items()}
DEFAULT_WORDS_PER_MINUTE = 165
# espeak's timbres; which one a speaker gets follows from its name, so that a change of voice can be heard.
_TIMBRES = ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5", "m7")
_PITCHES = (35, 42, 50, 58, 66)

_RETRIEVAL = 1  # the library hands samples to a callback instead of playing them
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _PITCH = 1, 3
_lock = threading.Lock()
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class CannotSpeak(RuntimeError):
    """espeak-ng refused; the message says what it was asked."""


class _Espeak:
    """The loaded library. There can be one in a process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.sample_rate = self._library.espeak_Initialize(_RETRIEVAL, 200, data_path, _DONT_EXIT)
        if self.sample_rate <= 0:
            raise CannotSpeak("espeak-ng did not start; reinstall espeakng-loader")
        self._pieces: list[bytes] = []
        self._callback = _CALLBACK(self._receive)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if count > 0 and samples:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    def speak(self, text: str, voice: str, pitch: int, words_per_minute: int) -> bytes:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise CannotSpeak(f"espeak-ng has no voice {voice!r}")
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        self._pieces.clear()
        encoded = text.encode("utf-8", "replace") + b"\0"
        if self._library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _UTF8, None, None) != 0:
            raise CannotSpeak(f"espeak-ng could not speak {text[:40]!r}")
        self._library.espeak_Synchronize()
        return b"".join(self._pieces)


@cache
def _espeak() -> _Espeak:
    return _Espeak()


def render(
    text: str,
    language: str,
    voice: str | None = None,
    sample_rate: int = 22050,
    words_per_minute: float = DEFAULT_WORDS_PER_MINUTE,
) -> Samples:
    """Speak a text; blocks for some 10 ms a second of speech. On an event loop use `render_async`.

    Args:
        language: One of LANGUAGES (`hi-IN`, ...).
        voice: Any name; the same name always has the same timbre and pitch, different names mostly different ones. The
            samples differ a little with what this process has spoken before: espeak's wave generator is never reset.
        sample_rate: In Hz, 8000 to 48000.
        words_per_minute: 80 to 450; espeak clips beyond.
    Raises:
        CannotSpeak: The language is not one of LANGUAGES.
    """
    code = LANGUAGES.get(language)
    if code is None:
        raise CannotSpeak(f"no voice for {language!r}; one of {', '.join(LANGUAGES)}")
    pcm = _rendered(text, code, voice or "", round(words_per_minute))
    samples: Samples = np.frombuffer(pcm, dtype=np.int16)
    return resample(samples, _espeak().sample_rate, sample_rate)


async def render_async(
    text: str,
    language: str,
    voice: str | None = None,
    sample_rate: int = 22050,
    words_per_minute: float = DEFAULT_WORDS_PER_MINUTE,
) -> Samples:
    """`render` on a thread of its own."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_thread, render, text, language, voice, sample_rate, words_per_minute)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Change the sample rate, band-limited."""
    if from_hz == to_hz or not len(samples):
        return samples
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = from_hz
    resampler = av.AudioResampler(format="s16", layout="mono", rate=to_hz)
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    joined: Samples = np.concatenate([piece.to_ndarray().reshape(-1) for piece in pieces]).astype(np.int16)
    return joined


@lru_cache(maxsize=256)
def _rendered(text: str, code: str, voice: str, words_per_minute: int) -> bytes:
    number = zlib.crc32(voice.encode())  # not hash(): it differs from process to process
    timbre = _TIMBRES[number % len(_TIMBRES)] if voice else "f2"
    pitch = _PITCHES[number // len(_TIMBRES) % len(_PITCHES)] if voice else 50
    with _lock:
        return _espeak().speak(text, f"{code}+{timbre}", pitch, words_per_minute)
