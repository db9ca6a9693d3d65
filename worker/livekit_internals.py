"""Reaches into private parts of livekit-agents and its plugins: one function each, and nowhere else.

Apart, because these break with an upgrade and nothing else does: `tests/contracts` holds each function to the installed
packages within a second, and `make upgrade-check` runs that against the newest allowed. Each says why it is needed,
what there is in public, and what is lost when the private part is gone. Written against 1.8.9.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import AgentServer, AgentSession, llm
from livekit.agents.cli.log import setup_logging
from livekit.agents.inference_runner import _InferenceRunner
from livekit.agents.ipc import supervised_proc
from livekit.agents.utils import http_context
from livekit.agents.utils.aio.duplex_unix import DuplexClosed, _AsyncDuplex
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import _SpeechHandleContextVar
from livekit.agents.voice.transcription._speaking_rate import SpeakingRateStream
from livekit.rtc import _ffi_client


@dataclass(frozen=True, slots=True)
class EndedProcess:
    """Describes a call's process that is gone, as the worker's parent knows it."""

    job_id: str
    room: str
    agent_identity: str
    exit_code: int | None
    room_sid: str = ""
    metadata: str = ""
    """What its dispatch said."""


class SharedModel(Protocol):
    """What the framework runs in its one process for models that all calls of a worker share."""

    INFERENCE_METHOD: ClassVar[str]

    def initialize(self) -> None:
        """Get ready; the worker's start waits for it."""

    def run(self, data: bytes) -> bytes | None:
        """Answer one call; runs in a thread."""


_can_do_without: set[str] = set()


def share_model(model: type[SharedModel]) -> None:
    """Run a model that calls can do without in the process for shared models. Before the server runs, once or more.

    Public: `ctx.inference_executor` asks such a model; only plugins can register one. Without it: each call's process
    would hold the model and its runtime, 67 MB, of its own.
    """
    _InferenceRunner.registered_runners[model.INFERENCE_METHOD] = model  # type: ignore[assignment]
    _can_do_without.add(model.INFERENCE_METHOD)


def end_with_the_worker_quietly() -> None:
    """Let the process for shared models end without a traceback when the worker is gone before it. Called in there.

    Public: nothing. Without it: a worker that is told to stop while it starts prints a traceback of that process.
    """
    close = _AsyncDuplex.aclose

    async def close_what_may_be_closed(line: _AsyncDuplex) -> None:
        with contextlib.suppress(DuplexClosed):
            await close(line)

    _AsyncDuplex.aclose = close_what_may_be_closed  # type: ignore[assignment]


def inference_died(server: AgentServer) -> bool:
    """Return whether the process with the shared models (WORKER_TURN_DETECTOR=multilingual) is dead, for ever.

    Not where it holds only models that calls do without (`share_model`).

    Public: only the framework's own `GET /`, on a port that we do not open. Without it: health says `ok` for a worker
    whose every call would fail.
    """
    inference = getattr(server, "_inference_executor", None)
    if inference is None or inference.is_alive():
        return False
    models = set(getattr(inference, "_runners", ()))
    return not models or not models <= _can_do_without


def waits_for_assignment(server: AgentServer, job_id: str) -> bool:
    """Whether a job was accepted and LiveKit has not answered to that.

    LiveKit's server forgets a job that is not accepted within 3 s (livekit#4541) and tells nobody. Public:
    `AssignmentTimeoutError`, 7.5 s later. Without it: a call that was forgotten is offered again that much later.
    """
    return job_id in getattr(server, "_pending_assignments", {})  # made when the server runs


def is_out_of_reach(server: AgentServer) -> bool:
    """Return whether the server has lost LiveKit, or not found it yet.

    Public: `worker_registered` says when it was found, nothing says when it was lost. Without it: health says `ok`
    while no call can come.
    """
    return bool(server._connecting or server._connection_failed)


def on_connection_failed(failed: Callable[[Exception], None]) -> None:
    """Call `failed` with the error of every try to reach LiveKit.

    Public: nothing but a log line, which carries the error itself. Without it: a wrong key is tried for two minutes,
    and nobody is told that it is the key.
    """

    def look(record: logging.LogRecord) -> bool:
        error = getattr(record, "error", None)
        if isinstance(error, Exception) and record.getMessage().startswith("failed to connect to livekit"):
            failed(error)
        return True

    logging.getLogger("livekit.agents").addFilter(look)


