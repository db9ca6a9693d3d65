"""Whole calls from a telephone whose caller is put through to a colleague, who is asked first."""

import asyncio
import contextlib
import itertools
import json
import os
import signal

import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call
from sandbox.phone.demo import CALLER, NUMBER
from sandbox.phone.line import TelephoneLine
from sandbox.phone.telephone import Answering, Telephone
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing
from tests.telephone.conftest import LOUD, loudness, tone, until, until_nobody_is_left

pytestmark = pytest.mark.calls
DESK = "+911140001234"
ASKS = "Please connect me to a real person."
PATIENCE = Patience(end_seconds=90, agent_return_seconds=30)
OVER_SECONDS = 8.0
LONGEST_SILENCE_SECONDS = 2.0


class Switchboard:
    """A stack with a worker that asks a colleague first, and that colleague's telephone."""

    def __init__(self, stack, desk):
        self.stack, self.desk = stack, desk
        self.caller = Telephone(CALLER)
        self.line = None

    async def call(self, *turns):
        """A call of these turns; what came of it."""
        await self.caller.open()
        self.line = TelephoneLine(self.caller, NUMBER, self.stack.telephone)
        return await place_call(
            CallPlan(turns, name="warm"), line=self.line, control=self.stack.control, patience=PATIENCE
        )

    async def consulted(self):
        """(the colleague's call, what they hear, what the caller hears), two seconds into what the agent tells them."""
        async with asyncio.timeout(60):
            desk = await self.desk.answered_calls.get()
        told, on_hold = ear(desk), ear(self.line.call)
        await until(lambda: len(told) > 100, 20)
        return desk, told, on_hold

    async def nobody_is_left(self):
        async with self.stack.telephone.api() as livekit:
            await until_nobody_is_left(livekit, OVER_SECONDS)

    def kill_call(self):
        """Kill the newest call's process, as the kernel does when memory runs out."""
        os.kill(self.events("call.started")[-1]["pid"], signal.SIGKILL)

    def events(self, name):
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["message"] == name]

    def log(self):
        return self.stack.processes["worker"].log_text()

    def outcomes(self):
        return [(event["kind"], event["outcome"]) for event in self.events("call.transfer")]


@contextlib.asynccontextmanager
async def switchboard():
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    desk = Telephone(DESK)
    await desk.open()
    async with Stack(StackOptions(scope="sandbox-warm", telephone=True, worker=False)) as stack:
        trunk = await stack.telephone.trunk_to(desk.endpoint.address)
        settings = {
            "WORKER_TRANSFER_TO": f"tel:{DESK}", "WORKER_TRANSFER_TRUNK": trunk, "WORKER_TRANSFER_LANGUAGE": "hi-IN",
            "WORKER_REPLY_LATE_SECONDS": "5",  # the machine also runs everything else
        }  # fmt: skip
        await stack.start_worker(environment=settings)
        await stack.telephone.give_number(NUMBER, attributes={"language": "en-IN"})
        board = Switchboard(stack, desk)
        yield board
        await board.caller.aclose()
    await desk.aclose()


def ear(call):
    """The moments at which a telephone hears something."""
    heard, before = [], call.on_frame

    def hear(frame, at):
        before(frame, at)
        if loudness(frame) > LOUD:
            heard.append(at)

    call.on_frame = hear
    return heard


async def talk(one, other):
    """Each says something, and the other hears it."""
    for speaking, listening in ((one, other), (other, one)):
        heard = ear(listening)
        speaking.say(tone(1.5))
        await until(lambda heard=heard: len(heard) > 25, 10)


def longest_silence_seconds(heard):
    return max(later - at for at, later in itertools.pairwise(heard))


async def test_a_busy_colleague_is_told_and_the_next_time_takes_the_call_and_the_two_talk():
    async with switchboard() as board:
        board.desk.answering = Answering(status=486)
        calling = asyncio.create_task(
            board.call(Turn(ASKS, "en-IN"), Turn("Try once more to connect me to a person.", "en-IN", expects_end=True))
        )
        await until(lambda: board.desk.times_rung, 60)
        board.desk.answering = Answering(after_seconds=0.5)
        desk, _, _ = await board.consulted()
        desk.press("1")
        await until(lambda: ("warm", "done") in board.outcomes(), 30)
        await talk(desk, board.line.call)
        await desk.hang_up()
        result = await calling
        await board.nobody_is_left()
        assert board.outcomes() == [("warm", "busy"), ("warm", "done")]
        assert result.ended_by == "agent"
        assert result.errors == ()
        for secret in (CALLER.removeprefix("+91"), DESK.removeprefix("+91")):
            assert secret not in board.log()


@pytest.mark.nightly
async def test_a_caller_who_hangs_up_meanwhile_leaves_a_colleague_who_is_told_and_nobody_in_the_room():
    async with switchboard() as board:
        calling = asyncio.create_task(board.call(Turn(ASKS, "en-IN", expects_end=True)))
        desk, told, _ = await board.consulted()
        await board.line.call.hang_up()
        told.clear()
        async with asyncio.timeout(20):
            await desk.ended.wait()
        assert len(told) > 50, "a farewell, not a click"
        await calling
        await board.nobody_is_left()
        assert board.outcomes() == [("warm", "caller_left")]


@pytest.mark.nightly
async def test_a_colleague_who_declines_gives_the_caller_back_to_the_agent():
    async with switchboard() as board:
        calling = asyncio.create_task(
            board.call(Turn(ASKS, "en-IN"), Turn("Thank you, goodbye.", "en-IN", expects_end=True))
        )
        desk, _, on_hold = await board.consulted()
        desk.press("2")
        async with asyncio.timeout(20):
            await desk.ended.wait()
        assert longest_silence_seconds(on_hold) < LONGEST_SILENCE_SECONDS
        result = await calling
        await board.nobody_is_left()
        assert board.outcomes() == [("warm", "declined")]
        assert result.errors == ()


@pytest.mark.nightly
async def test_when_the_calls_process_dies_meanwhile_the_colleague_is_let_go_and_the_caller_has_another_agent():
    async with switchboard() as board:
        calling = asyncio.create_task(board.call(Turn(ASKS, "en-IN", expects_end=True)))
        desk, _, _ = await board.consulted()
        board.kill_call()
        async with asyncio.timeout(20):
            await desk.ended.wait()
        await until(lambda: board.events("call.resumed"), 30)
        heard = ear(board.line.call)
        await until(lambda: len(heard) > 50, 20)
        await board.line.call.hang_up()
        await calling
        await board.nobody_is_left()


@pytest.mark.nightly
async def test_when_the_calls_process_dies_while_the_two_talk_they_talk_on_and_no_agent_comes_between_them():
    async with switchboard() as board:
        calling = asyncio.create_task(board.call(Turn(ASKS, "en-IN", expects_end=True)))
        desk, _, _ = await board.consulted()
        desk.press("1")
        await until(lambda: board.events("call.ended"), 30)
        board.kill_call()
        await until(lambda: board.events("call.process_died"), 20)
        await talk(desk, board.line.call)
        assert not board.events("call.rescued")
        assert not board.events("call.lost")
        await desk.hang_up()
        await board.line.call.hang_up()
        await calling
