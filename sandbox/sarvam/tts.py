"""Stand in for Sarvam's text-to-speech: the WebSocket that streams a reply's audio, and the REST request."""

import asyncio
import base64
import contextlib
import json
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.control.scopes import CLOSE_FAULTS, STATUS_FAULTS, Fault, Scope, held
from sandbox.control.vendor import (
    MESSAGES,
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
from sandbox.sarvam.tts_request import REST_RATES, STREAM_RATES, BadSpeech, Speech, checked_speech
from sandbox.sarvam.voices import SPEAKERS
from sandbox.speech.audio_codecs import CONTENT_TYPES, Encoder, encode

REST_LIMIT_CHARACTERS = 2500
FIRST_PIECE_SECONDS = 0.1
PIECE_SECONDS = 0.2
IDLE_CLOSE_CODE = 1000


class TtsSocket:
    """One connection of `/text-to-speech/ws`: segment after segment of config, texts and a flush."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, scope: Scope) -> None:
        self._request, self._socket, self._scope = request, socket, scope
        self._model = request.query.get("model", scope.catalogue.default_tts_model)
        self._completion = request.query.get("send_completion_event", "false").lower() == "true"
        self._segment: Segment | None = None
        self._speech: Speech | None = None
        self.last_message_at = now()
        self.last_text_at = now()

    async def hear(self, text: str) -> None:
        self.last_message_at = now()
        try:
            message = json.loads(text)
            kind, data = message.get("type"), message.get("data") or {}
        except (ValueError, AttributeError):
            await self.error("Invalid message: expected a JSON object", 422)
            return
        if kind == "config":
            await self._configure(data)
        elif kind == "text":
            await self._speak(data)
        elif kind == "flush":
            if self._segment is not None:
                self._segment.flush()
        elif kind != "ping":
            await self.error(f"Unknown message type {kind!r}", 422)

    async def error(self, message: str, code: int | None = None) -> None:
        """As the service does: schema errors carry a code, others have it in front of the message."""
        data: dict[str, Any] = {"message": message, "request_id": request_id()}
        if code is not None:
            data["code"] = code
        await self.send({"type": "error", "data": data})

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)

    def drop(self) -> None:
        abort(self._request)

    async def send(self, message: dict[str, Any]) -> None:
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(text)

    def gone(self) -> None:
        if self._segment is not None:
            self._segment.cancel()

    async def _configure(self, data: Mapping[str, Any]) -> None:
        try:
            self._speech = checked_speech(data, self._model, STREAM_RATES, self._scope.catalogue)
        except BadSpeech as problem:
            self._speech = None
            await self.error(f"400: {problem}")
            return
        self.gone()
        self._segment = None

    async def _speak(self, data: Mapping[str, Any]) -> None:
        self.last_text_at = now()
        text = data.get("text")
        if not isinstance(text, str):
            await self.error("data.text must be a string", 422)
            return
        if self._speech is None:
            await self.error("400: the first message must be a config")
            return
        if self._segment is None or self._segment.flushed:
            self._segment = Segment(self._scope, self, self._speech, self._completion, self._segment)
        self._segment.add(text)


class SegmentBroken(Exception):
    """A fault has ended the segment; nothing more is sent for it."""


class Segment:
    """One reply's audio: texts come in, pieces of sound go out at the moments that the settings give."""

    def __init__(
        self, scope: Scope, wire: TtsSocket, speech: Speech, completion: bool, before: "Segment | None"
    ) -> None:
        self._scope, self._wire, self._speech, self._completion = scope, wire, speech, completion
        self._before = before
        self._id = request_id()
        self._buffer = ""
        self._chunks: asyncio.Queue[tuple[str, float] | None] = asyncio.Queue()
        self._slow = scope.slow("tts")
        self._fault: Fault | None = None
        self._pieces = 0
        self._seconds = 0.0
        self._ready_at = 0.0
        self.flushed = False
        self._encoder = Encoder(speech.codec, speech.sample_rate)
        self.task = asyncio.create_task(self._until_broken())

    def add(self, text: str) -> None:
        """Buffer a text; synthesis starts when the buffer is full, or at the flush."""
        self._buffer += text if not self._buffer or self._buffer[-1].isspace() else f" {text}"
        if len(self._buffer) >= self._speech.min_buffer_characters:
            self._synthesise_buffer()

    def flush(self) -> None:
        if self.flushed:
            return
        self._synthesise_buffer()
        self.flushed = True
        self._chunks.put_nowait(None)

    def cancel(self) -> None:
        if not self.task.done():
            self._scope.log("tts", "cancelled", segment=self._id, seconds=round(self._seconds, 2))
            self.task.cancel()

    def _synthesise_buffer(self) -> None:
        text, self._buffer = self._buffer.strip(), ""
        due_at = now() + self._scope.settings.tts_first_byte_seconds * self._slow
        for piece in textwrap.wrap(text, self._speech.max_chunk_characters, break_long_words=False):
            self._chunks.put_nowait((piece, due_at))

    async def _until_broken(self) -> None:
        with contextlib.suppress(SegmentBroken):
            await self._run()

    async def _run(self) -> None:
        if self._before is not None:
            await asyncio.wait([self._before.task])
        self._fault = self._scope.fault(
            "tts", *STATUS_FAULTS, *CLOSE_FAULTS, "hang", "stall", "drop", "malformed", "empty", phase="stream"
        )
        if await self._disturbed_before_audio():
            return
        while (chunk := await self._chunks.get()) is not None:
            await self._say(*chunk)
        self._ready_at = max(self._ready_at, now())
        rest = self._encoder.finish()
        if rest and not self._is("empty"):
            await self._audio(rest)
        self._scope.log("tts", "finished", segment=self._id, seconds=round(self._seconds, 2))
        if self._completion and self._scope.fault("tts", "no_completion") is None:
            data = {"event_type": "final", "message": "Generation complete", "timestamp": time.time()}
            await self._wire.send({"type": "event", "data": data})

    async def _disturbed_before_audio(self) -> bool:
        fault = self._fault
        if fault is not None and fault.name in STATUS_FAULTS:
            status = STATUS_FAULTS[fault.name]
            await self._wire.error(MESSAGES[status], status)
            return True
        if fault is not None and fault.name == "hang":
            await held(fault)
        return False

    async def _say(self, text: str, due_at: float) -> None:
        speech = self._speech
        self._log_text(text)
        if self._is("empty"):
            return
        samples = await speech.render(text)
        self._ready_at = max(self._ready_at, due_at, now())
        realtime_factor = self._scope.settings.tts_realtime_factor * self._slow
        begin = 0
        while begin < len(samples):
            seconds = FIRST_PIECE_SECONDS if self._pieces == 0 else PIECE_SECONDS
            piece = samples[begin : begin + int(seconds * speech.sample_rate)]
            begin += len(piece)
            await until(self._ready_at)
            if await self._disturbed_in_audio():
                raise SegmentBroken
            await self._audio(self._encoder.push(piece))
            self._pieces += 1
            self._seconds += len(piece) / speech.sample_rate
            self._ready_at += len(piece) / speech.sample_rate * realtime_factor

    async def _disturbed_in_audio(self) -> bool:
        """Apply the faults of the middle, once there has been sound; True when there will be no more."""
        fault = self._fault
        if fault is None or self._pieces == 0:
            return False
        self._fault = None
        if fault.name == "stall":
            await held(fault)
        elif fault.name == "malformed":
            await self._wire.send_text('{"type": "audio", "data": {"audio": "AAAA')
        elif fault.name == "drop":
            self._wire.drop()
            return True
        elif fault.name in CLOSE_FAULTS:
            await self._wire.close(CLOSE_FAULTS[fault.name])
            return True
        return False

    async def _audio(self, sound: bytes) -> None:
        if not sound:
            return
        if self._pieces == 0:
            self._scope.log("tts", "first_audio", segment=self._id)
        data = {
            "content_type": CONTENT_TYPES[self._speech.codec],
            "audio": base64.b64encode(sound).decode(),
            "request_id": self._id,
        }
        await self._wire.send({"type": "audio", "data": data})

    def _is(self, fault: str) -> bool:
        return self._fault is not None and self._fault.name == fault

    def _log_text(self, text: str) -> None:
        speech = self._speech
        self._scope.log(
            "tts",
            "speak",
            segment=self._id,
            text=text,
            language=speech.language,
            speaker=speech.speaker,
            model=speech.model,
            pace=speech.pace,
            codec=speech.codec,
            sample_rate=speech.sample_rate,
            dict_id=speech.dict_id,
        )


async def stream(request: web.Request) -> web.StreamResponse:
    """`GET /text-to-speech/ws`, and `/ws/v2` for bulbul:v4-flash."""
    scope = sarvam_scope(request)
    await before_answering(scope, "tts", sarvam_error)
    _check_path(request, scope)
    socket = web.WebSocketResponse(max_msg_size=4 * 1024 * 1024)
    await socket.prepare(request)
    scope.log("tts", "opened", model=request.query.get("model"))
    wire = TtsSocket(request, socket, scope)
    try:
        await _serve(scope, socket, wire)
    finally:
        scope.log("tts", "closed", code=socket.close_code)
    return socket


async def _serve(scope: Scope, socket: web.WebSocketResponse, wire: TtsSocket) -> None:
    def idle_since(strict: bool) -> float:
        return wire.last_text_at if strict else wire.last_message_at

    try:
        async with closed_when_told(scope, "tts", wire.close, idle_since, IDLE_CLOSE_CODE):
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await wire.hear(message.data)
    finally:
        wire.gone()


def _check_path(request: web.Request, scope: Scope) -> None:
    model = request.query.get("model", scope.catalogue.default_tts_model)
    if model not in (offered := scope.catalogue.offered(tuple(SPEAKERS))):
        raise Refused(sarvam_error(400, f"Model {model!r} does not exist. Available: {', '.join(offered)}"))
    if (model == "bulbul:v4-flash") != request.path.endswith("/v2"):
        right = "/text-to-speech/ws/v2" if model == "bulbul:v4-flash" else "/text-to-speech/ws"
        raise Refused(sarvam_error(400, f"{model} is served at {right}"))


async def synthesise(request: web.Request) -> web.StreamResponse:
    """`POST /text-to-speech`."""
    scope = sarvam_scope(request)
    await before_answering(scope, "tts", sarvam_error)
    speech, text = await _checked_body(request, scope)
    details = {"language": speech.language, "speaker": speech.speaker, "model": speech.model}
    scope.log("tts", "speak", rest=True, text=text, codec=speech.codec, pace=speech.pace, **details)
    slow = scope.slow("tts")
    began_at, settings = now(), scope.settings
    samples = await speech.render(text)
    seconds = len(samples) / speech.sample_rate
    await until(began_at + (settings.tts_first_byte_seconds + settings.tts_realtime_factor * seconds) * slow)
    fault = scope.fault("tts", "empty", "malformed", "stall", "drop")
    sound = await asyncio.to_thread(encode, samples, speech.codec, speech.sample_rate)
    audios = [] if fault is not None and fault.name == "empty" else [base64.b64encode(sound).decode()]
    return await answer(request, {"request_id": request_id(), "audios": audios}, fault)


async def _checked_body(request: web.Request, scope: Scope) -> tuple[Speech, str]:
    refuse: Callable[[str], Refused] = lambda message: Refused(sarvam_error(400, message))  # noqa: E731
    try:
        body = await request.json()
    except ValueError:
        raise refuse("the body is not JSON") from None
    if not isinstance(body, dict):
        raise refuse("the body must be a JSON object")
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise refuse("text must not be empty")
    if len(text) > REST_LIMIT_CHARACTERS:
        raise refuse(f"text has {len(text)} characters; {REST_LIMIT_CHARACTERS} are allowed")
    try:
        return checked_speech(body, scope.catalogue.default_tts_model, REST_RATES, scope.catalogue), text
    except BadSpeech as problem:
        raise refuse(str(problem)) from None
