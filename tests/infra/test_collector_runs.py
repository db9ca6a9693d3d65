"""The collector itself, built of the modules of Google's build, with the configuration that Terraform plans for it.

It is built anew when a version changes, in some minutes: a test of the night.
"""

from __future__ import annotations

import copy
import hashlib
import http.client
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from join_token.trace_settings import TraceSettings
from join_token.tracing import Tracing
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from terraform_bench import ROOT

from sandbox.services.otlp import running_receiver
from sandbox.stack.processes import free_port
from tests.needs import missing
from worker.telemetry.in_parent import _OtlpMetrics
from worker.telemetry.measures import Measures
from worker.telemetry.otlp import Endpoint

pytestmark = [pytest.mark.terraform, pytest.mark.nightly, pytest.mark.timeout(3000)]
MANIFEST = Path(__file__).parent / "collector.yaml"
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.159.0"
STARTS_SECONDS, ARRIVES_SECONDS = 30, 30


@pytest.fixture(scope="session")
def otelcol() -> Path:
    """The collector's binary."""
    if shutil.which("go") is None:
        missing("Go is missing: https://go.dev/dl (the collector is built of its modules)")
    folder = ROOT / ".cache" / f"collector-{hashlib.sha256(MANIFEST.read_bytes()).hexdigest()[:12]}"
    binary = folder / "built" / "otelcol"
    if not binary.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["go", "run", BUILDER, "--config", str(MANIFEST)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return binary


@pytest.fixture(scope="module")
def configuration(collector_reads) -> dict[str, Any]:
    """What the collector is planned to read, but for the two parts that can only talk to Google."""
    read = copy.deepcopy(collector_reads)
    sign_in = read["exporters"]["otlphttp"].pop("auth")["authenticator"]
    assert read["extensions"].pop(sign_in) == {}
    read["service"]["extensions"].remove(sign_in)
    assert read["exporters"].pop("googlemanagedprometheus") == {"project": "my-project"}
    read["service"]["pipelines"]["metrics"]["exporters"] = ["otlphttp"]
    return read


def command(otelcol: Path, *arguments: str) -> list[str]:
    return [str(otelcol), *arguments, "--config=env:COLLECTOR_CONFIG"]


def as_environment(configuration: dict[str, Any]) -> dict[str, str]:
    return {"COLLECTOR_CONFIG": yaml.safe_dump(configuration)}


@contextmanager
def running(otelcol: Path, configuration: dict[str, Any], google: str) -> Iterator[str]:
    """The collector with its own pipelines, sending everything to `google`; yields its OTLP address."""
    configuration, port, health = copy.deepcopy(configuration), free_port(), free_port()
    configuration["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = f"127.0.0.1:{port}"
    configuration["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{health}"
    configuration["exporters"]["otlphttp"]["endpoint"] = google
    process = subprocess.Popen(command(otelcol), env=as_environment(configuration), stderr=subprocess.PIPE)
    try:
        until_ready(process, health)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(STARTS_SECONDS) == 0, process.stderr.read()[-4000:]


def until_ready(process: subprocess.Popen, port: int) -> None:
    """Ask as the probe does, until it says yes."""
    late = time.monotonic() + STARTS_SECONDS
    while True:
        assert process.poll() is None, process.stderr.read()[-4000:]
        assert time.monotonic() < late, "the health check never said that it is ready"
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            line.request("GET", "/")
            if line.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            line.close()


def test_the_planned_configuration_is_valid(otelcol, configuration):
    """Every key is known to the version that the image has: a misspelt one would stop the collector, once deployed."""
    validate = command(otelcol, "validate")
    done = subprocess.run(validate, env=as_environment(configuration), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    spoilt = copy.deepcopy(configuration)
    spoilt["processors"]["memory_limiter"]["limit_mibs"] = 400
    assert subprocess.run(validate, env=as_environment(spoilt), capture_output=True, check=False).returncode != 0


def test_the_functions_span_and_the_calls_arrive_as_one_trace_and_metrics_with_their_place(otelcol, configuration):
    """What the worker sends goes through the planned pipelines; what the function sends goes past them."""
    with running_receiver() as (google, received), running(otelcol, configuration, google) as collector:
        function = Tracing(TraceSettings(f"{google}/v1/traces", {}, 3, "vaani-token", "my-project", ""))
        request = function.begin("")
        function.end(request, "POST", 201, "token_minted")
        worker = Tracing(TraceSettings(f"{collector}/v1/traces", {}, 3, "vaani-worker", "", ""))
        worker.end(worker.begin(request.traceparent), "POST", 201, "token_minted")
        exporter = _OtlpMetrics(Endpoint(f"{collector}/v1/metrics", {}, seconds=3))
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=100)
        measures = Measures([reader], "vaani-worker", calls=lambda: 3, capacity=lambda: 8, lag_seconds=lambda: 0.0)
        assert received.wait(lambda got: len(got.spans) == 2 and got.metric("vaani.calls"), ARRIVES_SECONDS)
        measures.close(1)
    assert {span.service for span in received.spans} == {"vaani-token", "vaani-worker"}
    assert {span.trace_id for span in received.spans} == {request.trace_id}
    for body in received.bodies:
        assert b"gcp.project_id" in body
        assert b"my-project" in body
    of_the_call = [body for body in received.bodies if b"vaani-worker" in body]
    assert all(b"asia-south1" in body for body in of_the_call)
    assert any(b"service.instance.id" in body for body in of_the_call)
