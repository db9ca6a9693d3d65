"""Sarvam: is the key good, does the recogniser hear, and does each language's voice speak, and how fast from here.

Heard and spoken through the worker's own parts, so that what works here works in a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, APITimeoutError, stt

from doctor.checking import Finding, NotLooked, Wrong
from doctor.refusals import chain, quoted, refused, unreachable
from doctor.spending import KEY_TEXT, SAMPLE_SECONDS, voice_text
from doctor.surroundings import Surroundings, for_requests
from sandbox.control.scopes import Settings as StandIns
from sandbox.speech.voices import render_async
from worker.languages import ENGLISH, SUPPORTED
from worker.providers.sarvam_stt import build_stt
from worker.providers.sarvam_tts import SarvamVoice, build_tts
from worker.providers.sarvam_voices import voice_for

WHERE = "dashboard.sarvam.ai"
BENCH = StandIns()
"""What `make bench` assumes of the providers (docs/performance.md)."""
SLOWEST_FINAL_SECONDS, SLOWEST_VOICE_SECONDS = 2.0, 1.5
"""Beyond these a caller waits longer than WORKER_REPLY_LATE_SECONDS allows, whatever the others do."""
STT_HZ, FRAME_SECONDS = 16_000, 0.05
SAMPLE_TEXT = "Good morning how are you"  # without a pause, which would end a turn
VOICED_RMS = 200.0
REQUEST_SECONDS = 10.0
ONE_TRY_SECONDS = 6.0
HANGING_VOICES_MAX = 2
"""So many languages in a row without a sound, and the others are not asked."""
SLOW_VOICES_MAX = 4
"""The same, where the first so many are all too slow."""
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",  # any 16 bytes: RFC 6455's own example
}  # fmt: skip


async def sarvam(around: Surroundings) -> Finding:
    """Have one word spoken by request: that a key is good, and that there is credit, is known only then."""
    url, settings = around.tts_url, around.settings
    if problem := around.address_problem(url):
        raise NotLooked(problem)
    began_at = time.monotonic()
    try:
        status, text = await _spoken_by_request(around, KEY_TEXT, ENGLISH)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise unreachable(around.variable_of(url), url, error) from None
    if status in (400, 422):  # the key is good: what is wrong with this voice or model is for `voices` to tell
        return Finding("takes the key")
    if status in (404, 405) or (status == 200 and '"audios"' not in text):
        raise Wrong(
            f"what answers at {around.variable_of(url)} does not speak Sarvam's protocol (HTTP {status})",
            f"Leave {around.variable_of(url)} empty for Sarvam's own API",
        )
    if status != 200:
        raise refused("Sarvam", "SARVAM_API_KEY", status, text, WHERE)
    around.spending.spoke(settings.tts.model, len(KEY_TEXT))
    return Finding("takes the key, and there is credit", {"request_seconds": round(time.monotonic() - began_at, 3)})


async def _spoken_by_request(around: Surroundings, text: str, language: str) -> tuple[int, str]:
    """Have a text spoken, not on a socket; returns the status and the body of the answer."""
    settings = around.settings.tts
    body = {
        "target_language_code": language, "text": text, "model": settings.model,
        "speaker": voice_for(settings, language),
    }  # fmt: skip
    limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    url = f"{around.tts_url}/text-to-speech"
    async with around.http.post(url, json=body, headers=_key(around), timeout=limit) as answer:
        return answer.status, await answer.text()


def _key(around: Surroundings) -> dict[str, str]:
    return {"api-subscription-key": around.settings.sarvam.api_key.get_secret_value()}


async def hears(around: Surroundings) -> Finding:
    """Say a sentence to the recogniser, as a call does, and wait for its words."""
    if problem := around.address_problem(around.stt_url):
        raise NotLooked(problem)
    settings = around.settings.stt
    language = settings.language if settings.language in SUPPORTED else ENGLISH
    text = SAMPLE_TEXT if language == ENGLISH else voice_text(language)
    sound = await render_async(text, language, sample_rate=STT_HZ)
    recogniser = build_stt(settings, around.settings.sarvam)
    options = APIConnectOptions(max_retry=0, timeout=settings.connect_seconds)
    try:
        seconds, words = await _final(recogniser.stream(conn_options=options), sound, around)
    except (APIError, TimeoutError) as error:
        raise await _explained(around, "STT_MODEL", settings.model, around.stt_url, error) from None
    finally:
        with contextlib.suppress(Exception):
            await recogniser.aclose()
    assumed = BENCH.stt_end_of_speech_seconds + BENCH.stt_final_seconds
    told = f"{settings.model} heard {len(words.split())} words, {seconds:.2f} s after the last one"
    if seconds > SLOWEST_FINAL_SECONDS:
        raise _slow("the recogniser", told, assumed)
    return Finding(f"{told} (the bench assumes {assumed:.2f} s)", {"final_seconds": round(seconds, 3)})


async def _final(stream: stt.RecognizeStream, sound: npt.NDArray[np.int16], around: Surroundings) -> tuple[float, str]:
    """Send the sound at the pace of speech, then silence, until there are words; how long after the last voiced frame.

    Raises:
        APIError, TimeoutError: The recogniser fails, or says nothing.
    """
    per_frame = int(STT_HZ * FRAME_SECONDS)
    voiced = _last_voiced(sound, per_frame)
    spoken_at = asyncio.get_running_loop().create_future()
    sent_frames = 0

    async def send() -> None:
        nonlocal sent_frames
        frames = int(SAMPLE_SECONDS / FRAME_SECONDS)
        padded = np.concatenate([sound, np.zeros(frames * per_frame, np.int16)])
        began_at = time.monotonic()
        for number in range(frames):
            await asyncio.sleep(began_at + number * FRAME_SECONDS - time.monotonic())
            data = padded[number * per_frame : (number + 1) * per_frame].tobytes()
            stream.push_frame(rtc.AudioFrame(data, STT_HZ, 1, per_frame))
            sent_frames += 1
            if number == voiced:
                spoken_at.set_result(time.monotonic())

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(SAMPLE_SECONDS + ONE_TRY_SECONDS):
            async for event in stream:
                words = event.alternatives[0].text if event.alternatives else ""
                if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT and words and spoken_at.done():
                    return time.monotonic() - spoken_at.result(), words
        raise TimeoutError
    finally:
        sending.cancel()
        around.spending.heard(around.settings.stt.model, sent_frames * FRAME_SECONDS)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(stream.aclose(), 1.0)


def _last_voiced(sound: npt.NDArray[np.int16], per_frame: int) -> int:
    """The number of the last frame with a voice in it."""
    frames = [sound[begin : begin + per_frame].astype(np.float64) for begin in range(0, len(sound), per_frame)]
    return max(number for number, frame in enumerate(frames) if np.sqrt(np.mean(frame**2)) > VOICED_RMS)


async def speaks(around: Surroundings) -> Finding:
    """Have each language's voice say a word, one after the other on one socket, as the replies of a call."""
    if problem := around.address_problem(around.tts_url):
        raise NotLooked(problem)
    settings = around.settings.tts
    tts = build_tts(settings, around.settings.sarvam, ENGLISH, around.http)
    voice = SarvamVoice(tts, settings, around.settings.sarvam)
    seconds: dict[str, float] = {}
    failed: dict[str, Wrong] = {}
    hanging = 0
    try:
        for language in SUPPORTED:
            voice.speak_in(language)
            try:
                seconds[language] = await _first_sound(tts, voice_text(language), around)
                hanging = 0
            except (APIError, TimeoutError) as error:
                failed[language] = await _explained(
                    around, "TTS_MODEL", settings.model, around.tts_url, error, speaking=language
                )
                hanging += isinstance(error, TimeoutError | APITimeoutError)
                if hanging == HANGING_VOICES_MAX:
                    break
            if len(seconds) == SLOW_VOICES_MAX and min(seconds.values()) > SLOWEST_VOICE_SECONDS:
                break
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(tts.aclose(), 1.0)
    if failed:
        raise _voices_wrong(around, failed, seconds)
    return _voices_good(around, seconds)


