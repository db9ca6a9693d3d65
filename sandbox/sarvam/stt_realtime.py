"""Stand in for Sarvam's realtime recogniser (saaras:v3-realtime, saaras:v4): partial words while one speaks."""

import base64
import binascii
import contextlib
import json
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from sandbox.control.scopes import Scope
from sandbox.control.vendor import (
    MESSAGES,
    Refused,
    abort,
    before_answering,
    closed_when_told,
    now,
    request_id,
    sarvam_error,
    sarvam_scope,
)
from sandbox.sarvam.listening import Heard, Listening
from sandbox.sarvam.stt import LANGUAGES, MODES, SAMPLE_RATES, keyterms_problem
from sandbox.speech.voice_activity import Samples

MODEL = "saaras:v3-realtime"
MODELS = (MODEL, "saaras:v4")
# Odia is or-IN here and od-IN everywhere else; "find out" is `auto` here and `unknown` elsewhere.
REALTIME_LANGUAGES = tuple("or-IN" if code == "od-IN" else code for code in LANGUAGES)
STREAM_TYPES = ("balanced", "fast", "simulated")
ENDPOINTING = ("vad", "manual")
ENCODINGS = ("linear16", "linear32", "mulaw", "alaw")
IDLE_CLOSE_CODE = 1008
_CHOICES = {
    "model": MODELS,
    "stream_type": STREAM_TYPES,
    "endpointing": ENDPOINTING,
    "encoding": ENCODINGS,
    "mode": MODES,
    "sample_rate": tuple(map(str, SAMPLE_RATES)),
    "language_code": ("auto", *REALTIME_LANGUAGES),
}
_DEFAULTS = {
    "model": MODEL,
    "stream_type": "balanced",
    "endpointing": "vad",
    "encoding": "linear16",
    "mode": "transcribe",
    "sample_rate": "16000",
    "language_code": "auto",
}
_UPDATABLE = ("language_code", "stream_type", "mode", "prompt", "endpointing", "threshold")
_VAD_NUMBERS = ("min_speech_duration_ms", "silence_duration_ms", "prefix_padding_ms")
_FATAL_CLOSE = {401: 1003, 403: 1003, 429: 1003, 500: 1011}


