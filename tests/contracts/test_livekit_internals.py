"""What worker/livekit_internals.py reaches for is where it reaches, in the packages that are installed.

Within a second, against the real classes: after an upgrade each failure names one function, whose docstring says what
is lost and what there is in public.
"""

from __future__ import annotations

import ast
import asyncio
import ctypes
import importlib.util
import inspect
import json
import logging
import multiprocessing
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentServer, AgentSession, ChatMessage, llm, utils
from livekit.agents.inference_runner import _InferenceRunner
from livekit.agents.ipc import _preload as preload
from livekit.agents.ipc import proc_client, supervised_proc
from livekit.agents.ipc.inference_proc_executor import InferenceProcExecutor
from livekit.agents.ipc.proc_pool import ProcPool
from livekit.agents.utils import http_context
from livekit.agents.utils.aio.duplex_unix import DuplexClosed, _AsyncDuplex
from livekit.agents.voice.agent_activity import AgentActivity
from livekit.agents.voice.audio_recognition import AudioRecognition
from livekit.agents.voice.room_io import RoomIO
from livekit.agents.voice.transcription import TranscriptSynchronizer
from livekit.agents.voice.transcription._speaking_rate import SpeakingRateDetector, SpeakingRateStream
from livekit.plugins import openai
from livekit.rtc import _ffi_client
from livekit.rtc._proto import ffi_pb2

from worker import fork_server, livekit_internals
from worker.providers import sarvam_voices

ROOT = Path(__file__).parents[2]


class Loudness:
    """A shared model in miniature."""

    INFERENCE_METHOD = "loudness"

    def initialize(self):
        """There is nothing to load."""

    def run(self, data):
        return str(np.frombuffer(data, np.int16).max()).encode()


def test_a_server_says_which_jobs_wait_for_their_assignment():
    server = AgentServer()
    assert not livekit_internals.waits_for_assignment(server, "job")
    server._pending_assignments = {"job": None}
    assert livekit_internals.waits_for_assignment(server, "job")
    assert "_pending_assignments[job_req.id]" in inspect.getsource(AgentServer._answer_availability)


def test_a_server_says_whether_its_shared_models_are_dead():
    server = AgentServer()
    assert hasattr(InferenceProcExecutor, "is_alive")
    assert livekit_internals.inference_died(server) is False
    for alive in (True, False):
        server._inference_executor = SimpleNamespace(is_alive=lambda alive=alive: alive)
        assert livekit_internals.inference_died(server) is not alive


def test_a_dead_process_with_nothing_but_a_model_that_calls_do_without_is_no_dead_server(monkeypatch):
    monkeypatch.setattr(_InferenceRunner, "registered_runners", {})
    monkeypatch.setattr(livekit_internals, "_can_do_without", set())
    livekit_internals.share_model(Loudness)
    livekit_internals.share_model(Loudness)
    server = AgentServer()
    for models, dead in ((_InferenceRunner.registered_runners, False), ({"loudness": None, "needed": None}, True)):
        server._inference_executor = SimpleNamespace(is_alive=lambda: False, _runners=models)
        assert livekit_internals.inference_died(server) is dead
    assert "self._runners = runners" in inspect.getsource(InferenceProcExecutor)


async def test_the_process_for_shared_models_ends_quietly_when_the_worker_is_gone(monkeypatch):
    class Gone(_AsyncDuplex):
        """A line whose other end was reset."""

        def __init__(self):
            self.closed = 0

        async def aclose(self):
            self.closed += 1
            raise DuplexClosed

    monkeypatch.setattr(livekit_internals, "_AsyncDuplex", Gone)
    livekit_internals.end_with_the_worker_quietly()
    line = Gone()
    await line.aclose()
    assert line.closed == 1
    assert "await self._acch.aclose()" in inspect.getsource(proc_client)


