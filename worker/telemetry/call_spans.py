"""Makes the spans of a call's process part of the call's one trace, and hands them to the worker's parent."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from livekit.agents import JobContext, get_job_context, telemetry
from livekit.agents.telemetry import gen_ai
from opentelemetry.context import Context, get_current
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    TraceFlags,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)

from worker.telemetry.allowed import allowed_only
from worker.telemetry.pipe import SPANS, Pipe
from worker.ticket import TraceParent

log = logging.getLogger("vaani")
# With WORKER_LOG_PII a span may hold a conversation; a frame of the pipe has room for some of these.
LONGEST_ATTRIBUTE_CHARACTERS = 32_000
SEEN_SPANS = 64
_OF_A_REPLY = frozenset({"llm_node", "llm_fallback_adapter", "llm_request", "llm_request_run", "tts_node"})


@dataclass(frozen=True, slots=True)
class TraceOfCall:
    """Which trace a call belongs to."""

    parent: TraceParent | None
    """The token function's span, or its caller's; None for a call that came without one."""
    call_id: str

    @property
    def trace_id(self) -> int:
        """Return the trace's id: every agent of a call comes to the same."""
        if self.parent is not None:
            return self.parent.trace_id
        return int.from_bytes(hashlib.sha256(f"vaani trace of {self.call_id}".encode()).digest()[:16], "big")


class SpansOfTheCall(SpanProcessor):
    """Sends each span that ends, without anything personal, and remembers the last few."""

    def __init__(self, pipe: Pipe, *, everything: bool) -> None:
        self._pipe = pipe
        self._everything = everything
        self._seen: deque[ReadableSpan] = deque(maxlen=SEEN_SPANS)

    def on_end(self, span: ReadableSpan) -> None:
        """Send a span; whatever goes wrong with it, the call does not learn of it."""
        try:
            if span.name in _OF_A_REPLY:
                self._seen.append(span)
            sent = span if self._everything else allowed_only(span)
            self._pipe.send(SPANS, encode_spans([sent]).SerializeToString())
        except Exception as error:
            log.debug("a span was not sent", extra={"why": type(error).__name__})

    def find(self, name: str, attribute: str, value: object) -> ReadableSpan | None:
        """Return the newest of the spans of this name that says so of itself."""
        return next((span for span in reversed(self._seen)
                     if span.name == name and (span.attributes or {}).get(attribute) == value), None)  # fmt: skip

    def event_below(self, top: ReadableSpan, event: str) -> int | None:
        """Return when, in Unix nanoseconds, an event of this name was first noted in the spans below another."""
        above, times = {_id(top)}, []
        for span in reversed(self._seen):  # a span ends before the one that it is in
            if span.parent is not None and span.parent.span_id in above:
                above.add(_id(span))
                times += [each.timestamp for each in span.events if each.name == event]
        return min(times, default=None)


def _id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    return 0 if context is None else context.span_id


class _TracerOfTheCall(Tracer):
    """Puts a span that would begin a trace of its own into the call's."""

    def __init__(self, tracer: Tracer, parent: Callable[[], Context | None]) -> None:
        self._tracer = tracer
        self._parent = parent

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        context = get_current() if context is None else context
        if not get_current_span(context).get_span_context().is_valid:
            context = self._parent() or context
        return self._tracer.start_span(name, context, *args, **kwargs)

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the library's own kind is a decorator as well
        self, name: str, context: Context | None = None, *args: Any, end_on_exit: bool = True,
        record_exception: bool = True, set_status_on_exception: bool = True, **kwargs: Any,
    ) -> Iterator[Span]:  # fmt: skip
        span = self.start_span(name, context, *args, **kwargs)
        with use_span(
            span, end_on_exit=end_on_exit, record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        ):  # fmt: skip
            yield span


class _IdsOfTheCall(RandomIdGenerator):
    """Gives a span that has no parent the call's trace, so that two agents of one call are in one."""

    def __init__(self, of_call: Callable[[], TraceOfCall | None]) -> None:
        self._of_call = of_call

    def generate_trace_id(self) -> int:
        call = self._of_call()
        return super().generate_trace_id() if call is None else call.trace_id


class _ProviderOfTheCall(TracerProvider):
    """Makes such tracers."""

    def __init__(self, of_call: Callable[[], TraceOfCall | None], **kwargs: Any) -> None:
        super().__init__(id_generator=_IdsOfTheCall(of_call), **kwargs)
        self._of_call = of_call

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return _TracerOfTheCall(super().get_tracer(*args, **kwargs), self._parent)

    def _parent(self) -> Context | None:
        call = self._of_call()
        return None if call is None or call.parent is None else _within(call.parent)


def _within(parent: TraceParent) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED if parent.is_sampled else TraceFlags.DEFAULT)
    return set_span_in_context(
        NonRecordingSpan(SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags))
    )


def set_up_spans(
    pipe: Pipe, service: str, trace_of: Callable[[JobContext], TraceOfCall], *, pii: bool
) -> SpansOfTheCall:
    """Have the framework's spans, and ours, sent to the worker's parent.

    Args:
        pipe: Leads there.
        service: `service.name` of the resource, unless OTEL_RESOURCE_ATTRIBUTES says another.
        trace_of: Says which trace the call of a JobContext belongs to.
        pii: Whether words, numbers and arguments may be in spans.
    """
    traces: dict[str, TraceOfCall] = {}

    def of_call() -> TraceOfCall | None:
        ctx = get_job_context(required=False)
        if ctx is None or ctx.is_fake_job():
            return None
        if ctx.job.id not in traces:
            traces[ctx.job.id] = trace_of(ctx)
        return traces[ctx.job.id]

    spans = SpansOfTheCall(pipe, everything=pii)
    provider = _ProviderOfTheCall(
        of_call,
        resource=Resource.create({"service.name": service}),
        span_limits=SpanLimits(max_attribute_length=LONGEST_ATTRIBUTE_CHARACTERS),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(spans)
    # The framework's default is that words may go; and what may not go is not even written down.
    telemetry.set_tracer_provider(provider, allow_pii=pii)
    gen_ai.set_capture_content(pii)
    return spans
