"""Where a span of every request goes: OpenTelemetry's own variables, and what Google's endpoint wants beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from join_token.secret import Secret
from join_token.variables_reader import Reader, scheme_and_host

GOOGLE_TELEMETRY_HOST = "telemetry.googleapis.com"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Where a span of every request goes."""

    url: str
    headers: Mapping[str, Secret]
    seconds: float
    service: str
    project_id: str
    """Whose traces they are, for Google; "" where nobody has said."""
    metadata_host: str
    """Who gives a token for an endpoint of Google's; "" for every other, which has no business with one."""


def trace_settings(reader: Reader) -> TraceSettings | None:
    """Read them; None where nothing is to be sent."""
    base, whole = reader.text("OTEL_EXPORTER_OTLP_ENDPOINT"), reader.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    for name, url in (("OTEL_EXPORTER_OTLP_ENDPOINT", base), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", whole)):
        scheme, host = scheme_and_host(url)
        if url and not (scheme in {"http", "https"} and host):
            reader.problem(name, "must be an http(s):// URL without a user name, e.g. http://collector:4318.")
    headers = _otlp_headers(reader)
    milliseconds = reader.whole("OTEL_EXPORTER_OTLP_TIMEOUT", 1, 60_000)
    exporter = reader.text("OTEL_TRACES_EXPORTER").lower()
    if exporter not in {"otlp", "none"}:
        reader.problem("OTEL_TRACES_EXPORTER", "must be otlp or none.")
    if reader.flag("OTEL_SDK_DISABLED") or exporter == "none" or not (base or whole):
        return None
    url = whole or base.rstrip("/") + "/v1/traces"
    metadata_host = ""
    if scheme_and_host(url)[1] == GOOGLE_TELEMETRY_HOST:
        _check_for_google(reader, url, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if whole else "OTEL_EXPORTER_OTLP_ENDPOINT")
        metadata_host = "" if "authorization" in headers else reader.text("GCE_METADATA_HOST")
    return TraceSettings(
        url=url,
        headers=headers,
        seconds=milliseconds / 1000,
        service=reader.text("OTEL_SERVICE_NAME"),
        project_id=reader.text("GOOGLE_CLOUD_PROJECT"),
        metadata_host=metadata_host,
    )


def _check_for_google(reader: Reader, url: str, name: str) -> None:
    if scheme_and_host(url)[0] != "https":
        reader.problem(name, f"must be https:// for {GOOGLE_TELEMETRY_HOST}: an access token goes along.")
    if not reader.text("GOOGLE_CLOUD_PROJECT"):
        reader.problem("GOOGLE_CLOUD_PROJECT", f"is not set. {GOOGLE_TELEMETRY_HOST} takes no span without it.")


def _otlp_headers(reader: Reader) -> dict[str, Secret]:
    headers: dict[str, Secret] = {}
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        for number, pair in enumerate(reader.listed(name), start=1):
            key, equals, value = pair.partition("=")
            value = unquote(value.strip())
            if not (equals and _HEADER_NAME.fullmatch(key.strip()) and value.isascii() and value.isprintable()):
                # never the text itself: it is usually a key
                reader.problem(name, f"entry {number} is not name=value, with blanks and commas in the value encoded.")
                continue
            headers[key.strip().lower()] = Secret(value)
    return headers