@pytest.mark.processes
async def test_a_shared_model_answers_from_the_frameworks_process():
    executor = InferenceProcExecutor(
        runners={Loudness.INFERENCE_METHOD: Loudness}, initialize_timeout=60, close_timeout=10, memory_warn_mb=0,
        memory_limit_mb=0, ping_interval=5, ping_timeout=60, high_ping_threshold=60,
        mp_ctx=multiprocessing.get_context("forkserver"), loop=asyncio.get_running_loop(), http_proxy=None,
    )  # fmt: skip
    await executor.start()
    try:
        await executor.initialize()
        four_seconds = np.full(64000, 7, np.int16).tobytes()
        assert await executor.do_inference(Loudness.INFERENCE_METHOD, four_seconds) == b"7"
    finally:
        await executor.aclose()


def test_the_framework_itself_asks_the_same_attribute():
    """Set by hand above: a renamed attribute would go unseen if the framework did not read it under this name."""
    source = inspect.getsource(AgentServer)
    for name in ("_inference_executor", "_connecting", "_connection_failed", "_proc_pool"):
        assert f"self.{name}" in source, name


def test_a_server_says_whether_it_has_livekit():
    server = AgentServer()
    assert livekit_internals.is_out_of_reach(server) is False
    server._connecting = True
    assert livekit_internals.is_out_of_reach(server) is True
    server._connecting, server._connection_failed = False, True
    assert livekit_internals.is_out_of_reach(server) is True


async def _errors_of_one_try():
    """What a server that may try once is told by a port on which nothing listens."""
    errors = []
    server = AgentServer(
        ws_url="ws://127.0.0.1:1", api_key="key", api_secret="s" * 32, max_retry=1, port=0, num_idle_processes=0
    )

    async def never(ctx):
        pass

    server.rtc_session(never, agent_name="contract")
    livekit_internals.on_connection_failed(errors.append)
    with pytest.raises(RuntimeError, match="failed to connect to livekit"):
        await server.run()
    await server.aclose()
    return errors


def test_every_failed_try_to_reach_livekit_is_told_with_its_error():
    logger = logging.getLogger("livekit.agents")
    before, level = list(logger.filters), logger.level
    logger.setLevel(logging.WARNING)
    try:
        errors = asyncio.run(_errors_of_one_try())
    finally:
        logger.filters[:] = before
        logger.setLevel(level)
    assert [type(error) for error in errors] == [aiohttp.ClientConnectorError]


def test_ctrl_c_is_masked_where_it_is_unmasked(monkeypatch):
    assert "with _mask_ctrl_c():" in inspect.getsource(supervised_proc)
    monkeypatch.setattr(supervised_proc, "_mask_ctrl_c", supervised_proc._mask_ctrl_c)
    livekit_internals.hear_ctrl_c_always()
    before = signal.getsignal(signal.SIGINT)
    with supervised_proc._mask_ctrl_c():
        assert signal.getsignal(signal.SIGINT) is before


def test_the_pool_lists_processes_with_their_job_and_pid():
    assert isinstance(ProcPool.processes, property)
    from livekit.agents.ipc.job_proc_executor import ProcJobExecutor

    for name in ("running_job", "pid", "exitcode"):
        assert isinstance(inspect.getattr_static(ProcJobExecutor, name), property), name
    running = SimpleNamespace(running_job=object(), pid=7)
    idle = SimpleNamespace(running_job=None, pid=8)
    server = SimpleNamespace(_proc_pool=SimpleNamespace(processes=[running, idle]))
    assert list(livekit_internals.pids_of_calls(server)) == [7]


