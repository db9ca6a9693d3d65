"""Runs the contenders: starts their processes on one stack, places their calls, and takes down what each one did."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from livekit import api

from bench.calls import Script
from bench.contenders import PREDISPATCHED, VAANI, WORKER, Contender
from bench.processes import CpuOfTree, private_megabytes, process_of_call
from bench.records import CallRecord, TurnRecord
from bench.stages import Event, marks_of_turn, stages_of_turn
from sandbox.caller import CallEvent, CallPlan, CallResult, Control, JoinToken, Patience, TurnResult, place_call
from sandbox.stack.processes import Process, ProcessFailed, free_port
from sandbox.stack.stack import OWN_PREFIXES, PHRASE_CACHE, ROOT, START_SECONDS, Stack, StackOptions

REGISTERED = ("worker.registered", "registered worker")
POLL_SECONDS = 0.01
STEADY_PORT = 28917
# Politeness costs a second a turn: this caller waits no longer than a new turn needs.
BRISK = Patience(polite_silence_seconds=0.45, busy_agent_seconds=1.5, call_seconds=300)
SETTLE_SECONDS = 1.5  # the process that replaces the one of the last call has its own start behind it
Say = Callable[[str], None]
Done = TypeVar("Done")
Place = Callable[[Contender, Script], Awaitable[CallRecord]]


async def start(stack: Stack, contender: Contender, number: int = 0) -> tuple[Process, float]:
    """Start a contender's worker; how long it took until LiveKit knew it."""
    log = ROOT / ".cache" / "bench" / f"{contender.name}-{number}.log"
    log.unlink(missing_ok=True)
    name = f"worker-{contender.name}-{number}"
    process = Process(name, contender.command, log, environment(stack, contender), ROOT)
    stack.processes[name] = process  # so that it is stopped with the stack, whatever happens
    began_at = time.monotonic()
    await process.start()
    while not any(mark in process.log_text() for mark in REGISTERED):
        if process.exit_code is not None:
            raise ProcessFailed(contender.name, f"stopped with exit code {process.exit_code}", log)
        if time.monotonic() - began_at > START_SECONDS:
            raise ProcessFailed(contender.name, f"was not registered after {START_SECONDS:g} s", log)
        await asyncio.sleep(POLL_SECONDS)
    return process, time.monotonic() - began_at


def environment(stack: Stack, contender: Contender) -> dict[str, str]:
    """The same for all: addresses and keys; nobody's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_PREFIXES)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    url, scope = stack.sandbox_url, contender.scope
    kept |= {
        "VAANI_IGNORE_ENV_FILE": "true",
        "PYTHONUNBUFFERED": "1",
        "LIVEKIT_URL": stack.livekit_url,
        "LIVEKIT_API_KEY": stack.api_key,
        "LIVEKIT_API_SECRET": stack.api_secret,
        "AGENT_NAME": contender.agent_name,
        "SARVAM_API_KEY": scope,
        "OPENAI_API_KEY": scope,
        "SARVAM_BASE_URL": url,
        "OPENAI_BASE_URL": f"{url}/v1",
        # A contender reads only what is meant for it: a variable of ours is a misspelt one to nobody else.
        "WORKER_ORDERS_URL": url,
        "WORKER_HEALTH_PORT": "0",
        "WORKER_PHRASE_CACHE_DIR": str(PHRASE_CACHE),
    }
    return {**kept, **contender.environment}


@contextlib.asynccontextmanager
async def started(
    stack: Stack, contenders: Sequence[Contender], starts: int, say: Say
) -> AsyncIterator[tuple[dict[str, Process], dict[str, list[float]]]]:
    """All contenders, one started after the other; each is started `starts` times, the last of them stays."""
    processes: dict[str, Process] = {}
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(starts):
        for contender in reversed(contenders):  # ours last: it goes on rendering phrases after it has registered
            if not contender.compared and number < starts - 1:
                continue
            process, took = await start(stack, contender, number)
            seconds[contender.name].append(took)
            say(f"{contender.name} registered after {took:.1f} s")
            if number < starts - 1:
                await process.stop(grace_seconds=1.0)
            else:
                processes[contender.name] = process
            await asyncio.sleep(SETTLE_SECONDS)
    for name, process in processes.items():
        if contender_prepares(contenders, name):
            say(f"waiting until {name} has its phrases ready")
            await process.until_phrases_are_rendered()
    yield processes, seconds


def contender_prepares(contenders: Sequence[Contender], name: str) -> bool:
    """Whether it goes on preparing after it has registered: a new deployment's phrases are rendered once."""
    return any(each.name == name and each.command == WORKER for each in contenders)


