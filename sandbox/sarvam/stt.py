"""Stand in for Sarvam's speech-to-text: the WebSocket that streams a call, and the REST request for one recording."""

import base64
import binascii
import contextlib
import io
import json
import time
import wave
from collections.abc import Mapping
from typing import Any

import numpy as np
from aiohttp import BodyPartReader, WSMsgType, web

from sandbox.control.catalogue import Catalogue
from sandbox.control.scopes import Scope
from sandbox.control.vendor import (
    MESSAGES,
    SARVAM_CODES,
    Refused,
    abort,
    answer,
    before_answering,
    closed_when_told,
    now,
    request_id,
    sarvam_error,
    sarvam_scope,
    until,
)
from sandbox.sarvam.listening import Heard, Listening
from sandbox.speech.recogniser import recognise_async
from sandbox.speech.voice_activity import Samples

MODELS = ("saaras:v4", "saaras:v3")
KEYTERM_CHARS_MAX = 64
MODES = ("transcribe", "translate", "verbatim", "translit", "codemix")
LANGUAGES = tuple(
    """hi-IN bn-IN kn-IN ml-IN mr-IN od-IN pa-IN ta-IN te-IN en-IN gu-IN as-IN ur-IN ne-IN kok-IN ks-IN sd-IN sa-IN
    sat-IN mni-IN brx-IN mai-IN doi-IN""".split()  # noqa: SIM905
)
SAMPLE_RATES = (8000, 16000)
REST_LIMIT_SECONDS = 30.0
# Undocumented by the vendor; 1000 is the worst for a client, as it looks like a normal end.
IDLE_CLOSE_CODE = 1000


