"""Keeps phrases as ready audio: a greeting starts at once, an apology works with every provider dead.

Rendered ahead of time, kept on disk under all that decides how they sound: a changed text, voice, model or pace is
another file, so nothing stale is ever spoken.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import math
import os
import struct
import tempfile
import wave
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import tts

from worker.ports import Voice

log = logging.getLogger("vaani")
FRAME_SECONDS = 0.1


class PhraseAudio:
    """Caches the audio of one voice set-up."""

    def __init__(self, folder: Path, voice: Voice) -> None:
        self._folder = folder
        self._voice = voice

    def path(self, language: str, text: str) -> Path:
        """Return where the audio of `text` is, or would be."""
        recipe = json.dumps([self._voice.recipe(language), language, text], sort_keys=True, ensure_ascii=False)
        return self._folder / f"{hashlib.sha256(recipe.encode()).hexdigest()[:32]}.wav"

    def has(self, language: str, text: str) -> bool:
        """Return whether `text` can be spoken without a provider."""
        return self.path(language, text).is_file()

    def frames(self, language: str, text: str) -> AsyncIterator[rtc.AudioFrame] | None:
        """Return the audio of `text`, or None when it has not been rendered."""
        try:
            pcm, rate_hz = _read(self.path(language, text))
        except (OSError, wave.Error, EOFError):
            return None
        return _as_frames(pcm, rate_hz)

    def store(self, language: str, text: str, frame: rtc.AudioFrame) -> None:
        """Keep rendered audio; another process may be writing the same file, and either wins whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        with os.fdopen(handle, "wb") as raw, wave.open(raw, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(frame.sample_rate)
            out.writeframes(bytes(frame.data))
        os.replace(name, self.path(language, text))

    def forget_old(self, keep: int = 2000) -> None:
        """Delete all but the newest files: of voices and phrases that nobody uses any more."""
        files = sorted(self._folder.glob("*.wav"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[keep:]:
            path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[bytes, int]:
    with wave.open(str(path), "rb") as source:
        return source.readframes(source.getnframes()), source.getframerate()


async def _as_frames(pcm: bytes, rate_hz: int) -> AsyncIterator[rtc.AudioFrame]:
    step = int(rate_hz * FRAME_SECONDS) * 2
    for start in range(0, len(pcm), step):
        part = pcm[start : start + step]
        yield rtc.AudioFrame(data=part, sample_rate=rate_hz, num_channels=1, samples_per_channel=len(part) // 2)


async def tone(rate_hz: int) -> AsyncIterator[rtc.AudioFrame]:
    """Return two short soft beeps: the sign of life of a call whose voice is dead before a phrase could be rendered."""
    beep = [int(3000 * math.sin(2 * math.pi * 425 * at / rate_hz)) for at in range(rate_hz // 5)]
    pcm = struct.pack(f"<{len(beep)}h", *beep)
    silence = bytes(len(pcm))
    async for frame in _as_frames(pcm + silence + pcm + silence, rate_hz):
        yield frame


async def render_missing(
    cache: PhraseAudio, voice: Voice, speaker: tts.TTS[Any], phrases: Iterable[tuple[str, str]]
) -> int:
    """Render what the cache lacks, one at a time so that callers come first; returns how many were rendered.

    A provider that is down costs nothing but the audio: calls speak live then. It is tried again at the next start.
    """
    rendered = failed_in_a_row = 0
    for language, text in phrases:
        if cache.has(language, text):
            continue
        voice.speak_in(language)
        said = voice.pronunciations.say(text)
        try:
            async with asyncio.timeout(20):
                cache.store(language, text, await speaker.synthesize(said).collect())
        except Exception as error:
            failed_in_a_row += 1
            log.warning("a phrase could not be rendered ahead of time", extra={"language": language, "why": str(error)})
            if failed_in_a_row >= 3:
                break
            continue
        rendered, failed_in_a_row = rendered + 1, 0
    with contextlib.suppress(OSError):
        cache.forget_old()
    return rendered
