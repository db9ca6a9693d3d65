"""Receives traces and metrics over OTLP: somebody to send to without an account, and to ask afterwards what came."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from sandbox.services.http_on_loopback import Reply, running_http

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """One span as it came; ids in hex, times in Unix seconds."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    began: float
    ended: float
    is_error: bool
    attributes: Mapping[str, Any]
    events: tuple[tuple[float, str, Mapping[str, Any]], ...]
    links: tuple[str, ...]
    """Ids of the spans that it points at."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass
class Received:
    """What has come so far; read from any thread."""

    spans: list[ReceivedSpan] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """Whole requests, uncompressed: whatever was said is in here."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, enough: Callable[[Received], bool], seconds: float) -> bool:
        """Wait until `enough` has come; False after `seconds`."""
        with self.changed:
            return self.changed.wait_for(lambda: enough(self), seconds)

    def named(self, name: str) -> list[ReceivedSpan]:
        """The spans of this name, in the order in which they began."""
        return sorted((span for span in list(self.spans) if span.name == name), key=lambda span: span.began)

    def metric(self, name: str) -> Metric | None:
        """The newest that came of this name."""
        return next((metric for metric in reversed(list(self.metrics)) if metric.name == name), None)

    def take(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Take one request in; returns the HTTP status."""
        try:
            plain = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
            if path.endswith("/v1/traces"):
                spans, metrics = list(_spans(ExportTraceServiceRequest.FromString(plain))), []
            elif path.endswith("/v1/metrics"):
                spans, metrics = [], list(_metrics(ExportMetricsServiceRequest.FromString(plain)))
            else:
                return 404
        except (DecodeError, OSError, EOFError):
            return 400
        with self.changed:
            self.spans += spans
            self.metrics += metrics
            self.bodies.append(plain)
            self.headers.append(headers)
            self.changed.notify_all()
        return 200


@contextmanager
def running_receiver() -> Iterator[tuple[str, Received]]:
    """Run a receiver on loopback; yields its address, for OTEL_EXPORTER_OTLP_ENDPOINT, and what comes."""
    received = Received()

    def handle(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        status = received.take(path, body, headers) if method == "POST" else 405
        return status, {"Content-Type": "application/x-protobuf"}, b""

    with running_http(handle) as url:
        yield url, received


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for resource in request.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name", "")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield ReceivedSpan(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    service=service,
                    began=span.start_time_unix_nano / NANOSECONDS,
                    ended=span.end_time_unix_nano / NANOSECONDS,
                    is_error=span.status.code == span.status.STATUS_CODE_ERROR,
                    attributes=_attributes(span.attributes),
                    events=tuple(
                        (event.time_unix_nano / NANOSECONDS, event.name, _attributes(event.attributes))
                        for event in span.events
                    ),
                    links=tuple(link.span_id.hex() for link in span.links),
                )


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[Metric]:
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs if isinstance(pair, KeyValue)}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