def test_the_pool_tells_of_a_process_that_ended_with_a_call_in_it():
    from livekit.agents.job import JobAcceptArguments, RunningJobInfo

    assert "process_closed" in inspect.getsource(inspect.getmodule(ProcPool))
    assert {"job", "accept_arguments"} <= set(RunningJobInfo.__dataclass_fields__)
    assert "identity" in JobAcceptArguments.__dataclass_fields__
    heard = []
    handlers = {}
    server = SimpleNamespace(_proc_pool=SimpleNamespace(on=handlers.__setitem__))
    livekit_internals.on_call_process_closed(server, heard.append)
    job = SimpleNamespace(id="J", room=SimpleNamespace(name="R", sid="RM_1"), metadata="sealed")
    running = SimpleNamespace(job=job, accept_arguments=SimpleNamespace(identity="agent"))
    handlers["process_closed"](SimpleNamespace(running_job=running, exitcode=-9))
    handlers["process_closed"](SimpleNamespace(running_job=None, exitcode=-9))
    assert heard == [livekit_internals.EndedProcess("J", "R", "agent", -9, "RM_1", "sealed")]


async def _step_after(seconds):
    from livekit.agents.voice import io

    class Output(io.AudioOutput):
        def __init__(self):
            super().__init__(label="contract", capabilities=io.AudioOutputCapabilities(pause=False))

        async def capture_frame(self, frame):
            await super().capture_frame(frame)

        def flush(self):
            super().flush()

        def clear_buffer(self):
            pass

    synchronizer = TranscriptSynchronizer(next_in_chain_audio=Output(), next_in_chain_text=None)
    found = livekit_internals.estimate_speaking_rate_every(seconds, synchronizer.audio_output)
    step = synchronizer._impl._audio_data.sr_stream._opts.step_size
    await synchronizer.aclose()
    return found, step


def test_the_transcripts_pace_is_estimated_as_often_as_asked():
    assert asyncio.run(_step_after(0.5)) == (True, 0.5)
    assert livekit_internals.estimate_speaking_rate_every(0.5, None) is False


@pytest.mark.parametrize("seconds", [1.0, 0.6, 0.03])
def test_the_transcripts_pace_in_one_go_is_the_frameworks_own(monkeypatch, seconds):
    stream = object.__new__(SpeakingRateStream)
    stream._opts = SpeakingRateDetector()._opts
    monkeypatch.setattr(SpeakingRateStream, "_spectral_flux", framework := SpeakingRateStream._spectral_flux)
    times = np.arange(int(24_000 * seconds)) / 24_000
    noise = np.random.default_rng(1).normal(0, 0.01, len(times))
    sound = (0.2 * np.sin(2 * np.pi * 3 * times) * np.sin(2 * np.pi * 210 * times) + noise).astype(np.float32)
    expected = framework(stream, sound, 24_000)
    livekit_internals.estimate_speaking_rate_in_one_go()
    assert SpeakingRateStream._spectral_flux is not framework
    assert stream._compute_speaking_rate(sound, 24_000) == pytest.approx(expected, rel=1e-9)


def test_the_recognisers_sockets_are_asked_for_more_in_their_address(monkeypatch):
    """The plugin fixes the realtime model, and has no keyterms; each socket has its address from one function."""
    import livekit.plugins.sarvam.stt as plugin
    import livekit.plugins.sarvam.stt_streaming as realtime

    for module, name in ((plugin, "_build_websocket_url"), (realtime, "_build_realtime_ws_url")):
        monkeypatch.setattr(module, name, getattr(module, name))
        assert f"ws_url = {name}(" in inspect.getsource(module), "what a stream opens is what is changed"
    livekit_internals.ask_sarvam_stt_for({"model": "another"})
    livekit_internals.ask_sarvam_stt_for({"keyterms": '["Zyntu & Co"]', "model": "saaras:v4"})
    options = realtime.RealtimeSTTOptions(language="auto", api_key="k")
    address = realtime._build_realtime_ws_url("ws://127.0.0.1:1/ws", options)
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["keyterms"] == '["Zyntu & Co"]'
    assert asked["model"] == "saaras:v4"
    assert asked["language_code"] == "auto"
    livekit_internals.ask_sarvam_stt_for({})
    assert "model=saaras%3Av3-realtime" in realtime._build_realtime_ws_url("ws://127.0.0.1:1/ws", options)


