"""OpenTelemetry's own variables, as its documentation has them."""

import subprocess
import sys

import pytest

from tests.telemetry.conftest import BASE, telemetry_settings
from worker.environment import load_settings
from worker.errors import BadSettings
from worker.telemetry.checks import telemetry_problems

NOTHING = telemetry_settings()


def test_without_a_variable_nothing_is_on():
    assert not NOTHING.is_on


@pytest.mark.parametrize(
    ("variables", "traces", "metrics"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces", "http://c:4318/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c/api/otel"}, "https://c/api/otel/v1/traces", "https://c/api/otel/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/x"}, "http://t/x", None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://m/y"},
         "http://c/v1/traces", "http://m/y"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, None, "http://c/v1/metrics"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"}, "http://c/v1/traces", None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, None, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "  "}, None, None),
    ],
)  # fmt: skip
def test_where_it_goes(variables, traces, metrics):
    settings = telemetry_settings(**variables)
    assert (settings.traces_url, settings.metrics_url) == (traces, metrics)


def test_headers_are_pairs_and_the_more_special_wins():
    settings = telemetry_settings(
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20abc==, x-a=1", OTEL_EXPORTER_OTLP_TRACES_HEADERS="x-a=2"
    )
    assert settings.traces_headers == {"authorization": "Basic abc==", "x-a": "2"}
    assert settings.metrics_headers == {"authorization": "Basic abc==", "x-a": "1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://c"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "sk-secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0D%0AHost: sk-secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "bad name=sk-secret"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "deflate"),
        ("OTEL_METRICS_EXPORTER", "console"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name_and_never_quoted_if_secret(name, value):
    with pytest.raises(BadSettings, match=name) as refused:
        load_settings(BASE | {name: value})
    assert "sk-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://"}, "names no server"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:99999"}, "is no address"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, "4318"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/v1/traces"}, "base address"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://telemetry.googleapis.com"}, "put its collector between"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://u:p@c"}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"},
         "OTEL_EXPORTER_OTLP_CERTIFICATE"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": __file__},
         "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
    ],
)  # fmt: skip
def test_what_would_never_deliver_is_told_at_start(variables, said):
    (problem,) = telemetry_problems(telemetry_settings(**variables))
    assert said in problem


@pytest.mark.processes
def test_a_worker_without_telemetry_loads_nothing_of_it():
    """Off is free: neither the parent's modules nor a call's name ours."""
    code = (
        "import sys, worker.server, worker.run, worker.checks;"
        "print([name for name in sys.modules if name.startswith('worker.telemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
