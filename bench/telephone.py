"""Calls over a telephone: how long a caller waits there beside a page, and what an echo on the line does.

The telephone is the sandbox's: real SIP and RTP, livekit-sip or its stand-in. Phone and page call the same worker in
turn with the same words, so that a machine that slows down slows both down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.calls import talked_over_turns
from bench.figures import percentile
from bench.rows import Row, row
from bench.running import BRISK, steady_port
from sandbox.caller import CallPlan, CallResult, Turn, place_call
from sandbox.caller.call import BeforeTurn
from sandbox.phone.line import TelephoneLine
from sandbox.phone.telephone import LineSound, Telephone
from sandbox.stack.stack import Stack, StackOptions

NUMBER, CALLER = "+918012345678", "+919876543210"
SCOPE = "sandbox-bench-telephone"
TURNS = (
    Turn("What are your opening hours?", "en-IN"),
    Turn("मेरा बिजली का बिल कब तक भरना है?", "hi-IN"),
    Turn("How much does it cost to send a parcel?", "en-IN"),
    Turn("मुझे कल का मौसम बताइए।", "hi-IN"),
)
STORY = Turn("Please tell me a story.", "en-IN")
GOODBYE = Turn("Thank you, goodbye.", "en-IN", expects_end=True)
STORIES, STORY_PLACE_SECONDS = 3, 20.0  # a row is a minute of the agent's own voice coming back
ECHO_DB = (-20.0, -30.0, -40.0, -50.0)
NOISE_RMS = (0.0, 25.0)
ECHO_DELAY_SECONDS = 0.2
TALKED_OVER_CALLS = 4
TALKED_OVER_LINE = LineSound(-20.0, ECHO_DELAY_SECONDS, 25.0)


@dataclass(slots=True)
class Heard:
    """What the calls gave."""

    phone_greetings: list[float] = field(default_factory=list)
    phone_waits: list[float] = field(default_factory=list)
    barge_ins: list[float] = field(default_factory=list)
    echo_barge_ins: list[float] = field(default_factory=list)
    """The same on a line that gives the agent's voice back."""
    page_waits: list[float] = field(default_factory=list)
    echo_calls: int = 0
    phantom_turns: int = 0
    story_seconds: float = 0.0
    """How long one story sounds on a line without echo."""
    least_heard_share: float = 1.0
    """Of the stories on the worst line: 1 where none was broken off."""