def test_the_realtime_recognisers_model_is_still_fixed_in_the_plugin():
    """The day this fails, `saaras:v4-realtime` no longer needs `ask_sarvam_stt_for`."""
    from livekit.plugins.sarvam.stt_streaming import RealtimeSTTOptions

    with pytest.raises(ValueError, match="model must be"):
        RealtimeSTTOptions(language="auto", api_key="k", model="saaras:v4")


def test_the_recognisers_addresses_are_globals_that_its_requests_read(monkeypatch):
    import livekit.plugins.sarvam.stt as plugin

    for name in ("SARVAM_STT_BASE_URL", "SARVAM_STT_STREAMING_URL"):
        monkeypatch.setattr(plugin, name, getattr(plugin, name))
        uses = [node for node in ast.walk(ast.parse(inspect.getsource(plugin))) if isinstance(node, ast.Name)]
        assert sum(node.id == name and isinstance(node.ctx, ast.Load) for node in uses) >= 1, name
    livekit_internals.point_sarvam_stt_at("http://127.0.0.1:1", "ws://127.0.0.1:1")
    assert plugin.SARVAM_STT_BASE_URL == "http://127.0.0.1:1/speech-to-text"
    assert plugin.SARVAM_STT_STREAMING_URL == "ws://127.0.0.1:1/speech-to-text/ws"


async def _messages_with(process_audio, *given):
    """What a recogniser's stream sends that is given this; one that stands for the plugin's own."""

    class Flush:
        pass

    async def input_channel():
        for each in given:
            yield Flush() if each == "flush" else rtc.AudioFrame(each, 16_000, 1, len(each) // 2)

    async def send(message):
        sent.append(message)

    sent = []
    stream = SimpleNamespace(
        _input_ch=input_channel(), _FlushSentinel=Flush, _chunk_size=800, _audio_encoding="audio/wav",
        _opts=SimpleNamespace(sample_rate=16_000, flush_signal=True), _end_of_stream_msg="end",
        _logger=logging.getLogger("nobody"), _build_log_context=dict,
    )  # fmt: skip
    await process_audio(stream, SimpleNamespace(send_str=send))
    return sent


@pytest.mark.parametrize(
    "samples", [[800, 800], [800, "flush"], [500, 500, "flush", 300], [1700, "flush", "flush"], [1, "flush"], []]
)
async def test_the_recognisers_sound_is_sent_in_the_plugins_own_messages(monkeypatch, samples):
    """Pins: a list of 800 numbers for each frame, 3 % of a call's CPU."""
    import livekit.plugins.sarvam.stt as plugin

    spec = importlib.util.spec_from_file_location("livekit.plugins.sarvam.as_it_came", plugin.__file__)
    as_it_came = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, as_it_came)
    spec.loader.exec_module(as_it_came)
    monkeypatch.setattr(plugin.SpeechStream, "_process_audio", None)
    livekit_internals.send_sarvam_stt_sound_as_it_comes()
    noise = np.random.default_rng(len(samples)).integers(-(2**15), 2**15, 2000, np.int16).tobytes()
    given = [each if each == "flush" else noise[: 2 * each] for each in samples]
    sent = await _messages_with(plugin.SpeechStream._process_audio, *given)
    assert sent == await _messages_with(as_it_came.SpeechStream._process_audio, *given)
    assert "self._audio_task = asyncio.create_task(self._process_audio(ws))" in inspect.getsource(plugin)


def _log_event(*levels, message="m"):
    event = ffi_pb2.FfiEvent()
    for level in levels:
        event.logs.records.add(
            level=level, target="livekit::room", module_path="livekit::room", file="room.rs", line=7, message=message
        )
    return event.SerializeToString()


def _room_event():
    event = ffi_pb2.FfiEvent()
    event.room_event.room_handle = 7
    return event.SerializeToString()


