"""Calls over a telephone: how long a caller waits there beside a page, and what an echo on the line does.

The telephone is the sandbox's: real SIP and RTP, livekit-sip or its stand-in. Phone and page call the same worker in
turn with the same words, so that a machine that slows down slows both down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.figures import percentile
from bench.rows import Row, row
from bench.running import BRISK, PREPARE_SECONDS, PREPARED, steady_port
from sandbox.caller import CallPlan, CallResult, Turn, place_call
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
STORIES = 3  # a row is a minute of the agent's own voice coming back
ECHO_DB = (-20.0, -30.0, -40.0, -50.0)
NOISE_RMS = (0.0, 25.0)
ECHO_DELAY_SECONDS = 0.2


@dataclass(slots=True)
class Heard:
    """What the calls gave."""

    phone_greetings: list[float] = field(default_factory=list)
    phone_waits: list[float] = field(default_factory=list)
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
        worker = stack.processes["worker"]

        async def prepared() -> bool:
            return PREPARED in worker.log_text()

        await worker.until(prepared, PREPARE_SECONDS)
        await stack.telephone.give_number(NUMBER)
        for number in range(1 if quick else 4):
            await _beside_a_page(stack, heard)
            said = " ".join(f"{wait:.2f}" for wait in heard.phone_waits)
            say(f"telephone {number + 1}: answers after {said} s")
        stories = 1 if quick else STORIES
        result, _ = await _call(stack, CallPlan((STORY,), name="no echo"), LineSound())
        heard.story_seconds = _audible_seconds(result)
        for sound in line_sounds(quick):
            note_echo(heard, *await _call(stack, CallPlan((STORY,) * stories, name="echo"), sound))
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
    echoes: dict[str, float | None] = {"vaani": None}
    if heard.echo_calls:
        echoes = {"vaani": float(heard.phantom_turns), "least_heard_share": heard.least_heard_share}
    greeting = {"vaani": percentile(heard.phone_greetings, 0.5)}
    like_a_page: dict[str, Any] = {"kind": "over_floor", "against": "page", "value": 0.10}
    return [
        row("phone_greeting_p50", "seconds", len(heard.phone_greetings), greeting, {"kind": "at_most", "value": 0.4}),
        row("phone_voice_to_voice_p50", "seconds", len(heard.phone_waits), waits, like_a_page),
        row("phone_echo_phantom_turns", "turns", heard.echo_calls, echoes, {"kind": "at_most", "value": 0.0}),
    ]


def note_echo(heard: Heard, result: CallResult, reports: int) -> None:
    """Count what a caller who asked for stories and said nothing else is said to have said."""
    heard.echo_calls += 1
    heard.phantom_turns += max(0, reports - len(result.turns))
    whole = heard.story_seconds * result.turns_planned
    if whole:
        heard.least_heard_share = min(heard.least_heard_share, _audible_seconds(result) / whole)


async def _beside_a_page(stack: Stack, heard: Heard) -> None:
    """The same words over both, one after the other."""
    plan = CallPlan(TURNS, name="telephone")
    page = await place_call(plan, token_url=stack.token_url, control=stack.control, patience=BRISK)
    heard.page_waits += _waits(page)
    phone, _ = await _call(stack, plan, LineSound())
    heard.phone_waits += _waits(phone)
    if phone.greeting_seconds is not None:
        heard.phone_greetings.append(phone.greeting_seconds)


async def _call(stack: Stack, plan: CallPlan, sound: LineSound) -> tuple[CallResult, int]:
    """A call from a phone, and how many turns the agent believes that it had."""
    phone = Telephone(CALLER, sound=sound)
    await phone.open()
    line = TelephoneLine(phone, NUMBER, stack.telephone)
    try:
        result = await place_call(plan, line=line, control=stack.control, patience=BRISK)
    finally:
        await phone.aclose()
    return result, len(line.transcripts.reports)


def _waits(result: CallResult) -> list[float]:
    return [turn.voice_to_voice_seconds for turn in result.turns if turn.voice_to_voice_seconds is not None]


def _audible_seconds(result: CallResult) -> float:
    """How long the agent was heard after its greeting."""
    said_at = result.turns[0].started_seconds if result.turns else 0.0
    return sum(until - since for since, until in result.agent_audio if since >= said_at)
