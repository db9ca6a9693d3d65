"""Runs telemetry in the worker's parent process: takes in what calls tell, and has it delivered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)

from worker.settings import TelemetrySettings
from worker.telemetry.delivery import Delivery, Outage
from worker.telemetry.measures import CountedEvents, Measures
from worker.telemetry.otlp import Endpoint, NotDelivered, Tls
from worker.telemetry.pipe import MEASUREMENT, SPANS, PipeServer
from worker.telemetry.prometheus import Scraped

log = logging.getLogger("vaani")
LAST_DELIVERY_SECONDS = 2.0


class WorkerTelemetry:
    """Telemetry of one worker."""

    def __init__(
        self, settings: TelemetrySettings, socket: Path, calls: Callable[[], int], capacity: Callable[[], int],
        lag_seconds: Callable[[], float],
    ) -> None:  # fmt: skip
        """Put it together; nothing is started yet.

        Args:
            settings: Where it all goes.
            socket: Where calls' processes send it to.
            calls: Counts the calls of now.
            capacity: How many calls there may be.
            lag_seconds: How late the event loops of this worker's processes are.
        """
        self._delivery = None if settings.traces_url is None else Delivery(traces_endpoint(settings))
        self.scraped = Scraped() if settings.is_scraped else None
        readers: list[MetricReader] = [] if self.scraped is None else [self.scraped.reader]
        if settings.metrics_url is not None:
            exporter = _OtlpMetrics(metrics_endpoint(settings))
            readers.append(
                PeriodicExportingMetricReader(
                    exporter, settings.metric_export_interval, export_timeout_millis=settings.exporter_otlp_timeout
                )
            )
        self._measures = Measures(readers, settings.service_name, calls, capacity, lag_seconds) if readers else None
        self._server = PipeServer(socket, self._take)

    async def start(self) -> None:
        """Start taking in."""
        await self._server.start()
        if self._delivery is not None:
            self._delivery.start()
        if self._measures is not None:
            CountedEvents(self._measures).follow()

    async def aclose(self) -> None:
        """Deliver what is there, for a moment at most; an endpoint that is away holds no worker up."""
        await self._server.aclose()
        last = []
        if self._delivery is not None:
            last.append(asyncio.to_thread(self._delivery.stop, LAST_DELIVERY_SECONDS))
        if self._measures is not None:
            last.append(asyncio.to_thread(self._measures.close, LAST_DELIVERY_SECONDS))
        await asyncio.gather(*last)

    def _take(self, kind: bytes, content: bytes) -> None:
        if kind == SPANS and self._delivery is not None:
            self._delivery.put(content)
        elif kind == MEASUREMENT and self._measures is not None:
            self._measures.take(content)


class _OtlpMetrics(MetricExporter):
    """Delivers metrics; in the reader's own thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._outage = Outage("metrics")

    def export(self, metrics_data: MetricsData, timeout_millis: float = 0, **_: Any) -> MetricExportResult:
        """Deliver once: figures add up, and the next delivery has these in it."""
        try:
            self._endpoint.deliver(encode_metrics(metrics_data).SerializeToString())
        except NotDelivered as error:
            self._outage.failed(str(error))
            return MetricExportResult.FAILURE
        self._outage.worked()
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 0) -> bool:
        """Nothing is kept in here."""
        return True

    def shutdown(self, timeout_millis: float = 0, **_: Any) -> None:
        """Close the connection."""
        self._endpoint.close()


def traces_endpoint(settings: TelemetrySettings) -> Endpoint:
    """Return where traces go."""
    return _endpoint(settings, settings.traces_url or "", settings.traces_headers)


def metrics_endpoint(settings: TelemetrySettings) -> Endpoint:
    """Return where metrics go."""
    return _endpoint(settings, settings.metrics_url or "", settings.metrics_headers)


def _endpoint(settings: TelemetrySettings, url: str, headers: dict[str, str]) -> Endpoint:
    return Endpoint(
        url,
        headers,
        seconds=settings.exporter_otlp_timeout / 1000,
        gzipped=settings.exporter_otlp_compression == "gzip",
        tls=Tls(
            settings.exporter_otlp_certificate,
            settings.exporter_otlp_client_certificate,
            settings.exporter_otlp_client_key,
        ),
    )
