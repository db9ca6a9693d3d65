"""A parent and a call's process in one: what a test tells comes out at a real receiver of OTLP."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest
from livekit.agents import telemetry
from livekit.agents.telemetry import gen_ai, traces
from opentelemetry import trace

from sandbox.services.otlp import running_receiver
from worker.environment import load_settings
from worker.telemetry import delivery
from worker.telemetry.call_spans import TraceOfCall, set_up_spans
from worker.telemetry.in_call import Telemetry
from worker.telemetry.in_parent import WorkerTelemetry
from worker.telemetry.pipe import Pipe

BASE = {
    "LIVEKIT_URL": "ws://127.0.0.1", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s" * 32, "SARVAM_API_KEY": "k",
    "OPENAI_API_KEY": "k",
}  # fmt: skip


def telemetry_settings(**variables):
    """What these variables make of OpenTelemetry's settings."""
    return load_settings(BASE | variables).telemetry


@pytest.fixture
def receiver():
    """The receiver's address, and what comes."""
    with running_receiver() as (url, received):
        yield url, received


@pytest.fixture(autouse=True)
def untouched_log():
    """The log's handlers and filters, as they were: counting a worker's lines is for the worker's life."""
    ours, everybody = logging.getLogger("vaani"), logging.getLogger()
    level, handlers = ours.level, list(ours.handlers)
    filters = [(handler, list(handler.filters)) for handler in everybody.handlers]
    yield
    ours.setLevel(level)
    ours.handlers[:] = handlers
    for handler, before in filters:
        handler.filters[:] = before


@pytest.fixture
def untouched_framework():
    """The framework's tracer and its wish for words, as they were."""
    provider, capture = telemetry.tracer._tracer_provider, gen_ai.capture_content_enabled()
    yield
    traces.tracer.set_provider(provider if provider is not None else trace.get_tracer_provider())
    gen_ai.set_capture_content(capture)


@pytest.fixture
def told(tmp_path, untouched_framework, monkeypatch):
    """`async with told(url, pii=False, calls=..., **variables)`: yields (telemetry of a call, of the worker)."""

    monkeypatch.setattr(delivery, "BATCH_SECONDS", 0.02)  # spans are not waited for to come together

    @asynccontextmanager
    async def running(url, *, pii=False, calls=lambda: 2, capacity=lambda: 8, of_call=None, **variables):
        settings = telemetry_settings(OTEL_EXPORTER_OTLP_ENDPOINT=url, **variables)
        worker = WorkerTelemetry(settings, tmp_path / "pipe" / "socket", calls, capacity, lambda: 0.25)
        await worker.start()
        pipe = Pipe(str(tmp_path / "pipe" / "socket"))
        spans = set_up_spans(pipe, settings.service_name, of_call or (lambda _: TraceOfCall(None, "call")), pii=pii)
        try:
            yield Telemetry(pipe, spans), worker
        finally:
            await worker.aclose()

    return running


async def came(received, enough, seconds=10.0):
    """Wait, with the event loop free, until `enough` has come."""
    assert await asyncio.to_thread(received.wait, enough, seconds), [span.name for span in received.spans]
