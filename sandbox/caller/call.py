"""Place one scripted call and measure it from the audio. Every wait is bounded: a call never hangs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.caller import measure
from sandbox.caller.control_client import Control, ensure_scope, queue_transcript, transcript_entry
from sandbox.caller.errors import CallFailure
from sandbox.caller.line import Line, PhoneLine
from sandbox.caller.listener import Sound
from sandbox.caller.microphone import Utterance
from sandbox.caller.plan import CallPlan, Patience, Turn
from sandbox.caller.result import CallError, CallResult, TurnResult
from sandbox.caller.speech import Speech, prepare
from sandbox.caller.token_source import Authorization, JoinToken, fetch_join_token, request_body
from sandbox.caller.transcripts import TurnReport, assign_reports

POLL_SECONDS = 0.02
HARDLY_SPOKEN_SECONDS = 0.2  # less than a word: a click, or sound held up on a busy machine; more is coming


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happened in a call, for whoever watches it.

    Kinds: `connected` (room), `agent_joined`, `greeted` (text, seconds), `turn_started` (text), `turn_spoken`,
    `agent_heard` (seconds), `turn_done` (result), `notice` (notice), `error` (error), `ended` (result).
    """

    kind: str
    at_seconds: float
    turn: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


OnEvent = Callable[[CallEvent], None]
BeforeTurn = Callable[[int], Awaitable[None]]


async def place_call(
    plan: CallPlan,
    *,
    token_url: str | None = None,
    auth: Authorization | None = None,
    join: JoinToken | None = None,
    line: Line | None = None,
    control: Control | None = None,
    out_dir: Path | None = None,
    on_event: OnEvent | None = None,
    before_turn: BeforeTurn | None = None,
    patience: Patience | None = None,
) -> CallResult:
    """Place a call, speak the plan's turns, and say what came of it. What goes wrong in the call is in `errors`.

    Args:
        token_url: The token endpoint. Or give `join`, a token that is there already, or `line`, another way to call:
            a telephone. What a line records is decided where it is made.
        control: Where the stand-in recogniser is told what it hears; without it every turn has to be recognised.
        out_dir: Gets `call.wav` and `call.json`; None keeps nothing, not even in memory.
        on_event: Called on the event loop as things happen; must not block.
        before_turn: Awaited before each turn (0, 1, ...) is spoken, to break something at that moment.
    Raises:
        BadPlan: A turn cannot be spoken. Nothing has been called then.
    """
    if [token_url, join, line].count(None) != 2:
        raise ValueError("place_call needs one of token_url, join and line")
    speeches = [None if turn.keys or turn.button else await prepare(turn) for turn in plan.turns]
    patience = patience or Patience()
    if line is None:

        async def get_join_token() -> JoinToken:
            if join is not None:
                return join
            assert token_url is not None
            return await fetch_join_token(token_url, request_body(plan), auth, timeout_seconds=patience.token_seconds)

        line = PhoneLine(get_join_token, record=out_dir is not None)
    call = _Call(plan, speeches, patience, control, on_event, before_turn, line)
    try:
        await call.run()
    finally:
        await call.line.aclose()
    result = call.result()
    if out_dir is not None:
        result.write(out_dir / "call.json")
        if call.line.recording:
            await asyncio.to_thread(call.line.recording.write, out_dir / "call.wav")
    call.emit("ended", result=result)
    return result


@dataclass
class _Spoken:
    """A turn that has been spoken, and its utterance's times."""

    turn: Turn
    scripted: bool
    first_voiced_at: float
    last_voiced_at: float