class RealtimeSocket:
    """The frames of `/speech-to-text-realtime/ws`."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request, self._socket = request, socket
        self._id = request_id()
        self._utterance = -1
        self.manual = False  # the client says when speech starts and ends, and is not told again

    async def begin(self, config: dict[str, Any]) -> None:
        await self.send({"event": "session.begin", "session_id": self._id, "config": config})

    async def speech_started(self, at: float) -> None:
        self._utterance += 1
        if self.manual:
            return
        await self.send({"event": "vad.speech_start", "utterance_idx": self._utterance, "start_s": round(at, 3)})

    async def speech_ended(self, at: float) -> None:
        if self.manual:
            return
        await self.send({"event": "vad.speech_end", "utterance_idx": self._utterance, "end_s": round(at, 3)})

    async def partial(self, heard: Heard) -> None:
        await self.send({"event": "transcript.partial", **self._words(heard)})

    async def final(self, heard: Heard) -> None:
        times = {"start_s": round(heard.started_at, 3), "end_s": round(heard.ended_at, 3)}
        await self.send({"event": "transcript.final", **self._words(heard), **times})

    async def malformed(self) -> None:
        await self._send_text('{"event": "transcript.final", "text": "cut sh')

    async def refuse(self, status: int) -> None:
        await self.error(MESSAGES[status], f"http_{status}", status, fatal=True)
        await self.close(_FATAL_CLOSE[status])

    async def error(self, message: str, code: str, status: int, *, fatal: bool) -> None:
        await self.send({"event": "error", "code": code, "message": message, "status_code": status, "is_fatal": fatal})

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)

    def drop(self) -> None:
        abort(self._request)

    async def send(self, message: dict[str, Any]) -> None:
        await self._send_text(json.dumps({"request_id": self._id, **message}, ensure_ascii=False))

    async def _send_text(self, text: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(text)

    def _words(self, heard: Heard) -> dict[str, Any]:
        language = "or-IN" if heard.language == "od-IN" else heard.language
        return {
            "utterance_idx": self._utterance,
            "text": heard.text,
            "language": language,
            "language_confidence": heard.probability,
        }


class Session:
    """One connection: its configuration, and what to do with each message."""

    def __init__(self, scope: Scope, wire: RealtimeSocket, config: dict[str, Any]) -> None:
        self._scope, self._wire, self._config = scope, wire, config
        self._sample_rate = int(config["sample_rate"])
        self._seconds = 0.0
        self.listening = Listening(scope, wire, self._sample_rate, _named(config["language_code"]), partials=True)
        self._use_endpointing()

    async def audio(self, data: bytes) -> None:
        samples = decoded(data, self._config["encoding"])
        self._seconds += len(samples) / self._sample_rate
        await self.listening.feed(samples)

    async def control(self, text: str) -> None:
        try:
            message = json.loads(text)
            event = message.get("event")
            if event == "audio_input":
                await self.audio(base64.b64decode(message["audio"], validate=True))
                return
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            await self._wire.error("invalid message", "invalid_message", 400, fatal=False)
            return
        if event == "config.update":
            await self._update(message)
        elif event == "speech_start":
            await self.listening.begin()
        elif event == "speech_end":
            await self.listening.flush()
        elif event == "ping":
            await self._wire.send({"event": "pong"})
        elif event == "end":
            await self._end()
        else:
            await self._wire.error(f"unknown event {event!r}", "invalid_message", 400, fatal=False)

    async def _update(self, message: dict[str, Any]) -> None:
        changes = {name: value for name, value in message.items() if name in (*_UPDATABLE, *_VAD_NUMBERS)}
        problem = _problem({**self._config, **changes}, self._scope)
        if problem:
            await self._wire.error(problem, "invalid_config", 400, fatal=False)
            return
        self._config.update(changes)
        self.listening.language = _named(self._config["language_code"])
        self._use_endpointing()
        applied = [f"{name}={value}" for name, value in changes.items()]
        await self._wire.send({"event": "config.updated", "applied": applied})

    async def _end(self) -> None:
        await self.listening.finish()
        await self._wire.send({"event": "session.end", "audio_duration_s": round(self._seconds, 3)})
        if self._scope.fault("stt", "no_close") is None:
            await self._wire.close(1000)

    def _use_endpointing(self) -> None:
        self._wire.manual = self.listening.manual = self._config["endpointing"] == "manual"
        asked_ms = self._config.get("silence_duration_ms")
        self.listening.end_of_speech_seconds = float(asked_ms) / 1000 if asked_ms is not None else None


async def stream(request: web.Request) -> web.StreamResponse:
    """`GET /speech-to-text-realtime/ws`."""
    scope = sarvam_scope(request)
    await before_answering(scope, "stt", sarvam_error)
    config: dict[str, Any] = {**_DEFAULTS, **request.query}
    problem = _problem(config, scope) or keyterms_problem(request.query, config["model"], scope.catalogue.keyterms_max)
    if problem:
        raise Refused(sarvam_error(400, problem))
    socket = web.WebSocketResponse(max_msg_size=4 * 1024 * 1024)
    await socket.prepare(request)
    wire = RealtimeSocket(request, socket)
    scope.log(
        "stt", "opened", model=config["model"], language=config["language_code"], realtime=True,
        keyterms=config.get("keyterms"), prompt=config.get("prompt"),
    )  # fmt: skip
    session = Session(scope, wire, config)
    await wire.begin(config)
    try:
        await _serve(scope, socket, wire, session)
    finally:
        scope.log("stt", "closed", code=socket.close_code)
    return socket


async def _serve(scope: Scope, socket: web.WebSocketResponse, wire: RealtimeSocket, session: Session) -> None:
    last_message_at = now()

    def idle_since(strict: bool) -> float:
        return session.listening.last_speech_at if strict else last_message_at

    try:
        async with closed_when_told(scope, "stt", wire.close, idle_since, IDLE_CLOSE_CODE):
            async for message in socket:
                last_message_at = now()
                if message.type is WSMsgType.BINARY:
                    await session.audio(message.data)
                elif message.type is WSMsgType.TEXT:
                    await session.control(message.data)
    finally:
        session.listening.close()


def decoded(data: bytes, encoding: str) -> Samples:
    """16-bit samples from what came over the wire."""
    if encoding == "linear32":
        wide = np.frombuffer(data[: len(data) // 4 * 4], dtype="<i4")
        return (wide >> 16).astype(np.int16)
    if encoding == "linear16":
        return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)
    return _TABLES[encoding][np.frombuffer(data, dtype=np.uint8)]


def _mulaw_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    size = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _alaw_table() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, (code & 0x0F) << 4
    size = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


_TABLES = {"mulaw": _mulaw_table(), "alaw": _alaw_table()}


def _named(language_code: str) -> str | None:
    if language_code == "auto":
        return None
    return "od-IN" if language_code == "or-IN" else language_code


def _problem(config: dict[str, Any], scope: Scope) -> str:
    for name, choices in _CHOICES.items():
        allowed = scope.catalogue.offered(choices)
        if str(config[name]) not in allowed:
            return f"{name} must be one of {', '.join(allowed)}, not {config[name]!r}"
    for name in _VAD_NUMBERS:
        try:
            if float(config.get(name, 0)) < 0:
                return f"{name} must not be negative"
        except (TypeError, ValueError):
            return f"{name} must be a number of milliseconds"
    return ""
