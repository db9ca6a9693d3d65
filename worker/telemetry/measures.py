"""Keeps the worker's metrics: one process measures for all of its calls, so that a call more is no time series more."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from worker.languages import SUPPORTED
from worker.telemetry import names

SECONDS_BUCKETS: Final = (
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.8,
    1.0,
    1.2,
    1.4,
    1.6,
    2.0,
    2.5,
    3.0,
    4.0,
    6.0,
    10.0,
    20.0,
)
RUPEES_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 25.0, 50.0, 100.0)
COUNTED_EVENTS: Final = frozenset({
    "apology.spoken", "budget.used_up", "call.ended", "call.failed", "call.handover", "call.lost", "call.process_died",
    "call.refused", "call.refused_busy", "call.rescued", "call.resumed", "call.started", "caller.silent",
    "provider.fault", "tool.failed", "turn.finished", "worker.gave_up", "worker.strained",
})  # fmt: skip
_ATTRIBUTES: Final = {names.LANGUAGE: frozenset(SUPPORTED), names.STAGE: frozenset(names.STAGES)}
_LABELS: Final = {
    "provider.fault": ("provider", "kind"), "call.refused": ("reason",), "call.handover": ("outcome",),
    "budget.used_up": ("budget",),
}  # fmt: skip


class Measures:
    """Records what calls' processes measure, and what this one counts."""

    def __init__(
        self, readers: Iterable[MetricReader], service: str, calls: Callable[[], int], capacity: Callable[[], int],
        lag_seconds: Callable[[], float],
    ) -> None:  # fmt: skip
        """Begin.

        Args:
            readers: Whoever is told.
            service: `service.name` of the resource.
            calls: Counts the calls of now.
            capacity: How many calls there may be.
            lag_seconds: How late the event loops of this worker's processes are.
        """
        self._provider = MeterProvider(
            metric_readers=list(readers),
            resource=Resource.create({"service.name": service}),
            shutdown_on_exit=False,
        )
        meter = self._provider.get_meter("vaani")

        def histogram(name: str, unit: str, what: str, buckets: tuple[float, ...]) -> Callable[..., None]:
            return meter.create_histogram(name, unit, what, explicit_bucket_boundaries_advisory=buckets).record

        rupees = meter.create_counter(names.RUPEES_COUNTER, "{INR}", "What calls have cost, as far as prices are known")
        self._record: dict[str, Callable[..., None]] = {
            names.VOICE_TO_VOICE_HISTOGRAM: histogram(
                names.VOICE_TO_VOICE_HISTOGRAM, "s", "Caller's last word to the reply's first sound", SECONDS_BUCKETS
            ),
            names.GREETING_HISTOGRAM: histogram(
                names.GREETING_HISTOGRAM,
                "s",
                "Agent and caller together to the greeting's first sound",
                SECONDS_BUCKETS,
            ),
            names.STAGE_HISTOGRAM: histogram(names.STAGE_HISTOGRAM, "s", "One stage of a turn", SECONDS_BUCKETS),
            names.RUPEES_HISTOGRAM: histogram(
                names.RUPEES_HISTOGRAM, "{INR}", "What one call has cost", RUPEES_BUCKETS
            ),
            names.RUPEES_COUNTER: rupees.add,
        }
        self._events = meter.create_counter(names.EVENTS_COUNTER, "{event}", "Log events (docs/log-events.md)")
        meter.create_observable_gauge(names.CALLS_GAUGE, [_observe(calls)], "{call}", "Calls of now")
        meter.create_observable_gauge(names.CAPACITY_GAUGE, [_observe(capacity)], "{call}", "Most calls at once")
        meter.create_observable_gauge(
            names.LAG_GAUGE, [_observe(lag_seconds)], "s", "How late the event loops of the worker and its calls are"
        )

    def take(self, frame: bytes) -> None:
        """Record one measurement of a call's process; what is none of ours is passed over."""
        try:
            told = json.loads(frame)
            record, value = self._record[told["name"]], float(told["value"])
            attributes = {
                name: value for name, value in told["attributes"].items() if value in _ATTRIBUTES.get(name, ())
            }
            context = _within(told)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return
        if value >= 0:
            record(value, attributes, context)

    def count(self, event: str, fields: Mapping[str, Any]) -> None:
        """Count a log event that is worth it."""
        if event in COUNTED_EVENTS:
            labels = {name: str(fields[name]) for name in _LABELS.get(event, ()) if fields.get(name) is not None}
            self._events.add(1, {names.EVENT: event, **labels})

    def close(self, seconds: float) -> None:
        """Deliver the last figures, for so long at most."""
        self._provider.shutdown(timeout_millis=seconds * 1000)


class CountedEvents(logging.Handler):
    """Counts log events, those of calls' processes too: their lines all come by here."""

    def __init__(self, measures: Measures) -> None:
        super().__init__(logging.INFO)
        self._measures = measures

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line."""
        if isinstance(record.msg, str):
            self._measures.count(record.msg, vars(record))

    def follow(self) -> None:
        """Count from now on, also what WORKER_LOG_LEVEL keeps out of the log."""
        ours = logging.getLogger("vaani")
        for handler in logging.getLogger().handlers:
            handler.addFilter(_AsQuietAsBefore(ours.getEffectiveLevel()))
        ours.setLevel(min(logging.INFO, ours.getEffectiveLevel()))
        ours.addHandler(self)


class _AsQuietAsBefore(logging.Filter):
    """Keeps lines out of the log that are made only to be counted."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name != "vaani" or record.levelno >= self._level


def _observe(read: Callable[[], float]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _: [Observation(read())]


def _within(told: Mapping[str, Any]) -> Any:
    """The span that a measurement was made in: the metric's exemplar names it."""
    if "trace" not in told:
        return None
    context = SpanContext(
        int(told["trace"], 16), int(told["span"], 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(context))
