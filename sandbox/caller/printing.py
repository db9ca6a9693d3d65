"""Print a call while it happens: who says what, in which language, and how long the caller waited for it."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.caller.call import CallEvent
from sandbox.caller.result import CallResult, TurnResult


class ConversationPrinter:
    """An `on_event` for people."""

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write

    def __call__(self, event: CallEvent) -> None:
        show = getattr(self, f"_{event.kind}", None)
        if show:
            show(event)

    def _connected(self, event: CallEvent) -> None:
        self._write(f"connected to room {event.data['room']}, waiting for the agent")

    def _greeted(self, event: CallEvent) -> None:
        self._write(f"vaani (greeting, {event.data['seconds']:.2f} s)  {event.data['text'] or '(no transcript)'}")

    def _turn_started(self, event: CallEvent) -> None:
        self._write(f"caller  {event.data['text']}")

    def _turn_done(self, event: CallEvent) -> None:
        turn: TurnResult = event.data["result"]
        if turn.voice_to_voice_seconds is None:
            return  # the error that says so has been printed
        if turn.heard and turn.heard != turn.said:
            self._write(f"        (heard: {turn.heard})")
        marks = [turn.reply_language or "language not told", f"{turn.voice_to_voice_seconds:.2f} s"]
        if turn.cut_off:
            marks.append("cut the caller off")
        if turn.barge_in_seconds is not None:
            marks.append(f"fell silent after {turn.barge_in_seconds:.2f} s")
        self._write(f"vaani ({', '.join(marks)})  {turn.reply or '(no transcript)'}")

    def _notice(self, event: CallEvent) -> None:
        notice = event.data["notice"]
        self._write(f"notice  {notice.get('code', '')}: {notice.get('message', '')}")

    def _error(self, event: CallEvent) -> None:
        error = event.data["error"]
        self._write(f"error   {error.code} at {error.at_seconds:.1f} s: {error.message}")

    def _ended(self, event: CallEvent) -> None:
        result: CallResult = event.data["result"]
        answered = [t.voice_to_voice_seconds for t in result.turns if t.voice_to_voice_seconds is not None]
        by = {"agent": "the agent hung up", "caller": "the caller hung up", "connection": "the connection broke"}
        ending = by.get(result.ended_by or "", "never connected")
        line = (
            f"{ending} after {result.duration_seconds:.1f} s; {len(answered)} of {result.turns_planned} turns answered"
        )
        if answered:
            line += f", voice to voice median {sorted(answered)[len(answered) // 2]:.2f} s"
        self._write(line)