def hear_ctrl_c_always() -> None:
    """Keep the framework from ignoring SIGINT while it starts a process, which takes seconds for the first one.

    Public: nothing. Without it: a Ctrl-C at that moment is lost. The started processes must not hear it for another
    reason then (worker.run).
    """
    supervised_proc._mask_ctrl_c = contextlib.nullcontext  # type: ignore[assignment]


def pids_of_calls(server: AgentServer) -> Iterator[int]:
    """Return the processes that carry a call now.

    Public: `active_jobs` has jobs without their processes. Without it: a stopping worker's calls are not handed over.
    """
    for process in server._proc_pool.processes:
        if process.running_job is not None and (pid := getattr(process, "pid", None)):
            yield pid


def on_call_process_closed(server: AgentServer, closed: Callable[[EndedProcess], None]) -> None:
    """Call `closed` for every process that ended with a call in it, however it ended.

    Public: nothing; the room learns of a killed agent after 20 s, and the framework sends nobody. Without it: callers
    whose agent crashed wait for a peer's watch.
    """

    def process_closed(process: Any) -> None:
        if (running := process.running_job) is not None:
            job, identity = running.job, running.accept_arguments.identity
            closed(EndedProcess(job.id, job.room.name, identity, process.exitcode, job.room.sid, job.metadata))

    server._proc_pool.on("process_closed", process_closed)


def on_job_launched(server: AgentServer, launched: Callable[[], None]) -> None:
    """Call `launched` whenever a process has been given a call.

    Public: nothing. Without it: processes are started while callers wait to be greeted.
    """
    server._proc_pool.on("process_job_launched", lambda _: launched())


def keep_idle_processes(server: AgentServer, processes: int) -> None:
    """Have so many processes ready for calls, up to the number that the server was made with.

    Public: `num_idle_processes`, once and for all. Without it: processes are started while callers wait to be greeted,
    and for lines that are taken.
    """
    server._proc_pool.set_target_idle_processes(processes)


def gate_callers_transcript(session: AgentSession[Any], may_send: Callable[[], bool]) -> bool:
    """Send the caller's transcript to the room only while `may_send` says so; False where there is none to send.

    Public: `output.set_transcription_enabled` for the agent's words; of the caller's, only to send none in a whole
    call. Without it: words are in the room before the caller has agreed to their being kept.
    """
    channel = getattr(getattr(session, "_room_io", None), "_user_transcript_ch", None)
    if channel is None:
        return False
    send = channel.send_nowait
    channel.send_nowait = lambda event: send(event) if may_send() else None
    return True


@contextlib.contextmanager
def nothing_said_is_told(session: AgentSession[Any]) -> Iterator[None]:
    """Keep what is said meanwhile out of `conversation_item_added`, and of the session's history.

    Public: nothing; a speech that is interrupted adds what of it was heard. Without it: half a word, said into a
    caller's pause, is told as the answer to half a sentence.
    """
    session._conversation_item_added = lambda message: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        del session._conversation_item_added


def go_on_with_turn(session: AgentSession[Any], words: str) -> None:
    """Put words in front of those of the caller's turn that is being heard.

    Public: nothing; a transcript that has them in front stands on the caller's screen twice. Without it: that.
    """
    recognition = getattr(getattr(session, "_activity", None), "_audio_recognition", None)
    if recognition is not None:
        recognition._audio_transcript = f"{words} {recognition._audio_transcript}".strip()


def speech_of_this_task() -> SpeechHandle | None:
    """The speech that the running node works for.

    Public: `RunContext.speech_handle`, for tools only; `AgentSession.current_speech` is another one while a reply is
    begun early. Without it: a reply is spoken in the language of whichever was begun last.
    """
    return _SpeechHandleContextVar.get(None)


def resume_paused_speech(session: AgentSession[Any]) -> None:
    """Let a speech go on that was paused for what wants no answer; nothing happens where none is paused.

    Public: `false_interruption_timeout`, for all sounds alike, and long enough for words to come. Without it: every
    "haan" is followed by that much silence.
    """
    activity = session._activity
    if activity is not None and activity._paused_speech is not None:
        activity._start_false_interruption_timer(0.0)


def begin_replies_early(session: AgentSession[Any], begin: bool) -> None:
    """Set whether replies are begun before the caller's turn is over, from the next transcript on.

    Public: the options of a session that has not started; `update_options` has no such one. Without it: a worker that
    is late goes on making replies of which many are thrown away.
    """
    session.options.preemptive_generation["enabled"] = begin


