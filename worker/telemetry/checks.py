"""Finds settings of OpenTelemetry's that cannot be right: at start, and not as telemetry that never comes."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from worker.settings import TelemetrySettings
from worker.telemetry.in_parent import metrics_endpoint, traces_endpoint


def telemetry_problems(settings: TelemetrySettings) -> list[str]:
    """Return what is wrong, one sentence each, naming the variable and the mend."""
    problems = []
    for name in ("exporter_otlp_endpoint", "exporter_otlp_traces_endpoint", "exporter_otlp_metrics_endpoint"):
        if (url := getattr(settings, name)) is not None and (
            problem := _address_problem(url, whole=name.count("_") > 2)
        ):
            problems.append(f"OTEL_{name.upper()}: {problem}")
    if problems:
        return problems
    try:
        if settings.traces_url:  # one is enough: both are built of the same files
            traces_endpoint(settings)
        elif settings.metrics_url:
            metrics_endpoint(settings)
    except (OSError, ssl.SSLError) as error:  # the library does not say of which file
        problems.append(
            "OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, OTEL_EXPORTER_OTLP_CLIENT_KEY: "
            f"one of the files cannot be used ({type(error).__name__}: {error.strerror or error})"
        )
    return problems


def _address_problem(url: str, *, whole: bool) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    if not parts.hostname or port == 0:
        return "names no server"
    if parts.username is not None or parts.password is not None:
        return "names a user: put credentials into OTEL_EXPORTER_OTLP_HEADERS"
    if any(character.isspace() for character in url):
        return "has a blank in it"
    if not whole and parts.path.endswith(("/v1/traces", "/v1/metrics")):
        return "is the base address; /v1/traces and /v1/metrics are added to it"
    if parts.hostname == "telemetry.googleapis.com":
        return "Google wants a fresh access token with every request: put its collector between (docs/traces.md)"
    if port == 4317:
        return "4317 is gRPC's port by convention; OTLP over HTTP is at 4318"
    return None