class SttSocket:
    """The frames of `/speech-to-text/ws`."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request, self._socket = request, socket
        self._id = request_id()

    async def speech_started(self, at: float) -> None:
        await self._signal("START_SPEECH")

    async def speech_ended(self, at: float) -> None:
        await self._signal("END_SPEECH")

    async def partial(self, heard: Heard) -> None:
        """This socket has none."""

    async def final(self, heard: Heard) -> None:
        data = {
            "request_id": self._id,
            "transcript": heard.text,
            "timestamps": None,
            "diarized_transcript": None,
            "language_code": heard.language,
            "language_probability": heard.probability,
            "metrics": {
                "audio_duration": round(heard.seconds, 3),
                "processing_latency": round(heard.processing_seconds, 3),
            },
        }
        await self._send({"type": "data", "data": data})

    async def malformed(self) -> None:
        await self._send_text('{"type": "data", "data": {"transcript": "cut sh')

    async def refuse(self, status: int) -> None:
        await self.error(MESSAGES[status], SARVAM_CODES[status])
        await self.close(1008 if status < 500 else 1011)

    async def error(self, message: str, code: str) -> None:
        await self._send({"type": "error", "data": {"error": message, "code": code}})

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)

    def drop(self) -> None:
        abort(self._request)

    async def _signal(self, signal: str) -> None:
        data = {
            "event_type": "speech_signal",
            "timestamp": None,
            "signal_type": signal,
            "occured_at": time.time(),  # spelled like this by the service
        }
        await self._send({"type": "events", "data": data})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(json.dumps(message, ensure_ascii=False))

    async def _send_text(self, text: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(text)


async def stream(request: web.Request) -> web.StreamResponse:
    """`GET /speech-to-text/ws`."""
    scope = sarvam_scope(request)
    await before_answering(scope, "stt", sarvam_error)
    language, sample_rate = _checked_query(request, scope.catalogue)
    socket = web.WebSocketResponse(max_msg_size=4 * 1024 * 1024)
    await socket.prepare(request)
    wire = SttSocket(request, socket)
    listening = Listening(scope, wire, sample_rate, language)
    scope.log(
        "stt", "opened", model=request.query.get("model"), language=language or "unknown",
        keyterms=request.query.get("keyterms"),
    )  # fmt: skip
    try:
        await _serve(scope, socket, wire, listening)
    finally:
        scope.log("stt", "closed", code=socket.close_code)
    return socket


async def _serve(scope: Scope, socket: web.WebSocketResponse, wire: SttSocket, listening: Listening) -> None:
    last_message_at = now()

    def idle_since(strict: bool) -> float:
        return listening.last_speech_at if strict else last_message_at

    try:
        async with closed_when_told(scope, "stt", wire.close, idle_since, IDLE_CLOSE_CODE):
            async for message in socket:
                last_message_at = now()
                if message.type is WSMsgType.TEXT:
                    await _hear(scope, wire, listening, message.data)
    finally:
        listening.close()


async def _hear(scope: Scope, wire: SttSocket, listening: Listening, text: str) -> None:
    try:
        message = json.loads(text)
        kind = message.get("type")
        samples = pcm_samples(base64.b64decode(message["audio"]["data"], validate=True)) if kind is None else None
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        await wire.error("Invalid message: expected JSON with audio.data in base64", "invalid_request_error")
        return
    if samples is not None:
        await listening.feed(samples)
    elif kind == "flush":
        await listening.flush()
    elif kind == "end_of_stream":
        await listening.finish()
        if scope.fault("stt", "no_close") is None:
            await wire.close(1000)
    elif kind != "config":
        await wire.error(f"Unknown message type {kind!r}", "invalid_request_error")


def pcm_samples(data: bytes) -> Samples:
    """16-bit samples; the plugin sends no RIFF header in spite of `audio/wav`, other clients may."""
    if data[:4] == b"RIFF":
        begin = data.find(b"data")
        data = data[begin + 8 :] if begin > 0 else b""
    samples: Samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)
    return samples


def _checked_query(request: web.Request, catalogue: Catalogue) -> tuple[str | None, int]:
    query, models = request.query, catalogue.offered(MODELS)
    language, model = query.get("language-code", "unknown"), query.get("model", "saaras:v4")
    _require(model in models, f"model must be one of {', '.join(models)}, not {model!r}")
    _require(query.get("mode", "transcribe") in MODES, f"mode must be one of {', '.join(MODES)}")
    known = language == "unknown" or language in LANGUAGES
    _require(known, f"language-code {language!r} is not supported by {model}")
    problem = keyterms_problem(query, model, catalogue.keyterms_max)
    _require(problem is None, problem or "")
    rate = query.get("sample_rate", "16000")
    _require(rate in map(str, SAMPLE_RATES), f"sample_rate must be 8000 or 16000, not {rate!r}")
    return (None if language == "unknown" else language), int(rate)


def keyterms_problem(query: Mapping[str, str], model: str, most: int) -> str | None:
    """What is wrong with `keyterms` (docs.sarvam.ai, "Keyterm Prompting", 2026-09-22); None when nothing is."""
    if "keyterms" not in query:
        return None
    if model != "saaras:v4":
        return f"keyterms is not supported by {model}"
    try:
        terms = json.loads(query["keyterms"])
    except ValueError:
        terms = None
    if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
        return "keyterms must be a JSON list of strings"
    if len(terms) > most or any(len(term) > KEYTERM_CHARS_MAX for term in terms):
        return f"keyterms takes up to {most} terms of {KEYTERM_CHARS_MAX} characters"
    return None


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise Refused(sarvam_error(400, message))


async def transcribe(request: web.Request) -> web.StreamResponse:
    """`POST /speech-to-text`, multipart."""
    scope = sarvam_scope(request)
    await before_answering(scope, "stt", sarvam_error)
    fields, recording = await _form(request)
    language = fields.get("language_code", "unknown")
    models = scope.catalogue.offered(MODELS)
    _require(fields.get("model", "saaras:v4") in models, f"model must be one of {', '.join(models)}")
    _require(language == "unknown" or language in LANGUAGES, f"language_code {language!r} is not supported")
    samples, rate = _wav(recording)
    _require(len(samples) <= REST_LIMIT_SECONDS * rate, "the audio is longer than 30 seconds")
    due_at = now() + scope.settings.stt_final_seconds * scope.slow("stt")
    if scope.queue:
        entry = scope.queue.popleft()
        text, heard_language, probability = entry.text, entry.language, entry.probability
    else:
        recognised = await recognise_async(samples, rate)
        text, heard_language, probability = recognised.text, "en-IN", recognised.probability
    await until(due_at)
    fault = scope.fault("stt", "empty", "malformed", "stall", "drop")
    if fault is not None and fault.name == "empty":
        text = ""
    named = language != "unknown"
    scope.log("stt", "transcript", text=text, language=heard_language, rest=True)
    body = {
        "request_id": request_id(),
        "transcript": text,
        "timestamps": None,
        "diarized_transcript": None,
        "language_code": language if named else heard_language,
        "language_probability": None if named else probability,
    }
    return await answer(request, body, fault)


async def _form(request: web.Request) -> tuple[dict[str, str], bytes]:
    _require(request.content_type == "multipart/form-data", "the request must be multipart/form-data")
    fields: dict[str, str] = {}
    recording: bytes | None = None
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file":
            recording = bytes(await part.read())
        else:
            fields[part.name or ""] = await part.text()
    if recording is None:
        raise Refused(sarvam_error(400, "the form field 'file' is missing"))
    return fields, recording


def _wav(recording: bytes) -> tuple[Samples, int]:
    try:
        with wave.open(io.BytesIO(recording)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
            return samples[:: file.getnchannels()], file.getframerate()
    except (wave.Error, EOFError, ValueError):
        raise Refused(sarvam_error(400, "the file is not a WAV recording")) from None