async def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Place the calls, and make rows of them."""
    heard = Heard()
    options = StackOptions(scope=SCOPE, telephone=True, ports={"sandbox": steady_port()})
    async with Stack(options) as stack:
        await stack.processes["worker"].until_phrases_are_rendered()
        await stack.telephone.give_number(NUMBER)
        for number in range(1 if quick else 4):
            await _beside_a_page(stack, heard)
            said = " ".join(f"{wait:.2f}" for wait in heard.phone_waits)
            say(f"telephone {number + 1}: answers after {said} s")
        for number in range(1 if quick else TALKED_OVER_CALLS):
            heard.barge_ins += await _talked_over(stack, LineSound())
            heard.echo_barge_ins += await _talked_over(stack, TALKED_OVER_LINE)
            say(f"talked over {number + 1}: silent after {heard.barge_ins}, with an echo {heard.echo_barge_ins}")
        stories = 1 if quick else STORIES
        result, _ = await _stories(stack, LineSound(), 1)
        heard.story_seconds = _story_seconds(result)
        for sound in line_sounds(quick):
            note_echo(heard, *await _stories(stack, sound, stories))
            say(f"echo {sound.echo_db:g} dB, noise {sound.noise_rms:g}: {heard.phantom_turns} phantom turns by now")
    return rows_of(heard)


def line_sounds(quick: bool) -> list[LineSound]:
    """The rows of the echo table; a quick run takes the two that are worst for an agent."""
    every = [LineSound(echo, ECHO_DELAY_SECONDS, noise) for echo in ECHO_DB for noise in NOISE_RMS]
    return [every[2], every[5]] if quick else every


def rows_of(heard: Heard) -> list[Row]:
    """The rows of `out/bench.json`."""
    waits: dict[str, float | None] = {
        "vaani": percentile(heard.phone_waits, 0.5),
        "page": percentile(heard.page_waits, 0.5),
    }
    greeting = {"vaani": percentile(heard.phone_greetings, 0.5)}
    like_a_page: dict[str, Any] = {"kind": "over_floor", "against": "page", "value": 0.10}
    return [
        row("phone_greeting_p50", "seconds", len(heard.phone_greetings), greeting, {"kind": "at_most", "value": 0.4}),
        row("phone_voice_to_voice_p50", "seconds", len(heard.phone_waits), waits, like_a_page),
        row(
            "phone_barge_in_p50",
            "seconds",
            len(heard.barge_ins),
            {"vaani": percentile(heard.barge_ins, 0.5)},
            {"kind": "at_most", "value": 0.45},
        ),
        row(
            "phone_echo_barge_in_p50",
            "seconds",
            len(heard.echo_barge_ins),
            {"vaani": percentile(heard.echo_barge_ins, 0.5)},
            {"kind": "at_most", "value": 0.5},
        ),
        row(
            "phone_echo_phantom_turns",
            "turns",
            heard.echo_calls,
            {"vaani": float(heard.phantom_turns) if heard.echo_calls else None},
            {"kind": "at_most", "value": 0.0},
        ),
        row(
            "phone_echo_least_heard",
            "share",
            heard.echo_calls,
            {"vaani": heard.least_heard_share if heard.story_seconds else None},
        ),
    ]


def note_echo(heard: Heard, result: CallResult, reports: int) -> None:
    """Count what a caller who asked for stories and said nothing else is said to have said."""
    heard.echo_calls += 1
    heard.phantom_turns += max(0, reports - len(result.turns))
    stories = sum(turn.said == STORY.text for turn in result.turns)
    if whole := heard.story_seconds * stories:
        heard.least_heard_share = min(heard.least_heard_share, _story_seconds(result) / whole)


async def _beside_a_page(stack: Stack, heard: Heard) -> None:
    """The same words over both, one after the other."""
    plan = CallPlan(TURNS, name="telephone")
    page = await place_call(plan, token_url=stack.token_url, control=stack.control, patience=BRISK)
    heard.page_waits += _waits(page)
    phone, _ = await _call(stack, plan, LineSound())
    heard.phone_waits += _waits(phone)
    if phone.greeting_seconds is not None:
        heard.phone_greetings.append(phone.greeting_seconds)


async def _stories(stack: Stack, sound: LineSound, stories: int) -> tuple[CallResult, int]:
    """A caller who asks for stories at set times, and says nothing while they are told, whole or broken off."""
    began_at: float | None = None

    async def hold_the_line(index: int) -> None:
        nonlocal began_at
        began_at = began_at or time.monotonic()
        await asyncio.sleep(max(0.0, began_at + index * STORY_PLACE_SECONDS - time.monotonic()))

    plan = CallPlan((*(STORY,) * stories, GOODBYE), name="echo")
    return await _call(stack, plan, sound, hold_the_line)


async def _talked_over(stack: Stack, sound: LineSound) -> list[float]:
    """How long the agent goes on when a caller speaks over its second answer; the first one has taught it the line."""
    result, _ = await _call(stack, CallPlan((TURNS[0], *talked_over_turns(), GOODBYE), name="talked-over"), sound)
    return [turn.barge_in_seconds for turn in result.turns if turn.barge_in_seconds is not None]


async def _call(
    stack: Stack, plan: CallPlan, sound: LineSound, before_turn: BeforeTurn | None = None
) -> tuple[CallResult, int]:
    """A call from a phone, and how many turns the agent believes that it had."""
    phone = Telephone(CALLER, sound=sound)
    await phone.open()
    line = TelephoneLine(phone, NUMBER, stack.telephone)
    try:
        result = await place_call(plan, line=line, control=stack.control, patience=BRISK, before_turn=before_turn)
    finally:
        await phone.aclose()
    return result, len(line.transcripts.reports)


def _waits(result: CallResult) -> list[float]:
    return [turn.voice_to_voice_seconds for turn in result.turns if turn.voice_to_voice_seconds is not None]


def _story_seconds(result: CallResult) -> float:
    """How long the agent was heard from the first wish for a story until the goodbye."""
    if not result.turns:
        return 0.0
    since, until = result.turns[0].started_seconds, result.turns[-1].started_seconds
    return sum(end - start for start, end in result.agent_audio if since <= start < until)