ERROR, WARN, INFO, DEBUG, TRACE = range(5)


@pytest.mark.parametrize(
    ("event", "shows_debug", "is_heard"),
    [
        (_log_event(TRACE), False, False),
        (_log_event(DEBUG), False, False),
        (_log_event(DEBUG, message="m" * 300), False, False),
        (_log_event(TRACE, message="m" * 20_000), False, False),
        (_log_event(DEBUG), True, True),
        (_log_event(TRACE), True, False),
        (_log_event(INFO), False, True),
        (_log_event(WARN), False, True),
        (_log_event(ERROR, message="m" * 300), False, True),
        (_log_event(DEBUG, ERROR), False, True),
        (_log_event(TRACE, TRACE), False, True),
        (_log_event(), False, True),
        (_room_event(), False, True),
        (b"", False, True),
    ],
)
def test_only_what_python_would_drop_of_the_sdks_log_is_left_unread(monkeypatch, event, shows_debug, is_heard):
    """Pins: 75 events a second of a call, 2500 as one begins, parsed and dropped."""
    heard = []
    into = _ffi_client.ffi_cb_fnc(lambda pointer, length: heard.append(ctypes.string_at(pointer, length)))
    monkeypatch.setattr(_ffi_client, "ffi_event_callback", into)
    monkeypatch.delenv("LIVEKIT_RTC_DEBUG", raising=False)
    monkeypatch.setattr(rtc.log.logger, "isEnabledFor", lambda level: level > logging.DEBUG or shows_debug)
    livekit_internals.leave_small_talk_of_the_sdk_unread()
    _ffi_client.ffi_event_callback((ctypes.c_uint8 * len(event)).from_buffer_copy(event), len(event))
    assert heard == ([event] if is_heard else [])


NOBODY_IS_THERE = """
import asyncio, collections, ctypes, json, os
from livekit import rtc
from livekit.rtc import _ffi_client
from worker import livekit_internals
heard, hear = collections.Counter(), _ffi_client.ffi_event_callback
def count(pointer, length):
    event = _ffi_client.proto_ffi.FfiEvent.FromString(ctypes.string_at(pointer, length))
    heard.update([event.WhichOneof("message"), *(f"level {record.level}" for record in event.logs.records)])
    hear(pointer, length)
_ffi_client.ffi_event_callback = _ffi_client.ffi_cb_fnc(count)
livekit_internals.leave_small_talk_of_the_sdk_unread()
async def connect():
    try:
        await rtc.Room().connect("ws://127.0.0.1:1", "token")
    except rtc.ConnectError:
        heard["refused"] += 1
asyncio.run(connect())
print(json.dumps(heard), flush=True)
os._exit(0)
"""
# As a call's process ends: it is not taken down bit by bit, where a thread of the SDK that still logs would abort it.


def test_the_sdk_itself_is_heard_from_info_on():
    code = [sys.executable, "-c", NOBODY_IS_THERE]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    heard = json.loads(done.stdout)
    assert heard["refused"] == heard["connect"] == 1
    assert heard[f"level {WARN}"] >= 1
    assert heard.keys() <= {"refused", "connect", "logs", *(f"level {level}" for level in (ERROR, WARN, INFO))}


def test_the_sdk_calls_what_stands_there_when_the_first_room_is_made_and_logs_trace_is_dropped():
    initialise = inspect.getsource(_ffi_client.FfiClient.__init__)
    assert re.search(r"livekit_ffi_initialize\(\s*ffi_event_callback, True,", initialise)
    levels = dict(ffi_pb2.LogLevel.items())
    assert [levels[f"LOG_{name}"] for name in ("ERROR", "WARN", "INFO", "DEBUG", "TRACE")] == list(range(5))
    assert _ffi_client.to_python_level(TRACE) is None


