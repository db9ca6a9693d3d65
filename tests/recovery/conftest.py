"""One stack for this folder; its tests kill what they have started, and leave a worker standing."""

import asyncio
import contextlib
import json
import os
import signal
import time

import aiohttp
import pytest
import pytest_asyncio
from livekit import rtc

from sandbox.caller import CallPlan, Patience, Turn, place_call
from sandbox.stack import Stack, StackOptions
from tests.stack_logs import kept_logs

FAST = {"stt_final_seconds": 0.1, "llm_first_token_seconds": 0.1, "tts_first_byte_seconds": 0.1}
# Twice the default time for a handover: the machine also runs everything else.
ENVIRONMENT = {
    "WORKER_REPLY_LATE_SECONDS": "5",
    "TTS_PACE": "2",  # most of a call is listening to the agent
    "WORKER_IDLE_PROCESSES": "1",
    "WORKER_MAX_CALLS": "20",
    "WORKER_DRAIN_SECONDS": "16",
    "WORKER_HANDOVER_SECONDS": "16",
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack():
    options = StackOptions(scope="sandbox-recovery", worker_environment=ENVIRONMENT, logs=kept_logs())
    async with Stack(options) as running:
        yield running


@pytest.fixture
def worker_environment():
    """What a test's worker is told beyond ENVIRONMENT; a file may say so for its own tests."""
    return {}


@pytest.fixture(scope="session")
def running_environment():
    """What the worker that runs was told beyond ENVIRONMENT: the stack's was told nothing."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(stack, worker_environment, running_environment):
    """The stack with fast stand-ins, and a worker of the plain name that is told what this test wants."""
    await stack.http.delete(f"{stack.sandbox_url}/control/scopes/{stack.options.scope}")
    await stack.configure(**FAST)
    if stack.processes["worker"].exit_code is not None or running_environment != worker_environment:
        await stack.processes["worker"].stop()
        await stack.start_worker("worker", worker_environment)
        await until_health(stack, 200, seconds=90)  # the log still says that the one before had registered
        running_environment.clear()
        running_environment.update(worker_environment)
    yield stack


async def until_health(stack, status, seconds=30.0):
    """Wait until the worker's health endpoint answers with this status."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with stack.http.get(stack.health_url()) as reply:
                    if reply.status == status:
                        return
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)


class Operator:
    """Does to the processes what machines and operators do, and reads their logs."""

    def __init__(self, stack):
        self.stack = stack

    def events(self, name, worker="worker"):
        """The log events of one name, oldest first."""
        lines = self.stack.processes[worker].log_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and f'"{name}"' in line]

    def told(self, room, worker="worker"):
        """What a worker has logged about a room's calls, in short: moment, event, and how it came out."""
        lines = self.stack.processes[worker].log_text().splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{") and '"call.' in line]
        events = [event for event in told if event.get("room") == room]
        kept = ("timestamp", "message", "outcome", "reason", "why")
        return [(worker, *(event[field] for field in kept if field in event)) for event in events]

    def last_call_pid(self, worker="worker"):
        return self.events("call.started", worker)[-1]["pid"]

    def carries(self, worker, room):
        """Whether a call in this room is one of this worker's."""
        return any(event.get("room") == room for event in self.events("call.started", worker))

    def kill_call(self, worker="worker"):
        """As the kernel does when memory runs out; returns the moment."""
        os.kill(self.last_call_pid(worker), signal.SIGKILL)
        return time.monotonic()

    def kill_machine(self, worker):
        """Parent and calls at once."""
        os.killpg(self.stack.processes[worker].pid, signal.SIGKILL)
        return time.monotonic()

    def greeted(self, worker="worker"):
        """The jobs whose agent has met its caller."""
        return {event["job_id"] for name in ("call.greeted", "call.resumed") for event in self.events(name, worker)}

    async def until(self, condition, seconds=15.0):
        """Wait for something that only a log or another process shows."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


@pytest.fixture
def operator(sandbox):
    return Operator(sandbox)


@pytest.fixture
def call(sandbox):
    """Place a call of English turns: `await call("text", "text", before_turn=hook)`."""

    async def place(*turns, goodbye=True, patience=None, stack=sandbox, **options):
        spoken = [Turn(text=turn, language="en-IN") if isinstance(turn, str) else turn for turn in turns]
        if goodbye:
            spoken.append(Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True))
        return await place_call(
            CallPlan(turns=tuple(spoken)),
            token_url=stack.token_url,
            control=stack.control,
            patience=patience or Patience(),
            **options,
        )

    return place


class Guest:
    """A participant without manners, on the bare SDK."""

    def __init__(self, stack):
        self._stack = stack
        self.room = rtc.Room()
        self.agent_spoke, self.ended = asyncio.Event(), asyncio.Event()
        self.room.on("track_subscribed", lambda *_: self.agent_spoke.set())
        self.room.on("disconnected", lambda *_: self.ended.set())

    async def join(self, jwt, *, listens=True):
        await self.room.connect(self._stack.livekit_url, jwt, rtc.RoomOptions(auto_subscribe=listens))
        return self

    async def publish_silence(self, *, muted=False):
        """A microphone that sends nothing but silence, or, muted, nothing at all."""
        track = rtc.LocalAudioTrack.create_audio_track("microphone", rtc.AudioSource(48000, 1))
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)
        if muted:
            track.mute()

    async def leave(self):
        await self.room.disconnect()


def said_after(result, at_seconds):
    """What the agent said from a moment on."""
    return [
        line["text"] for line in result.transcript if line["by"] == "agent" and (line["at_seconds"] or 0) >= at_seconds
    ]


def longest_silence(result, after_seconds):
    """The longest time without agent or caller sound from a moment on, in seconds."""
    sounds = [*result.agent_audio, *((turn.started_seconds, turn.ended_seconds) for turn in result.turns)]
    sounds = sorted(sound for sound in sounds if sound[1] >= after_seconds)
    longest, end = 0.0, after_seconds
    for start, until in sounds:
        longest, end = max(longest, start - end), max(end, until)
    return longest