async def _first_sound(tts: Any, text: str, around: Surroundings) -> float:
    options = APIConnectOptions(max_retry=0, timeout=around.settings.tts.first_byte_seconds)
    around.spending.spoke(around.settings.tts.model, len(text))
    stream = tts.stream(conn_options=options)
    began_at = time.monotonic()
    try:
        async with asyncio.timeout(ONE_TRY_SECONDS):
            stream.push_text(text)
            stream.end_input()
            first: float | None = None
            async for _ in stream:  # to its end: a socket with a rest of sound in it would not be used again
                first = first or time.monotonic() - began_at
        if first is None:
            raise TimeoutError
        return first
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(stream.aclose(), 1.0)


def _voices_wrong(around: Surroundings, failed: dict[str, Wrong], seconds: dict[str, float]) -> Wrong:
    named = ", ".join(f"{language} ({voice_for(around.settings.tts, language)})" for language in failed)
    first = next(iter(failed.values()))
    rest = f"; the other {len(seconds)} speak" if seconds else ""
    return Wrong(f"no sound in {named}: {first.what}{rest}", first.do)


def _voices_good(around: Surroundings, seconds: dict[str, float]) -> Finding:
    middle, assumed = statistics.median(seconds.values()), BENCH.tts_first_byte_seconds
    slowest = max(seconds, key=lambda language: seconds[language])
    told = (
        f"{around.settings.tts.model} speaks {len(seconds)} languages, first sound after {middle:.2f} s in the middle, "
        f"{seconds[slowest]:.2f} s in {slowest}"
    )
    if middle > SLOWEST_VOICE_SECONDS:
        raise _slow("the voice", told, assumed)
    figures = {"first_sound_seconds": {language: round(each, 3) for language, each in seconds.items()}}
    return Finding(f"{told} (the bench assumes {assumed:.2f} s)", figures)