def test_a_tool_is_described_to_the_model_once(monkeypatch):
    monkeypatch.setattr(llm.utils, "build_strict_openai_schema", llm.utils.build_strict_openai_schema)
    livekit_internals.describe_tools_once()
    livekit_internals.describe_tools_once()

    @llm.function_tool
    async def weather(city: str) -> str:
        """Tell the weather of a city."""
        return city

    tools = llm.ToolContext([weather])
    first = tools.parse_function_tools("openai", strict=True)
    assert first[0]["function"]["parameters"]["properties"]["city"]["type"] == "string"
    assert tools.parse_function_tools("openai", strict=True)[0] is first[0]


def test_the_plugin_says_which_weights_it_loads():
    repository, revision = livekit_internals.multilingual_weights()
    assert re.fullmatch(r"[\w-]+/[\w-]+", repository)
    assert revision


def test_what_the_first_request_needs_can_be_had_before_it():
    livekit_internals.preload_first_request()


def test_the_models_client_is_where_it_is_warmed():
    model = openai.LLM(model="gpt-6-luna", api_key="none")
    assert hasattr(model._client, "chat")
    livekit_internals.warm_client(model)


@pytest.mark.parametrize("dev", [True, False])
def test_the_frameworks_log_lines_are_set_up(dev):
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        livekit_internals.set_up_logging("INFO", dev=dev)
        assert root.handlers
    finally:
        root.handlers[:], root.level = before, level


OUR_OWN = {"os"}  # multiprocessing's os._exit