def estimate_speaking_rate_every(seconds: float, audio_output: Any) -> bool:
    """Set how often the transcript's pace is estimated; False where nothing is estimated.

    Public: nothing but switching the synchronised transcript off. Without it: a minute of speech costs 2 s of CPU.
    """
    synchronizer = getattr(audio_output, "_synchronizer", None)
    detector = getattr(getattr(synchronizer, "_opts", None), "speaking_rate_detector", None)
    options: Any = getattr(detector, "_opts", None)
    if not hasattr(options, "step_size"):
        return False
    options.step_size = seconds
    return True


def estimate_speaking_rate_in_one_go() -> None:
    """Make each estimate of the transcript's pace by one Fourier transform of all its frames.

    Public: nothing. Without it: 78 of them one after the other, in Python, twice a second while the agent speaks; the
    same pace for five times the CPU.
    """
    SpeakingRateStream._spectral_flux = _spectral_flux  # type: ignore[assignment, method-assign]


def _spectral_flux(_: SpeakingRateStream, audio: npt.NDArray[np.float32], sample_rate: int) -> float:
    """How much a voice's spectrum changes from frame to frame, as the framework reckons it."""
    length = int(sample_rate * 0.025)
    window = np.hanning(length)
    frames = np.lib.stride_tricks.sliding_window_view(audio, length)[:: length // 2] * window
    magnitudes = np.abs(np.fft.rfft(frames)) / np.sqrt(np.sum(window**2))
    changes = np.abs(np.diff(magnitudes, axis=0)).sum(axis=1)
    return float(changes.mean()) if len(changes) else 0.0


def point_sarvam_stt_at(http_url: str, websocket_url: str) -> None:
    """Send the recogniser's requests and sockets to these addresses.

    Public: `sarvam.STT(base_url=...)` is there and does nothing in 1.8.9. Without it: SARVAM_BASE_URL is ignored, and a
    sandbox's calls would go to Sarvam.
    """
    import livekit.plugins.sarvam.stt as sarvam_stt  # seconds of imports that only a call needs

    sarvam_stt.SARVAM_STT_BASE_URL = f"{http_url}/speech-to-text"
    sarvam_stt.SARVAM_STT_STREAMING_URL = f"{websocket_url}/speech-to-text/ws"


def ask_sarvam_stt_for(query: Mapping[str, str]) -> None:
    """Put these parameters into the address of every recogniser's socket that is opened from now on.

    Public: nothing in 1.8.9; the realtime recogniser's model is fixed there, and neither recogniser has `keyterms`
    (docs.sarvam.ai, changelog of 2026-09-03 and 2026-09-22). Without it: WORKER_KEYTERMS and `saaras:v4-realtime` are
    ignored. One set for the whole process, as the addresses are: a call has one recogniser.
    """
    import livekit.plugins.sarvam.stt as sarvam_stt
    import livekit.plugins.sarvam.stt_streaming as sarvam_stt_realtime

    for module, name in ((sarvam_stt, "_build_websocket_url"), (sarvam_stt_realtime, "_build_realtime_ws_url")):
        built = getattr(module, name)
        setattr(module, name, _AddressWith(query, getattr(built, "plain", built)))


def send_sarvam_stt_sound_as_it_comes() -> None:
    """Send the recogniser its sound as the bytes that it is.

    Public: nothing in 1.8.9; the plugin makes a list of numbers of each frame, and bytes of that. Without it: 3 % more
    CPU for a call.
    """
    import livekit.plugins.sarvam.stt as sarvam_stt

    sarvam_stt.SpeechStream._process_audio = _send_sound  # type: ignore[assignment, method-assign]


async def _send_sound(stream: Any, socket: Any) -> None:
    """Send what a recogniser's stream is given, in the plugin's own messages of the same length."""

    async def send(sound: bytearray) -> None:
        audio = {
            "data": base64.b64encode(sound).decode(),
            "encoding": stream._audio_encoding,
            "sample_rate": stream._opts.sample_rate,
        }
        await socket.send_str(json.dumps({"audio": audio}))

    length, unsent = 2 * stream._chunk_size, bytearray()
    async for frame in stream._input_ch:
        if isinstance(frame, rtc.AudioFrame):
            unsent += frame.data.cast("B")
            while len(unsent) >= length:
                await send(unsent[:length])
                del unsent[:length]
        elif isinstance(frame, stream._FlushSentinel):
            if unsent:
                await send(unsent)
                unsent.clear()
            if stream._opts.flush_signal:
                await socket.send_str(json.dumps({"type": "flush"}))
    await socket.send_str(stream._end_of_stream_msg)


class _AddressWith:
    """The plugin's own address of a socket, with more in its query."""

    def __init__(self, query: Mapping[str, str], plain: Callable[[str, Any], str]) -> None:
        self._query = dict(query)
        self.plain = plain

    def __call__(self, base_url: str, options: Any) -> str:
        address = urlsplit(self.plain(base_url, options))
        return address._replace(query=urlencode(dict(parse_qsl(address.query)) | self._query)).geturl()


def multilingual_weights() -> tuple[str, str]:
    """Return the hub's repository and revision of the turn-detector plugin's weights.

    Public: nothing; the plugin lets a worker start without them, and each call then dies in silence. Without it: that.
    """
    from livekit.plugins.turn_detector.models import HG_MODEL, MODEL_REVISIONS

    return HG_MODEL, MODEL_REVISIONS["multilingual"]


def preload_first_request() -> None:
    """Do once, in the fork server, what every call's first request would do: a TLS context (0.1 s), anyio's backend.

    And on a machine without certificates, point at certifi's: the framework does so in the parent only, and by then
    worker.fork_server has this process running. Public: nothing. Without it: a caller's first turn is that much later,
    and on such a machine no call reaches LiveKit.
    """
    import anyio._backends._asyncio  # noqa: F401

    http_context._set_default_cert_env()
    http_context._create_ssl_context()


def preload_voice_detector() -> None:
    """Load the voice detector's weights once for all calls.

    Public: LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE, which loads v1-mini's 243 MB with them, or neither. Without it: each
    call's process loads them.
    """
    from livekit import local_inference

    local_inference.init_vad()


def leave_small_talk_of_the_sdk_unread() -> None:
    """Drop what LiveKit's SDK logs below INFO before it is parsed. Before a room is made; once, for all calls.

    Public: nothing; `LIVEKIT_RTC_DEBUG` shows more of it. The SDK logs everything, each line is an event of its own for
    Python, and only there nearly all are dropped. Without it: 75 of them a second are parsed in every call, and 2500
    while one begins and its caller waits for a greeting, for three times the CPU.
    """
    hear = _ffi_client.ffi_event_callback
    logger = rtc.log.logger
    shows_debug = os.environ.get("LIVEKIT_RTC_DEBUG", "").strip().lower() in ("true", "1")

    def hear_unless_small_talk(event: Any, length: int) -> None:
        level = _level_of_log_line(ctypes.string_at(event, min(length, _ENOUGH_BYTES)), length)
        if level == _TRACE or (level == _DEBUG and not shows_debug and not logger.isEnabledFor(logging.DEBUG)):
            return
        hear(event, length)

    _ffi_client.ffi_event_callback = _ffi_client.ffi_cb_fnc(hear_unless_small_talk)


_LOGS, _RECORDS, _LEVEL = b"\x92\x01", 0x0A, 0x08  # how an `FfiEvent` of one `LogRecord` begins, around its lengths
_ENOUGH_BYTES = 24
_DEBUG, _TRACE = 3, 4


def _level_of_log_line(beginning: bytes, length: int) -> int | None:
    """Return the level of an event that is one line of the SDK's log; None for every other event."""
    if not beginning.startswith(_LOGS) or length < _ENOUGH_BYTES:
        return None
    _, at = _varint(beginning, len(_LOGS))
    if beginning[at] != _RECORDS:
        return None
    line_bytes, at = _varint(beginning, at + 1)
    return beginning[at + 1] if beginning[at] == _LEVEL and at + line_bytes == length else None


def _varint(encoded: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins there, and where what follows it begins."""
    value = shift = 0
    while True:
        byte = encoded[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def describe_tools_once() -> None:
    """Keep what a model is told of a tool: it is the same in every request.

    Public: `RawFunctionTool`, whose description is written by hand. Without it: each request, and the caller who waits
    for it, pay for building the same descriptions anew, a millisecond a tool.
    """
    build = llm.utils.build_strict_openai_schema
    if not hasattr(build, "cache_info"):
        llm.utils.build_strict_openai_schema = lru_cache(maxsize=256)(build)


def warm_client(model: llm.LLM[Any]) -> None:
    """Do the slow imports of the model client's first request before a caller waits for it.

    Public: `prewarm` asks the provider, which costs a request and does not import what a reply needs.
    """
    client = getattr(model, "_client", None)
    if client is not None:
        _ = client.chat.completions


def set_up_logging(level: str, *, dev: bool) -> None:
    """Set up the framework's own log lines: JSON in production, colour in `dev`.

    Public: only through its command line, which we do not use.
    """
    setup_logging(level, devmode=dev, console=False)
