"""Follows one call for traces and metrics; it listens, and the call never waits for it."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping

from livekit.agents import JobContext
from livekit.agents.telemetry.session_context import session_root_context
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id, get_current_span

from worker import log_events
from worker.conversation.reports import CallReports, FinishedTurn
from worker.end_of_turn.detector import Decision
from worker.settings import Settings
from worker.telemetry import names
from worker.telemetry.call_spans import SpansOfTheCall, TraceOfCall, set_up_spans
from worker.telemetry.first_sound import FirstSound
from worker.telemetry.network import NetworkDelay
from worker.telemetry.pipe import MEASUREMENT, SOCKET_VARIABLE, Pipe
from worker.telemetry.turns import TracedTurn, heard_later, since_last_voice, trace_turn

log = logging.getLogger("vaani")


class Telemetry:
    """Makes the spans and measurements of the one call that a process carries."""

    def __init__(self, pipe: Pipe, spans: SpansOfTheCall | None) -> None:
        self._pipe = pipe
        self._spans = spans
        self._root: SpanContext | None = None
        self._rupees = 0.0
        self._last_voiced_at: float | None = None
        self._network: NetworkDelay | None = None
        self._first_sound = FirstSound()

    def turn_decided(self, decision: Decision) -> None:
        """Note when the caller was last heard: by sample, where the framework's detector goes by its window.

        And how long their sound was on its way: it is another while in the next turn.
        """
        self._last_voiced_at = time.time() - decision.since_voice_seconds
        if self._network is not None:
            self._quietly(self._network.look_again)

    def follow(self, ctx: JobContext, reports: CallReports, call_id: str) -> None:
        """Follow a call from its beginning."""
        root = get_current_span()
        root.set_attribute(names.CALL_ID, call_id)
        self._root = root.get_span_context()
        if self._spans is not None and self._root.is_valid:
            ctx.log_context_fields = {**ctx.log_context_fields, "trace_id": format_trace_id(self._root.trace_id)}
        self._network = network = NetworkDelay(ctx.room)
        reports.on_event.append(lambda *_: network.look_again() if network.seconds is None else None)
        reports.on_event.append(self._event)
        reports.on_reply_sound = lambda frame, reply: self._quietly(lambda: self._first_sound.hear(frame, reply))
        reports.on_turn.append(lambda turn: self._quietly(lambda: self._turn(turn, network)))

        async def ended() -> None:
            network.close()
            self._spent(reports.cost().bill.rupees)
            if self._rupees:
                self.measure(names.RUPEES_HISTOGRAM, self._rupees)

        ctx.add_shutdown_callback(ended)

    def measure(
        self, name: str, value: float, attributes: Mapping[str, str] | None = None, at: SpanContext | None = None
    ) -> None:
        """Measure something once; `at` says in which span, for the metric's exemplars."""
        at = at or self._root
        told: dict[str, object] = {"name": name, "value": value, "attributes": attributes or {}}
        if at is not None and at.is_valid and at.trace_flags.sampled:
            told |= {"trace": format_trace_id(at.trace_id), "span": format_span_id(at.span_id)}
        self._pipe.send(MEASUREMENT, json.dumps(told).encode())

    def _event(self, name: str, fields: dict[str, object]) -> None:
        seconds = fields.get("greeting_seconds")
        if name == log_events.CALL_GREETED and isinstance(seconds, int | float):
            self.measure(names.GREETING_HISTOGRAM, seconds, {names.LANGUAGE: str(fields.get("language"))})

    def _turn(self, turn: FinishedTurn, network: NetworkDelay) -> None:
        network.look_again()  # answered later: from here on the next turn is looked at
        self._spent(turn.cost.bill.rupees)
        heard = since_last_voice(turn.heard, self._last_voiced_at)
        said = heard_later(turn.said, self._first_sound.take())
        traced = trace_turn(
            heard, said, self._spans, network.seconds, turn.recogniser_request_id,
            {
                names.TURN_NUMBER: turn.number, names.LANGUAGE: turn.language, names.INTERRUPTED: turn.interrupted,
                **({} if turn.cost.bill.rupees is None else {names.RUPEES: turn.cost.bill.rupees}),
            },
            session_root_context(),
        )  # fmt: skip
        if traced is not None:
            self._measure_turn(traced, turn.language)

    def _measure_turn(self, traced: TracedTurn, language: str) -> None:
        by_language = {names.LANGUAGE: language}
        self.measure(names.VOICE_TO_VOICE_HISTOGRAM, traced.voice_to_voice_seconds, by_language, traced.context)
        for stage in traced.stages:
            self.measure(names.STAGE_HISTOGRAM, stage.ended - stage.began, {names.STAGE: stage.name}, traced.context)

    def _spent(self, rupees: float | None) -> None:
        """Count what the call has cost since last asked; what has no known price is not counted as nothing."""
        if rupees is not None and rupees > self._rupees:
            self.measure(names.RUPEES_COUNTER, rupees - self._rupees)
            self._rupees = rupees

    @staticmethod
    def _quietly(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # a call is not disturbed by who looks on
            log.warning("a turn was not traced", extra={"why": type(error).__name__})


def set_up_telemetry(settings: Settings, trace_of: Callable[[JobContext], TraceOfCall]) -> Telemetry | None:
    """Prepare a call's process for telemetry; None where there is nobody to tell, as in `console`."""
    if not (path := os.environ.get(SOCKET_VARIABLE)):
        return None
    pipe, told = Pipe(path), settings.telemetry
    spans = None
    if told.traces_url is not None:
        spans = set_up_spans(pipe, told.service_name, trace_of, pii=settings.may_log_words)
    return Telemetry(pipe, spans)
