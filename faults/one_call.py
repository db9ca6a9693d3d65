"""Runs one cell of the matrix as a real call, and says what a person heard."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from faults.cells import STATUSES, Cell
from faults.line_up import GIVE_UP_SECONDS, LATE_SECONDS, ORDERS_SCOPE, USUAL_SECONDS, LineUp
from sandbox.caller import CallPlan, CallResult, Patience, Turn, place_call
from worker.lang import part_of
from worker.languages import ENGLISH

PHRASES = part_of(ENGLISH, "phrases")
SIGN_SECONDS = 3.0
# A promise of a second and a half or more is asserted at twice its length; the row says exactly what was measured.
LONGEST_SILENCE_SECONDS = USUAL_SECONDS + LATE_SECONDS + 2 * SIGN_SECONDS
RECOVERS_AFTER_SECONDS = 5.0
# A tool is asked once the question is spoken, recognised and read: its fault must still be there then.
ASKED_AFTER_SECONDS = {"orders": 4.0}
# A socket that is always in use; the others are asked some seconds later, a tool after the longest question.
ONCE_SECONDS = {"stt": 1.0, "orders": 6.0}
ONCE_SECONDS_ELSE = {"start": 9.0, "mid": 4.0}  # the greeting needs no provider: the first to be asked is for turn one
IDLE_SECONDS = 2.0
# The call goes on: after a fault at its start when one turn is answered, after one in it when the next turn is, too.
TURNS = {"start": 1, "mid": 2, "recovers": 2, "never": 3}
PATIENCE = Patience(
    greeting_seconds=12, answer_seconds=15, busy_agent_seconds=GIVE_UP_SECONDS + 4, end_seconds=15, call_seconds=300
)
GOODBYE_SECONDS = 3.0  # of an agent that stays on the line after its goodbye, a caller hears that much silence
QUESTIONS = {"orders": "Where is my order 4521?"}
QUESTION = "Can you help me with my bill?"
AGAIN = "Please tell me about my last payment."


@dataclass(frozen=True, slots=True)
class Row:
    """One cell's outcome."""

    provider: str
    fault: str
    phase: str
    heard: str
    """answer, phrase then answer, phrase then goodbye, goodbye, sound without words, nothing."""
    heard_after_seconds: float | None
    longest_silence_seconds: float
    goes_on: bool
    ended_by: str
    end_reason: str
    logged: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def cell(self) -> Cell:
        return Cell(self.provider, self.fault, self.phase)

    @property
    def good(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


async def run_cell(cell: Cell, line: LineUp) -> Row:
    """Place the call of this cell and judge it."""
    async with line.alone(cell.provider):
        return await _run_cell(cell, line)


async def _run_cell(cell: Cell, line: LineUp) -> Row:
    await line.reset()
    if cell.provider == "tts":
        await line.rendered()
    log_before = line.log_size()
    seen_before = len(await line.stack.seen(line.scope))
    tasks: list[asyncio.Task[None]] = []
    if cell.phase == "start":
        tasks.append(asyncio.create_task(_break(cell, line)))
    turns = TURNS[cell.phase]
    asked_at = [0.0]

    async def before_turn(index: int) -> None:
        if index == 0:
            asked_at[0] = time.monotonic()
            if cell.phase != "start":
                tasks.append(asyncio.create_task(_break(cell, line)))
                await asyncio.sleep(IDLE_SECONDS + 1 if cell.fault == "idle_close" else 0)
        elif cell.provider == "stt":
            # The agent does not know that it was asked something: give it as long as a patient person would.
            await _answered(line, seen_before, index, _patience_for(cell))

    plan = CallPlan(
        turns=(Turn(QUESTIONS.get(cell.provider, QUESTION)), *(Turn(AGAIN) for _ in range(turns - 1))), name=cell.name
    )
    try:
        result = await place_call(
            plan, join=line.join(), control=line.control, before_turn=before_turn, patience=PATIENCE
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await line.reset()
    await _settled(line, log_before)
    row = judge(cell, result, line.events(log_before))
    return replace(row, problems=(*row.problems, *await line.record_problems(result)))


async def run_tour(cells: Sequence[Cell], line: LineUp) -> list[Row]:
    """One call in which each turn meets another passing fault of the same provider."""
    async with line.alone(cells[0].provider):
        return await _run_tour(cells, line)


async def _run_tour(cells: Sequence[Cell], line: LineUp) -> list[Row]:
    await line.reset()
    provider = cells[0].provider
    if provider == "tts":
        await line.rendered()
    tasks: list[asyncio.Task[None]] = []
    seen_before = len(await line.stack.seen(line.scope))
    log_sizes: list[int] = []

    async def before_turn(index: int) -> None:
        if provider == "stt" and index:
            await _answered(line, seen_before, index, _patience_for(cells[index - 1]))
        log_sizes.append(line.log_size())
        await line.reset_faults()
        for task in tasks:
            task.cancel()
        if index < len(cells):
            tasks.append(asyncio.create_task(_break(cells[index], line)))
            await asyncio.sleep(IDLE_SECONDS + 1 if cells[index].fault == "idle_close" else 0.1)

    # One turn more than faults: after the last one, too, the call goes on.
    questions = [QUESTIONS.get(provider, (QUESTION, AGAIN)[index % 2]) for index in range(len(cells) + 1)]
    result = await place_call(
        CallPlan(turns=tuple(Turn(question) for question in questions), name=f"{provider} tour"),
        join=line.join(), control=line.control, before_turn=before_turn, patience=PATIENCE,
    )  # fmt: skip
    await line.reset()
    log_sizes += [line.log_size()] * (len(cells) + 2 - len(log_sizes))
    rows = []
    for index, cell in enumerate(cells):
        next_but_one = result.turns[index + 2 : index + 3]
        until = next_but_one[0].started_seconds if next_but_one else result.duration_seconds
        part = replace(result, turns=result.turns[index : index + 2], duration_seconds=until)
        events = line.events(log_sizes[index])[
            : len(line.events(log_sizes[index])) - len(line.events(log_sizes[index + 1]))
        ]
        rows.append(judge(cell, part, events, shared=True))
    return rows


def _patience_for(cell: Cell) -> float:
    return {"recovers": RECOVERS_AFTER_SECONDS + 10, "never": GIVE_UP_SECONDS + 3}.get(cell.phase, 8.0)


async def _answered(line: LineUp, seen_before: int, turns: int, seconds: float) -> None:
    """Until the model has answered so many turns, or so long."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        seen = (await line.stack.seen(line.scope))[seen_before:]
        if sum(event["provider"] == "llm" and event["kind"] == "answered" for event in seen) >= turns:
            await asyncio.sleep(1.5)
            return
        await asyncio.sleep(0.2)


async def _settled(line: LineUp, log_before: int) -> None:
    """The call's process has logged its end, or a few seconds have gone by."""
    limit = time.monotonic() + 8
    while time.monotonic() < limit:
        if any(event.get("message") == "call.report" for event in line.events(log_before)):
            return
        await asyncio.sleep(0.2)


async def _break(cell: Cell, line: LineUp) -> None:
    """Do what the cell says, and undo it when its phase says so."""
    if cell.wrong_address:
        return  # this worker was started with it
    once = cell.phase in ("start", "mid")
    if cell.provider == "records":
        await line.break_records(cell.fault)
        if cell.phase == "recovers":
            await asyncio.sleep(RECOVERS_AFTER_SECONDS)
            await line.mend_records()
        return
    if cell.fault == "refused":
        await line.relays[cell.provider].cut()
        if cell.phase != "never":
            passing = ONCE_SECONDS.get(cell.provider) or ONCE_SECONDS_ELSE.get(cell.phase, 0.0)
            await asyncio.sleep(passing if once else RECOVERS_AFTER_SECONDS)
            await line.relays[cell.provider].start()
        return
    fault: dict[str, Any] = {"provider": cell.provider, "fault": cell.fault}
    if once:
        # The voice's socket is opened ahead of time: a fault of the handshake meets that one first, and nobody waits.
        opened_ahead = cell.phase == "start" and cell.provider == "tts" and cell.fault in (*STATUSES, "hang")
        fault["times"] = 2 if opened_ahead else 1
    if cell.fault == "slow":
        fault["times"] = None
    if cell.phase == "recovers":
        fault["for_seconds"] = RECOVERS_AFTER_SECONDS + ASKED_AFTER_SECONDS.get(cell.provider, 0.0)
    extra = {"idle_close_seconds": IDLE_SECONDS} if cell.fault == "idle_close" else {}
    if cell.provider == "orders":
        await line.stack.configure(ORDERS_SCOPE, faults=[fault])
    else:
        await line.configure(faults=[fault], **extra)


def judge(cell: Cell, result: CallResult, events: Sequence[dict[str, Any]], *, shared: bool = False) -> Row:
    """What the call came to, and what is wrong with it.

    Args:
        shared: The next turn meets the next fault: that it is heard shows that the call goes on.
    """
    answered = [bool(_without_phrases(turn.reply)) or _is_told(cell, turn.reply) for turn in result.turns]
    if shared:
        answered[1:] = [turn.voice_to_voice_seconds is not None for turn in result.turns[1:]]
    ended_by_agent = result.ended_by == "agent"
    # Without a turn the agent ended the call before the caller could speak: then the greeting is what was heard.
    wait = result.turns[0].voice_to_voice_seconds if result.turns else result.greeting_seconds
    silence = _longest_silence(result, answered, ended_by_agent=ended_by_agent)
    end = next((event for event in events if event.get("message") == "call.ended"), {})
    logged = [event for event in events if event.get("message") in ("provider.fault", "tool.failed", "records.waiting")]
    row = Row(
        cell.provider,
        cell.fault,
        cell.phase,
        heard=_heard(answered, result, events),
        heard_after_seconds=None if wait is None else round(wait, 2),
        longest_silence_seconds=round(silence, 2),
        goes_on=not ended_by_agent and bool(answered) and answered[-1],
        ended_by=result.ended_by or "",
        end_reason=str(end.get("reason", "")),
        logged=_in_short(logged),
        problems=(),
    )
    return Row(**{**asdict(row), "problems": tuple(_problems(cell, row, answered, result))})


def _problems(cell: Cell, row: Row, answered: list[bool], result: CallResult) -> list[str]:
    problems = []
    if row.heard_after_seconds is None:
        problems.append("nothing was heard after the caller's turn")
    if row.longest_silence_seconds > LONGEST_SILENCE_SECONDS:
        problems.append(f"silent for {row.longest_silence_seconds:.1f} s")
    if cell.phase != "never":
        if row.ended_by == "agent":
            problems.append("ended a call that could go on")
        if len(answered) < TURNS[cell.phase] or not answered[-1]:
            problems.append("did not go on")
        if answered and not answered[0]:
            problems.append("the turn was never answered")
    elif not (row.ended_by == "agent" or row.end_reason.endswith("_failed") or all(answered)) and not (
        _left_with_the_goodbye(row, result)
    ):
        problems.append("neither answered nor ended")
    if result.greeting_seconds is None:
        problems.append("no greeting")
    # Over before a try had failed; or passed over by the plugin, which goes on with the next frame.
    unnoticed = (cell.phase == "recovers" and cell.fault in ("hang", "stall")) or cell.pair == ("tts", "malformed")
    # A refusal in the model's own words is its answer, and so is a 403 of the orders' API: not this caller's order.
    answers = cell.fault in ("slow", "idle_close", "declined") or cell.pair == ("orders", "forbidden")
    if cell.provider == "records":
        if row.heard != "the answer" or not all(answered):
            problems.append("the caller has noticed")
        answers = cell.fault == "hang"  # late, and then there
    if not answers and not row.logged and not unnoticed:
        problems.append("not logged")
    return problems


def _is_told(cell: Cell, reply: str) -> bool:
    """Whether the caller hears that just this cannot be answered: where that is so, it is the answer."""
    if (cell.pair, cell.phase) == (("llm", "empty"), "never"):
        return PHRASES["no_answer"] in reply  # the model is there, and has nothing to say to this, and to the next
    return cell.of_one_request and PHRASES["cannot_help"] in reply


def _without_phrases(reply: str) -> str:
    """What is left of a reply without our ready phrases; a stand-in model never says them."""
    for phrase in PHRASES.values():
        reply = reply.replace(phrase, " ")
    return reply.strip()


def _left_with_the_goodbye(row: Row, result: CallResult) -> bool:
    """Whether the caller hung up when the agent said goodbye: then the end is whoever's is quicker."""
    return row.heard.endswith("goodbye") and result.duration_seconds - _last_sound(result) < GOODBYE_SECONDS


def _heard(answered: list[bool], result: CallResult, events: Sequence[dict[str, Any]]) -> str:
    if not result.turns and result.agent_audio:
        return "beeps in place of the greeting, then the end"
    if all(turn.voice_to_voice_seconds is None for turn in result.turns):
        return "nothing"
    told = [event.get("phrase") for event in events if event.get("message") == "apology.spoken"]
    ended = "give_up" in told
    if ("cannot_help" in told or "no_answer" in told) and not ended:
        return "that it cannot be answered"
    parts = ["a phrase"] if set(told) - {"give_up"} else []
    parts += ["the answer"] if answered and answered[0] and not ended else []
    parts += ["goodbye"] if ended else []
    return ", then ".join(parts) or "sound without words"


def _last_sound(result: CallResult) -> float:
    """Seconds of the call at which the agent fell silent for good."""
    return max((ended for _, ended in result.agent_audio), default=0.0)


def _longest_silence(result: CallResult, answered: list[bool], *, ended_by_agent: bool) -> float:
    """The longest wait in silence, from the end of the caller's first turn on."""
    silences = _silences(result, answered)
    if ended_by_agent and answered and not answered[-1]:
        silences.append(result.duration_seconds - max(_last_sound(result), result.turns[-1].ended_seconds))
    if not result.turns:
        sounds = [(0.0, 0.0), *result.agent_audio, (result.duration_seconds, result.duration_seconds)]
        silences += [began - ended for (_, ended), (began, _) in itertools.pairwise(sounds)]
    return max(silences, default=0.0)


def _silences(result: CallResult, answered: list[bool]) -> list[float]:
    """For each turn the longest wait in silence until the next, or until its last sound when it was answered."""
    silences = []
    for index, turn in enumerate(result.turns):
        last = index + 1 == len(result.turns)
        until = result.duration_seconds if last else result.turns[index + 1].started_seconds
        at, longest = turn.ended_seconds, 0.0
        for began, ended in result.agent_audio:
            if ended > at and began < until:
                longest = max(longest, began - at)
                at = max(at, ended)
        if not answered[index] and not last:
            longest = max(longest, until - at)
        silences.append(longest)
    return silences


def _in_short(logged: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Each kind of event once, with how often it came."""
    counted: dict[str, int] = {}
    for event in logged:
        if event["message"] == "records.waiting":
            text = event["message"]
        elif event["message"] == "tool.failed":
            text = f"tool.failed {event.get('provider')}: {event.get('why')}"
        else:
            text = f"provider.fault {event.get('provider')} {event.get('kind')}" + (
                "" if event.get("retryable") else " (not retryable)"
            )
        counted[text] = counted.get(text, 0) + 1
    return tuple(f"{text} x{count}" if count > 1 else text for text, count in counted.items())