def _slow(what: str, told: str, assumed: float) -> Wrong:
    return Wrong(
        f"{what} is slow: {told}; the bench assumes {assumed:.2f} s",
        "Callers would wait: try again at another hour, run the worker nearer to Sarvam (Mumbai), and see "
        "docs/performance.md for settings that trade speed",
    )


async def _explained(
    around: Surroundings, variable: str, model: str, url: str, error: BaseException, *, speaking: str = ""
) -> Wrong:
    """Say why the recogniser or the voice fails: asked again where the plugin has dropped the reason.

    Args:
        speaking: The language that the voice was to speak.
    """
    if isinstance(error, TimeoutError | APITimeoutError):
        return Wrong(
            f"{model} is connected and says nothing",
            "Try again; if it stays so, look at Sarvam's status page: callers would hear an apology",
        )
    handshake = next((each for each in chain(error) if isinstance(each, aiohttp.WSServerHandshakeError)), None)
    if handshake is not None:
        status, said = await _why_no_socket(around, str(handshake.request_info.real_url), handshake.status)
    elif isinstance(error, APIStatusError) and speaking and 400 <= error.status_code < 500:
        status, said = await _why_no_voice(around, speaking, error.status_code)
    elif isinstance(error, APIStatusError):
        status, said = error.status_code, f"{error.message} {error.body or ''}"
    elif isinstance(error, APIConnectionError):
        return unreachable(around.variable_of(url), url, error)
    else:
        status, said = 200, str(error)
    if status in (429, 401, 403) or 500 <= status < 600:
        return refused("Sarvam", "SARVAM_API_KEY", status, said, WHERE)
    if status == 200 or 1000 <= status < 1100:
        return Wrong(
            f"{model} gives no answer: {quoted(said)}",
            "Try again; if it stays so, look at Sarvam's status page: callers would hear an apology",
        )
    return _model_or_voice(variable, model, quoted(said))


def _model_or_voice(variable: str, model: str, said: str) -> Wrong:
    if "peaker" in said or "voice" in said.lower():
        return Wrong(
            f"{model} does not know the voice: {said}",
            "Name one that it has for this language in TTS_VOICES; `make drift` compares all of them",
        )
    return Wrong(
        f"{model} is refused: {said}",
        f"Set {variable} to a model that is offered; `make drift` says what else has moved",
    )


async def _why_no_voice(around: Surroundings, language: str, status: int) -> tuple[int, str]:
    """Ask the same voice for the same word by request: its refusal is in words."""
    try:
        answered, text = await _spoken_by_request(around, voice_text(language), language)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return status, ""
    return (answered, text) if answered >= 400 else (status, "")


async def _why_no_socket(around: Surroundings, url: str, status: int) -> tuple[int, str]:
    """Ask for the same socket once more by hand, to read the refusal's words."""
    limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    try:
        async with around.http.get(for_requests(url), headers=_key(around) | UPGRADE, timeout=limit) as answer:
            return answer.status, await answer.text()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return status, ""