@dataclass
class _Watch:
    """Looks at the worker's processes while a call runs."""

    worker_pid: int
    before: CpuOfTree
    pid: int | None = None
    cpu: float | None = None
    worker_cpu: float | None = None
    private: float | None = None
    connected_at: float | None = None

    def event(self, event: CallEvent) -> None:
        if event.kind == "connected":
            self.connected_at = time.time() - event.at_seconds

    def look(self) -> None:
        """Take the figures so far; the last look before the call ends counts."""
        self.pid = process_of_call(self.worker_pid, self.before) or self.pid
        if self.pid is None:
            return
        now = CpuOfTree.of(self.worker_pid)
        self.cpu, self.worker_cpu = now.since(self.before, self.pid), now.since(self.before)
        private = private_megabytes(self.pid)
        self.private = max(filter(None, (self.private, private)), default=None)


async def call(
    stack: Stack,
    contender: Contender,
    worker: Process,
    script: Script,
    latencies: Mapping[str, float],
    join: JoinToken | None = None,
) -> CallRecord:
    """Place one call to one contender. A call that goes wrong is a record with errors, never an exception."""
    control = Control(stack.sandbox_url, contender.scope)
    await _forget_queue(stack, control)
    seen_before = await _seen(stack, control, 0)
    watch = _Watch(worker.pid, CpuOfTree.of(worker.pid))
    looks: set[asyncio.Task[None]] = set()

    async def before_turn(_: int) -> None:
        looks.add(asyncio.create_task(asyncio.to_thread(watch.look)))

    began_at = time.monotonic()
    result = await place_call(
        script.plan,
        join=join or join_token(stack, contender),
        control=control,
        on_event=watch.event,
        before_turn=before_turn,
        patience=BRISK,
    )
    await asyncio.gather(*looks)
    events = (await _seen(stack, control, seen_before["next"]))["events"]
    await asyncio.sleep(SETTLE_SECONDS)
    return record(contender, script, result, watch, events, latencies, (time.monotonic() - began_at) / 60)


@contextlib.asynccontextmanager
async def side_by_side(contenders: Sequence[Contender], say: Say) -> AsyncIterator[Place]:
    """Start the contenders on a stack of their own; yields what places a call to one of them."""
    options = StackOptions(
        worker=False, logs=ROOT / ".cache" / "bench", scope=contenders[0].scope, ports={"sandbox": steady_port()}
    )
    async with Stack(options) as stack:
        for contender in contenders:
            latencies = await configured_latencies(stack, contender.scope)
        async with started(stack, contenders, 1, say) as (processes, _):

            async def place(contender: Contender, script: Script) -> CallRecord:
                return await call(stack, contender, processes[contender.name], script, latencies)

            yield place


def record(
    contender: Contender,
    script: Script,
    result: CallResult,
    watch: _Watch,
    events: Sequence[Event],
    latencies: Mapping[str, float],
    minutes: float,
) -> CallRecord:
    """What is kept of a call."""
    first = script.first_utterance
    said = result.turns[first:] if script.utterances else ()
    turns = tuple(
        _turn_record(contender, script, index, turn, watch.connected_at, events, latencies)
        for index, turn in enumerate(said)
    )
    last_look = result.turns[-1].started_seconds / 60 if result.turns else minutes
    return CallRecord(
        contender=contender.name,
        script=script.number,
        greeting_seconds=result.greeting_seconds,
        barge_in_seconds=tuple(
            turn.barge_in_seconds for turn in result.turns[:first] if turn.barge_in_seconds is not None
        ),
        minutes=last_look,
        cpu_seconds=watch.cpu,
        worker_cpu_seconds=watch.worker_cpu,
        private_megabytes=watch.private,
        caller_late_seconds=result.worst_late_seconds,
        turns=turns,
        errors=tuple(f"{error.code}: {error.message}" for error in result.errors),
    )


