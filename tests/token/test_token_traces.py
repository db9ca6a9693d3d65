"""The token function begins a call's trace: a span a request, the same trace in the ticket, and nobody waits for it."""

import json
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from join_token.bounded_request import REPLY_BYTES_MAX
from join_token.errors import SettingsError
from join_token.google_token import access_token
from join_token.settings import settings_from
from join_token.tracing import Tracing, passed_on

from sandbox.services.http_on_loopback import running_http
from sandbox.services.otlp import running_receiver
from tests.token.claims import claims_of
from tests.token.environment import ANONYMOUS, BASE_ENV
from worker.ticket import read_ticket, read_traceparent

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CAME_WITH = f"00-{TRACE_ID}-{PARENT_ID}-00"
SECRET = "trace-key-that-no-output-may-contain"


@pytest.fixture
def receiver():
    """The receiver's address, and what comes."""
    with running_receiver() as (url, received):
        yield url, received


def ticket_in(reply):
    """What the worker is told, from the token that was answered."""
    claims = claims_of(reply)
    return read_ticket(claims["roomConfig"]["agents"][0]["metadata"])


def post(client, **headers):
    return client.post("/", json={}, headers={"Host": "127.0.0.1", **headers})


def test_the_function_and_the_call_are_in_one_trace(build, receiver):
    url, received = receiver
    reply = post(build(OTEL_EXPORTER_OTLP_ENDPOINT=url))
    parent = read_traceparent(ticket_in(reply).traceparent)
    assert received.wait(lambda got: got.spans, 10)
    (span,) = received.spans
    assert (span.trace_id, span.span_id) == (f"{parent.trace_id:032x}", f"{parent.span_id:016x}")
    assert parent.is_sampled
    assert (span.name, span.service, span.parent_id) == ("token.request", "vaani-token", "")
    assert span.attributes == {
        "http.request.method": "POST", "http.response.status_code": 201, "vaani.code": "token_minted",
    }  # fmt: skip
    assert 0 <= span.seconds < 10
    assert abs(span.began - time.time()) < 60


def test_a_trace_that_the_request_came_with_goes_on(build, receiver):
    url, received = receiver
    reply = post(build(OTEL_EXPORTER_OTLP_ENDPOINT=url), traceparent=CAME_WITH)
    assert received.wait(lambda got: got.spans, 10)
    (span,) = received.spans
    assert (span.trace_id, span.parent_id) == (TRACE_ID, PARENT_ID)
    assert ticket_in(reply).traceparent == f"00-{TRACE_ID}-{span.span_id}-01"


def test_without_an_endpoint_a_trace_is_passed_on_and_none_is_begun(client):
    assert ticket_in(post(client)).traceparent == ""
    assert ticket_in(post(client, traceparent=CAME_WITH)).traceparent == f"00-{TRACE_ID}-{PARENT_ID}-01"


@pytest.mark.parametrize(
    "header",
    ["", "नमस्ते", CAME_WITH.upper(), CAME_WITH + "-more", "ff" + CAME_WITH[2:], CAME_WITH.replace(TRACE_ID, "0" * 32),
     CAME_WITH.replace(PARENT_ID, "0" * 16), "00-" + "a" * 100_000, CAME_WITH + "\n", '","ahead":true,"x":"'],
)  # fmt: skip
def test_what_is_no_traceparent_is_not_passed_on(header):
    assert passed_on(header) == ""


def test_a_later_version_is_read_as_far_as_it_is_known():
    assert passed_on("01" + CAME_WITH[2:] + "-more") == f"00-{TRACE_ID}-{PARENT_ID}-01"


def test_refusals_have_a_span_and_probes_have_none(build, receiver):
    url, received = receiver
    client = build(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    client.get("/health")
    client.options("/")
    client.open("/", method="PURGE")
    assert received.wait(lambda got: got.spans, 10)
    assert [(span.attributes["http.request.method"], span.attributes["vaani.code"]) for span in received.spans] == [
        ("OTHER", "method_not_allowed")
    ]


def test_nothing_of_the_caller_is_in_the_span(build, receiver):
    url, received = receiver
    client = build(OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_HEADERS=f"authorization=Bearer%20{SECRET}")
    reply = client.post(
        "/?who=ramesh", json={"participant_name": "Ramesh Kumar", "participant_attributes": {"language": "hi-IN"}},
        headers={"Host": "127.0.0.1", "User-Agent": "ramesh's phone", "X-Forwarded-For": "203.0.113.9"},
    )  # fmt: skip
    assert received.wait(lambda got: got.spans, 10)
    body = b"".join(received.bodies).lower()
    room = claims_of(reply)["video"]["room"]
    assert not any(
        personal in body for personal in (b"ramesh", b"203.0.113.9", b"hi-in", room.encode(), SECRET.encode())
    )
    assert received.headers[0]["Authorization" if "Authorization" in received.headers[0] else "authorization"].endswith(
        SECRET
    )


def test_an_endpoint_that_is_away_costs_no_request(build, capsys):
    client = build(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    began = time.monotonic()
    assert [post(client).status_code for _ in range(20)] == [201] * 20
    assert time.monotonic() - began < 5
    assert "127.0.0.1:1" not in capsys.readouterr().out


def test_what_waits_is_bounded(monkeypatch):
    tracing = Tracing(
        settings_from(BASE_ENV | ANONYMOUS | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}).traces
    )
    monkeypatch.setattr(tracing, "_deliver_all", lambda: None)  # an endpoint that hangs for ever
    for _ in range(1000):
        tracing.end(tracing.begin(""), "POST", 201, "token_minted")
    assert tracing._waiting.qsize() == 256


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:p@c"),
     ("OTEL_EXPORTER_OTLP_HEADERS", SECRET), ("OTEL_EXPORTER_OTLP_HEADERS", f"a=b%0d%0a{SECRET}"),
     ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"), ("OTEL_TRACES_EXPORTER", "console"), ("OTEL_SDK_DISABLED", "perhaps")],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_by_name_and_no_secret_is_quoted(name, value):
    with pytest.raises(SettingsError) as refused:
        settings_from(BASE_ENV | ANONYMOUS | {name: value})
    assert any(problem.startswith(name) for problem in refused.value.problems)
    assert SECRET not in str(refused.value.problems)


@pytest.mark.parametrize(
    ("variables", "url"),
    [({}, None), ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
     ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t/x"}, "https://t/x"),
     ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, None),
     ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, None)],
)  # fmt: skip
def test_where_spans_go(variables, url):
    traces = settings_from(BASE_ENV | ANONYMOUS | variables).traces
    assert (traces.url if traces is not None else None) == url


