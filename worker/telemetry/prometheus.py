"""Shows the worker's metrics to Prometheus, in its own text form, with the traces that stand for them as exemplars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.sdk.metrics.export import (
    Gauge,
    Histogram,
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.trace import format_span_id, format_trace_id

_UNITS: Final = {"s": "seconds", "{INR}": "", "{call}": "", "{event}": ""}


class Scraped:
    """Writes down what Prometheus asks for."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()

    def text(self) -> str:
        """Return all metrics of now, as OpenMetrics 1.0 has them."""
        data = self.reader.get_metrics_data()
        lines: list[str] = []
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    lines += _lines(metric)
        return "\n".join([*lines, "# EOF", ""])


def _lines(metric: Metric) -> Iterable[str]:
    unit = _UNITS.get(metric.unit or "", "")
    name = metric.name.replace(".", "_") + (f"_{unit}" if unit else "")
    kinds = {Histogram: "histogram", Sum: "counter", Gauge: "gauge"}
    kind = kinds.get(type(metric.data))
    if kind is None:
        return
    yield f"# TYPE {name} {kind}"
    yield f"# HELP {name} {metric.description}"
    for point in metric.data.data_points:
        if isinstance(point, HistogramDataPoint):
            yield from _histogram(name, point)
        elif isinstance(point, NumberDataPoint):
            yield f"{name}{'_total' if kind == 'counter' else ''}{_labels(point.attributes)} {point.value}"


def _histogram(name: str, point: HistogramDataPoint) -> Iterable[str]:
    bounds = [*point.explicit_bounds, float("inf")]
    total, lower = 0, float("-inf")
    for count, bound in zip(point.bucket_counts, bounds, strict=True):
        total += count
        le = "+Inf" if bound == float("inf") else repr(float(bound))
        yield f"{name}_bucket{_labels(point.attributes, le=le)} {total}{_exemplar(point, lower, bound)}"
        lower = bound
    yield f"{name}_sum{_labels(point.attributes)} {point.sum}"
    yield f"{name}_count{_labels(point.attributes)} {point.count}"


def _exemplar(point: HistogramDataPoint, lower: float, bound: float) -> str:
    for each in point.exemplars:
        if lower < each.value <= bound and each.trace_id and each.span_id:
            ids = f'trace_id="{format_trace_id(each.trace_id)}",span_id="{format_span_id(each.span_id)}"'
            return f" # {{{ids}}} {each.value} {each.time_unix_nano / 1_000_000_000}"
    return ""


def _labels(attributes: Mapping[str, Any] | None, **more: str) -> str:
    pairs = {name.replace(".", "_"): str(value) for name, value in (attributes or {}).items()} | more
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs.items())
    return f"{{{written}}}" if written else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