def _turn_record(
    contender: Contender,
    script: Script,
    index: int,
    turn: TurnResult,
    connected_at: float | None,
    events: Sequence[Event],
    latencies: Mapping[str, float],
) -> TurnRecord:
    row = script.utterances[index].utterance
    waited = turn.voice_to_voice_seconds
    stages, marks, tool = None, None, False
    if waited is not None and connected_at is not None:
        start, end = connected_at + turn.started_seconds, connected_at + turn.ended_seconds
        own = [event for event in events if start <= event["at"]]
        tool = any(event.get("tool_call") for event in own if event["at"] <= end + waited)
        if not (turn.cut_off or tool):
            marks = marks_of_turn(own, last_voiced_at=end, heard_at=end + waited)
        if marks is not None:
            decided = (turn.stages or {}).get("end_of_turn_seconds")
            stages = stages_of_turn(
                marks,
                first_token_seconds=latencies["llm_first_token_seconds"],
                decided_after_seconds=decided if isinstance(decided, int | float) else None,
            )
    return TurnRecord(
        contender=contender.name,
        utterance=row.id,
        engine=row.engine,
        language=row.language,
        paused=row.paused,
        unfinished=row.unfinished,
        noise=row.noise,
        voice_to_voice_seconds=waited,
        cut_off=turn.cut_off,
        used_tool=tool,
        stages=stages,
        marks=marks,
        chosen=row.chosen,
    )


async def predispatched_call(
    stack: Stack, worker: Process, script: Script, latencies: Mapping[str, float]
) -> CallRecord:
    """A greeting where our agent is in the room before the caller, as with TOKEN_PREDISPATCH and a caller who takes a
    moment to join."""
    room = fresh_room(VAANI)
    async with api.LiveKitAPI(stack.livekit_url, stack.api_key, stack.api_secret) as livekit:
        await livekit.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(room=room, agent_name=VAANI.agent_name)
        )
        async with asyncio.timeout(START_SECONDS):
            while not any(map(_is_ready, (await livekit.room.list_participants(_in(room))).participants)):
                await asyncio.sleep(POLL_SECONDS)
    done = await call(stack, VAANI, worker, script, latencies, join_token(stack, VAANI, room))
    return replace(done, contender=PREDISPATCHED)


def _is_ready(participant: api.ParticipantInfo) -> bool:
    """An agent that has started its session; its track is published when there is somebody to hear it."""
    return participant.attributes.get("lk.agent.state") == "listening"


def _in(room: str) -> api.ListParticipantsRequest:
    return api.ListParticipantsRequest(room=room)


def fresh_room(contender: Contender) -> str:
    """A room nobody has been in."""
    return f"{contender.agent_name}-{secrets.token_hex(6)}"


def join_token(stack: Stack, contender: Contender, room: str | None = None) -> JoinToken:
    """A token that asks for this contender; for a fresh room unless one is named."""
    dispatch = api.RoomAgentDispatch(agent_name=contender.agent_name)
    token = (
        api.AccessToken(stack.api_key, stack.api_secret)
        .with_identity(f"caller-{secrets.token_hex(4)}")
        .with_grants(api.VideoGrants(room_join=True, room=room or fresh_room(contender)))
        .with_room_config(api.RoomConfiguration(agents=[dispatch]))
    )
    return JoinToken(stack.livekit_url, token.to_jwt())


async def until_told_to_stop(work: Awaitable[Done]) -> Done:
    """Do it; SIGINT and SIGTERM cancel it, so that whatever it has started is stopped."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await work


def steady_port() -> int:
    """The stand-ins' port, the same in every run where it is free.

    Rendered phrases are kept by the address that rendered them: with a new port a run would begin by rendering all of
    them again, for a minute, beside whatever is measured first.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", STEADY_PORT))
            return STEADY_PORT
    return free_port()


def greeting_script(number: int) -> Script:
    """A call that hears the greeting and hangs up."""
    return Script(number, CallPlan(turns=(), name="greeting"), ())


async def configured_latencies(stack: Stack, scope: str) -> dict[str, float]:
    """The stand-ins' own latencies, as they are set."""
    await stack.configure(scope=scope)
    async with stack.http.get(f"{stack.sandbox_url}/control/scopes/{scope}") as reply:
        settings: dict[str, Any] = (await reply.json())["settings"]
    return {name: float(value) for name, value in settings.items() if isinstance(value, int | float)}


def floor_seconds(latencies: Mapping[str, float]) -> float:
    """The sum of what the providers themselves take, one after the other."""
    names = (
        "stt_end_of_speech_seconds",
        "stt_final_seconds",
        "llm_first_token_seconds",
        "tts_first_byte_seconds",
    )
    return sum(latencies[name] for name in names)


async def _forget_queue(stack: Stack, control: Control) -> None:
    """Words that the last call did not get to hear are not the next one's."""
    async with stack.http.post(control.transcripts_url, json={"transcripts": [], "replace": True}) as reply:
        reply.raise_for_status()


async def _seen(stack: Stack, control: Control, after: int) -> dict[str, Any]:
    async with stack.http.get(f"{control.scope_url}/seen?after={after}") as reply:
        reply.raise_for_status()
        content: dict[str, Any] = await reply.json()
    return content