def test_the_settings_show_no_header():
    settings = settings_from(
        BASE_ENV | ANONYMOUS
        | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}"}
    )  # fmt: skip
    assert SECRET not in repr(settings)
    assert settings.traces.headers["authorization"].reveal() == SECRET


GOOGLE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://telemetry.googleapis.com", "GOOGLE_CLOUD_PROJECT": "my-project"}


@contextmanager
def metadata_server(status=200, body=b'{"access_token": "ya29.fresh", "expires_in": 3599, "token_type": "Bearer"}'):
    """Google's metadata server, as it is in every instance; yields its host and what it was asked."""
    asked = []

    def handle(method, path, headers, _):
        asked.append((method, path, headers.get("Metadata-Flavor")))
        return status, {"Metadata-Flavor": "Google"}, body

    with running_http(handle) as url:
        yield url.removeprefix("http://"), asked


def traced_by_google(url, host):
    """Tracing to Google's endpoint, which is at `url` for once."""
    traces = settings_from(BASE_ENV | ANONYMOUS | GOOGLE | {"GCE_METADATA_HOST": host}).traces
    return Tracing(replace(traces, url=f"{url}/v1/traces"))


def test_google_is_told_whose_trace_it_is_and_by_whom(receiver):
    """Cloud Trace takes no span without the project's name, nor from anybody who does not say who they are."""
    url, received = receiver
    with metadata_server() as (host, asked):
        tracing = traced_by_google(url, host)
        tracing.end(tracing.begin(CAME_WITH), "POST", 201, "token_minted")
        assert received.wait(lambda got: got.spans, 10)
    assert asked == [("GET", "/computeMetadata/v1/instance/service-accounts/default/token", "Google")]
    assert {name.lower(): value for name, value in received.headers[0].items()}["authorization"] == "Bearer ya29.fresh"
    assert b"gcp.project_id" in received.bodies[0]
    assert b"my-project" in received.bodies[0]
    assert received.spans[0].trace_id == TRACE_ID


@pytest.mark.parametrize(
    ("variables", "host"),
    [(GOOGLE, "metadata.google.internal"),
     ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://telemetry.googleapis.com/v1/traces", "GOOGLE_CLOUD_PROJECT": "p"},
      "metadata.google.internal"),
     (GOOGLE | {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20mine"}, ""),
     (GOOGLE | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://elsewhere.example/v1/traces"}, ""),
     ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://telemetry.googleapis.com.example"}, ""),
     ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://example/telemetry.googleapis.com"}, ""),
     ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "")],
)  # fmt: skip
def test_a_token_of_google_goes_to_google_and_to_nobody_else(variables, host):
    assert settings_from(BASE_ENV | ANONYMOUS | variables).traces.metadata_host == host


@pytest.mark.parametrize(
    ("variables", "name"),
    [({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT"),
     ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://telemetry.googleapis.com"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
     ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://telemetry.googleapis.com/v1/traces"},
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")],
)  # fmt: skip
def test_what_google_would_refuse_is_refused_at_the_start(variables, name):
    with pytest.raises(SettingsError) as refused:
        settings_from(BASE_ENV | ANONYMOUS | GOOGLE | variables)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [name]


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"not found"), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b'{"access_token": 7}'),
     (200, b'{"access_token": ""}'), (200, b'{"access_token": "a\\nX-Evil: b"}'), (200, b'{"access_token": "\xe0"}'),
     (200, b'{"access_token": "' + b"a" * 2 * REPLY_BYTES_MAX + b'"}')],
)  # fmt: skip
def test_a_metadata_server_that_lies_gives_no_token(status, body):
    with metadata_server(status, body) as (host, _), pytest.raises(ValueError):  # noqa: PT011  of several kinds
        access_token(host, 5)


def lines_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_spans_that_do_not_arrive_are_told_of_once_until_they_do_again(capsys):
    """An operator whose function lacks the role saw nothing at all: neither a span nor a line."""
    answers = [403, 403, 200, 403]

    def handle(*_):
        return answers.pop(0), {}, b"someone's private text"

    with running_http(handle) as url:
        tracing = Tracing(settings_from(BASE_ENV | ANONYMOUS | {"OTEL_EXPORTER_OTLP_ENDPOINT": url}).traces)
        for _ in range(4):
            tracing._deliver(b"")
    told = lines_of(capsys)
    assert [(line["event"], line["severity"], line["why"]) for line in told] == [
        ("token.trace_lost", "WARNING", "HTTP 403")
    ] * 2


def test_without_a_metadata_server_the_span_is_lost_and_said_so(capsys, receiver):
    url, received = receiver
    tracing = traced_by_google(url, "127.0.0.1:1")
    tracing._deliver(b"")
    assert [line["why"] for line in lines_of(capsys)] == ["no token from the metadata server: ConnectionRefusedError"]
    assert received.bodies == []