def reaches(path: Path) -> list[str]:
    """The lines that touch an underscored attribute of somebody else's object; docstrings and comments do not count."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            owner = ast.unparse(node.value)
            if owner not in {"self", "cls", *OUR_OWN}:
                found.append(f"{path.name}:{node.lineno} {owner}.{node.attr}")
    return found


FRAMEWORKS_OBJECTS = re.compile(r"server|session|process|pool|output|synchron|plugin|context|model|stream|_impl")


def test_nobody_else_in_the_worker_reaches_into_the_framework():
    found = [
        line
        for path in sorted((ROOT / "worker").rglob("*.py"))
        if path.name != "livekit_internals.py"
        for line in reaches(path)
        if FRAMEWORKS_OBJECTS.search(line.split(" ", 1)[1].rpartition("._")[0])
    ]
    assert found == []


def test_the_frameworks_list_of_what_to_preload_is_in_ours():
    """The fork server runs before the framework sets its list, so what stands there and not in ours is never loaded."""
    source = inspect.getsource(AgentServer.run)
    framework = re.findall(r'"(livekit\.agents\.ipc\._preload\w*)"', source)
    assert framework
    assert fork_server.PRELOADED[-len(framework) :] == framework
    assert preload.ENV_PRELOAD_LOCAL_INFERENCE == fork_server.PRELOAD_MODELS


def test_the_voices_read_from_the_plugins_file_are_the_plugins():
    from livekit.plugins.sarvam.models import MODEL_SPEAKER_COMPATIBILITY

    for model, speakers in MODEL_SPEAKER_COMPATIBILITY.items():
        assert sarvam_voices._speakers(model) == set(speakers["all"])


def test_the_voice_detectors_weights_can_be_loaded_ahead():
    livekit_internals.preload_voice_detector()


def test_a_machine_without_certificates_is_pointed_at_certifis(monkeypatch):
    monkeypatch.setattr(http_context, "_has_system_trust_store", lambda: False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    livekit_internals.preload_first_request()
    assert Path(os.environ["SSL_CERT_FILE"]).is_file()
    monkeypatch.delenv("SSL_CERT_FILE")


def test_the_callers_transcript_is_held_back_while_it_may_not_be_sent():
    source = inspect.getsource(RoomIO)
    assert "self._user_transcript_ch = utils.aio.Chan" in source
    assert "self._user_transcript_ch.send_nowait(ev)" in source
    assert "self._room_io = " in inspect.getsource(AgentSession)
    sent, may_send = [], [False]
    room_io = SimpleNamespace(_user_transcript_ch=SimpleNamespace(send_nowait=sent.append))
    assert livekit_internals.gate_callers_transcript(SimpleNamespace(_room_io=room_io), lambda: may_send[0])
    room_io._user_transcript_ch.send_nowait("before")
    may_send[0] = True
    room_io._user_transcript_ch.send_nowait("after")
    assert sent == ["after"]
    assert not livekit_internals.gate_callers_transcript(SimpleNamespace(_room_io=None), lambda: True)


async def test_a_channel_of_the_framework_can_be_gated():
    channel = utils.aio.Chan()
    livekit_internals.gate_callers_transcript(
        SimpleNamespace(_room_io=SimpleNamespace(_user_transcript_ch=channel)), lambda: False
    )
    channel.send_nowait("word")
    assert channel.qsize() == 0


async def test_a_session_begins_replies_early_or_not_from_one_moment_to_the_next():
    session = AgentSession(turn_handling={"preemptive_generation": {"enabled": True}})
    livekit_internals.begin_replies_early(session, False)
    assert session.options.preemptive_generation["enabled"] is False
    livekit_internals.begin_replies_early(session, True)
    assert session.options.preemptive_generation["enabled"] is True
    source = inspect.getsource(AgentActivity)
    assert "session_preemptive = self._session.options.preemptive_generation" in source, "read at every transcript"
    assert 'not preemptive_opts["enabled"]' in inspect.getsource(AgentActivity.on_preemptive_generation)


def test_a_pool_keeps_as_many_idle_processes_as_it_is_told_and_says_when_one_got_a_call():
    source = inspect.getsource(ProcPool)
    assert "min(self._target_idle_processes, self._default_num_idle_processes)" in source
    assert 'self.emit("process_job_launched", proc)' in source
    assert "if not math.isinf(load_threshold):" in inspect.getsource(AgentServer.run), (
        "else it sets a number of its own"
    )
    pool = ProcPool.__new__(ProcPool)
    utils.EventEmitter.__init__(pool)
    server, launched = SimpleNamespace(_proc_pool=pool), []
    livekit_internals.on_job_launched(server, lambda: launched.append(1))
    pool.emit("process_job_launched", None)
    assert launched == [1]
    livekit_internals.keep_idle_processes(server, 1)
    assert pool.target_idle_processes == 1


async def test_what_is_said_meanwhile_is_told_to_nobody_and_afterwards_as_ever():
    session, told = AgentSession(), []
    session.on("conversation_item_added", lambda event: told.append(event.item.text_content))
    with livekit_internals.nothing_said_is_told(session):
        session._conversation_item_added(ChatMessage(role="assistant", content=["half"]))
    session._conversation_item_added(ChatMessage(role="assistant", content=["whole"]))
    assert told == ["whole"]
    assert [item.text_content for item in session.history.messages()] == ["whole"]
    assert "self._session._conversation_item_added(msg)" in inspect.getsource(AgentActivity), "the way of every reply"


def test_words_are_put_in_front_of_those_that_are_being_heard():
    source = inspect.getsource(AudioRecognition)
    assert 'self._audio_transcript += f" {transcript}"' in source, "a final is added to what is there"
    assert "new_transcript=self._audio_transcript" in source, "and the turn is what is there"
    assert "self._audio_recognition = AudioRecognition(" in inspect.getsource(AgentActivity)
    recognition = SimpleNamespace(_audio_transcript="")
    session = SimpleNamespace(_activity=SimpleNamespace(_audio_recognition=recognition))
    livekit_internals.go_on_with_turn(session, "where is")
    livekit_internals.go_on_with_turn(session, "tell me")
    assert recognition._audio_transcript == "tell me where is"
    livekit_internals.go_on_with_turn(SimpleNamespace(_activity=None), "nobody is there to hear it")