class _Call:
    """The course of one call."""

    def __init__(
        self,
        plan: CallPlan,
        speeches: list[Speech | None],
        patience: Patience,
        control: Control | None,
        on_event: OnEvent | None,
        before_turn: BeforeTurn | None,
        line: Line,
    ) -> None:
        self.plan, self.speeches, self.patience, self.control = plan, speeches, patience, control
        self.line = line
        self.spoken: list[_Spoken] = []
        self.errors: list[CallError] = []
        self._placed_at = time.monotonic()
        self._ended_by: str | None = None
        self._end_expected = False
        self._on_event, self._before_turn = on_event, before_turn
        self.line.transcripts.on_notice = lambda notice: self.emit("notice", notice=notice)

    async def run(self) -> None:
        """The whole call; what stops it early ends up in `errors`."""
        try:
            async with asyncio.timeout(limit := self.patience.call_seconds):
                await self._converse()
        except CallFailure as failure:
            self._fail(failure.code, failure.message)
        except TimeoutError:
            self._fail("call_too_long", f"The call was still going on after {limit:g} s; the caller hung up.")
        if self._ended_by is None and self.line.connected_at is not None:
            self._ended_by = self._who_ended()

    def emit(self, kind: str, turn: int | None = None, **data: Any) -> None:
        if self._on_event:
            self._on_event(CallEvent(kind, self._clock(time.monotonic()), turn, data))

    # The course of the call

    async def _converse(self) -> None:
        if self.control is not None:
            await ensure_scope(self.control)
        await self.line.connect(timeout_seconds=self.patience.connect_seconds)
        self.emit("connected", room=self.line.room_name)
        await self._wait_for_agent()
        await self._hear_greeting()
        for index, (turn, speech) in enumerate(zip(self.plan.turns, self.speeches, strict=True)):
            await self._take_turn(index, turn, speech)
        if self.line.ended_at is None:
            reports = self.line.transcripts.reports
            await self._until(lambda: len(reports) >= len(self.spoken), self.patience.late_text_seconds)

    async def _wait_for_agent(self) -> None:
        seconds = self.patience.agent_join_seconds
        if not await self._until(lambda: bool(self.line.agents or self.line.listener.sounds), seconds):
            raise CallFailure(
                "no_agent",
                f"No agent joined room {self.line.room_name} within {seconds:g} s. No worker is registered under the "
                "agent name that the token asks for, or all of them are full: start one, or compare AGENT_NAME of the "
                "token function and the worker.",
            )
        self.emit("agent_joined", identities=list(self.line.agents))

    async def _hear_greeting(self) -> None:
        seconds = self.patience.greeting_seconds
        if not await self._until(lambda: bool(self.line.listener.sounds), seconds):
            self._fail("no_greeting", f"An agent joined, but nothing was heard of it within {seconds:g} s.")
            return
        if self._barge_in_after(0) is None:
            await self._agent_to_finish()
        self.emit("greeted", text=self._greeting(), seconds=self._greeting_seconds())

    async def _take_turn(self, index: int, turn: Turn, speech: Speech | None) -> None:
        await self._moment_to_speak(index, turn)
        if self._before_turn:
            await self._before_turn(index)
        if speech is None:
            spoken = await self._press(index, turn)
        else:
            scripted = turn.scripted and self.control is not None
            if scripted:
                assert self.control is not None
                await queue_transcript(self.control, transcript_entry(turn, speech))
            spoken = await self._speak(index, turn, speech, scripted=scripted)
        self.spoken.append(spoken)
        self.emit("turn_spoken", index)
        self._end_expected = turn.expects_end
        await self._hear_answer(index, spoken)
        if turn.expects_end:
            await self._hear_the_end(index)

    async def _moment_to_speak(self, index: int, turn: Turn) -> None:
        if turn.barge_in_after_seconds is not None:
            since = self.spoken[-1].first_voiced_at if self.spoken else 0.0
            sounds = measure.sounds_since(self.line.listener.sounds, since)
            if sounds:
                start = sounds[-1].started_at + turn.barge_in_after_seconds
                await self._until(lambda: time.monotonic() >= start, self.patience.reply_seconds)
        if turn.wait_seconds:
            start = time.monotonic() + turn.wait_seconds
            await self._until(lambda: time.monotonic() >= start, turn.wait_seconds)
        if self.line.ended_at is not None:
            self._raise_gone(f"before turn {index + 1} of {len(self.plan.turns)}")

    async def _speak(self, index: int, turn: Turn, speech: Speech, *, scripted: bool) -> _Spoken:
        utterance: Utterance = self.line.microphone.say(speech)
        self.emit("turn_started", index, text=turn.text, language=turn.language)
        bound = len(speech.frames) * 0.02 + 5.0
        if not await self._until(utterance.over.is_set, bound):
            raise CallFailure("microphone_stuck", f"Turn {index + 1} could not be sent within {bound:.0f} s.")
        assert utterance.first_voiced_at is not None
        assert utterance.last_voiced_at is not None
        return _Spoken(turn, scripted, utterance.first_voiced_at, utterance.last_voiced_at)

    async def _press(self, index: int, turn: Turn) -> _Spoken:
        """Press keys, or the page's button; the wait for the answer counts from the last one."""
        self.emit("turn_started", index, text=f"presses {turn.keys or turn.button}", language=turn.language)
        began_at = time.monotonic()
        if turn.button:
            await self.line.withdraw()
        else:
            await self.line.press(turn.keys)
        return _Spoken(turn, True, began_at, time.monotonic())

    async def _hear_answer(self, index: int, spoken: _Spoken) -> None:
        seconds = self.patience.answer_seconds
        await self._until(
            lambda: self._voice_to_voice(index) is not None,
            max(0.0, spoken.last_voiced_at + seconds - time.monotonic()),
        )
        heard_after = self._voice_to_voice(index)
        if heard_after is None:
            self._fail("no_answer", f"Turn {index + 1} was not answered within {seconds:g} s: {spoken.turn.text!r}.")
        else:
            self.emit("agent_heard", index, seconds=heard_after)
            self.line.microphone.surround([each for each in self.speeches[index + 1 : index + 2] if each])
            if self._barge_in_after(index + 1) is None:
                await self._agent_to_finish()
        self.emit("turn_done", index, result=self._turn_results()[index])

    async def _agent_to_finish(self) -> None:
        """Wait as a polite person does: until the agent has been silent for a while and is not at work."""
        manners = self.patience

        since = self.spoken[-1].first_voiced_at if self.spoken else 0.0

        def finished() -> bool:
            silent = self.line.listener.silent_seconds(time.monotonic())
            hardly_spoken = self.line.listener.audible_seconds(since) < HARDLY_SPOKEN_SECONDS
            if hardly_spoken or self.line.agent_is_busy():
                return silent >= manners.polite_silence_seconds + manners.busy_agent_seconds
            return silent >= manners.polite_silence_seconds

        await self._until(finished, manners.reply_seconds)

    async def _hear_the_end(self, index: int) -> None:
        seconds = self.patience.end_seconds
        if not await self._until(lambda: self._gone(), seconds):
            self._fail(
                "not_ended", f"The agent did not end the call within {seconds:g} s of its answer to turn {index + 1}."
            )
        elif index + 1 < len(self.plan.turns):
            self._raise_gone(f"after turn {index + 1} of {len(self.plan.turns)}")
        else:
            self._ended_by = self._who_ended()

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, at most so long; whether it came true. Raises CallFailure if the other side is gone."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._gone():
                if self._end_expected:
                    return condition()
                self._raise_gone(f"after {len(self.spoken)} of {len(self.plan.turns)} turns")
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def _gone(self) -> bool:
        """Whether the call is over: the room is, or every agent has left and none came back in time."""
        if self.line.ended_at is not None:
            return True
        left_at = self.line.last_agent_left_at
        if left_at is None or self.line.agents:
            return False
        wait = 0.0 if self._end_expected else self.patience.agent_return_seconds
        return time.monotonic() - left_at >= wait

    def _who_ended(self) -> str:
        if self.line.ended_at is not None:
            return "agent" if self.line.ended_by_agent else "connection"
        return "agent" if self.line.last_agent_left_at is not None and not self.line.agents else "caller"

    def _raise_gone(self, when: str) -> None:
        self._ended_by = self._who_ended()
        if self.line.ended_at is None:
            reason, seconds = self.line.last_agent_left_reason, self.patience.agent_return_seconds
            message = f"The agent left {when} ({reason}) and none came back within {seconds:g} s."
            raise CallFailure("agent_left", message)
        if self.line.ended_by_agent:
            raise CallFailure("agent_left", f"The agent ended the call {when} ({self.line.end_reason_name}).")
        raise CallFailure("connection_lost", f"The connection was lost {when} ({self.line.end_reason_name}).")

    def _fail(self, code: str, message: str) -> None:
        error = CallError(code, message, self._clock(time.monotonic()))
        self.errors.append(error)
        self.emit("error", error=error)

    # What came of it

    def result(self) -> CallResult:
        reports = self.line.transcripts.reports
        cost = reports[-1].fields.get("cost_rupees") if reports else None
        usage = reports[-1].fields.get("usage") if reports else None
        sounds = self.line.listener.sounds
        return CallResult(
            room=self.line.room_name,
            greeting_seconds=self._greeting_seconds(),
            turns=tuple(self._turn_results()),
            errors=tuple(self.errors),
            plan=self.plan.name,
            turns_planned=len(self.plan.turns),
            greeting=self._greeting(),
            ended_by=self._ended_by,
            duration_seconds=self._clock(self.line.ended_at or time.monotonic()),
            agent_audio=tuple((self._clock(s.started_at), self._clock(s.ended_at)) for s in sounds),
            transcript=tuple(
                {
                    "by": "caller" if line.by_caller else "agent",
                    "text": line.text,
                    "at_seconds": self._clock(line.opened_at),
                }
                for line in self.line.transcripts.lines
            ),
            notices=tuple(self.line.transcripts.notices),
            usage=usage if isinstance(usage, Mapping) else None,
            cost_rupees=cost if isinstance(cost, int | float) else None,
            worst_late_seconds=self.line.microphone.worst_late_seconds,
        )

    def _turn_results(self) -> list[TurnResult]:
        heard = [self._text(i, by_caller=True) for i in range(len(self.spoken))]
        starts = [spoken.first_voiced_at for spoken in self.spoken]
        reports = assign_reports(self.line.transcripts.reports, heard, starts)
        return [self._turn_result(i, heard[i], report) for i, report in enumerate(reports)]

    def _turn_result(self, index: int, heard: str, report: TurnReport | None) -> TurnResult:
        spoken = self.spoken[index]
        first, last = spoken.first_voiced_at, spoken.last_voiced_at
        stages = report.fields.get("stages") if report else None
        return TurnResult(
            said=spoken.turn.text,
            heard=heard or (report and report.text("heard")) or "",
            heard_language=report.text("heard_language") if report else None,
            reply=self._text(index, by_caller=False) or (report and report.text("reply")) or "",
            reply_language=report.text("reply_language") if report else None,
            scripted=spoken.scripted,
            voice_to_voice_seconds=self._voice_to_voice(index),
            cut_off=measure.is_cut_off(self._sounds_of(index), first, last),
            language=spoken.turn.language,
            started_seconds=self._clock(first),
            ended_seconds=self._clock(last),
            barge_in_seconds=measure.barge_in_seconds(self.line.listener.sounds, first),
            stages=stages if isinstance(stages, Mapping) else None,
        )

    def _voice_to_voice(self, index: int) -> float | None:
        spoken = self.spoken[index]
        return measure.voice_to_voice_seconds(
            self._sounds_of(index),
            spoken.first_voiced_at,
            spoken.last_voiced_at,
            limit_seconds=self.patience.answer_seconds,
        )

    def _sounds_of(self, index: int) -> list[Sound]:
        """Agent sound that began before the caller's next turn did."""
        until = self._next_start(index)
        return [sound for sound in self.line.listener.sounds if sound.started_at < until]

    def _text(self, index: int, *, by_caller: bool) -> str:
        since = self.spoken[index].first_voiced_at
        return self.line.transcripts.said(by_caller=by_caller, since=since, until=self._next_start(index))

    def _next_start(self, index: int) -> float:
        return self.spoken[index + 1].first_voiced_at if index + 1 < len(self.spoken) else float("inf")

    def _greeting(self) -> str:
        until = self.spoken[0].first_voiced_at if self.spoken else float("inf")
        return self.line.transcripts.said(by_caller=False, since=0.0, until=until)

    def _greeting_seconds(self) -> float | None:
        sounds, connected_at = self.line.listener.sounds, self.line.connected_at
        if not sounds or connected_at is None:
            return None
        if self.spoken and sounds[0].started_at >= self.spoken[0].first_voiced_at:
            return None  # the first sound was an answer: there was no greeting
        return sounds[0].started_at - connected_at

    def _barge_in_after(self, index: int) -> float | None:
        return self.plan.turns[index].barge_in_after_seconds if index < len(self.plan.turns) else None

    def _clock(self, at: float) -> float:
        """Seconds since the call was connected (the start of call.wav), or placed, if it never was."""
        return at - (self.line.connected_at or self._placed_at)
