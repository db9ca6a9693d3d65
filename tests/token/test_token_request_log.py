"""One JSON line per request, as Cloud Logging reads it, and nothing personal or secret in it."""

from __future__ import annotations

import json

import pytest
from join_token import endpoint as endpoint_module

from tests.token.claims import claims_of
from tests.token.environment import ANONYMOUS, LIVEKIT_SECRET

TRACE = "105445aa7843bc8bf206b12000100000"


@pytest.fixture
def lines(capsys):
    def read():
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read


def test_each_request_is_one_line_with_its_outcome(build, lines):
    client = build()
    lines()
    client.post("/")
    client.get("/")
    client.post("/", json={"room_config": {"agents": [{"agent_name": "x"}]}})
    client.get("/health")  # and no line for what anybody may ask without end: lines are billed
    client.options("/")
    seen = [(line["severity"], line["event"], line["status"], line["code"]) for line in lines()]
    assert seen == [
        ("INFO", "token.request", 201, "token_minted"),
        ("WARNING", "token.request", 405, "method_not_allowed"),
        ("WARNING", "token.request", 403, "agent_not_allowed"),
    ]


def test_the_line_carries_the_duration_and_the_trace(build, lines):
    client = build(ANONYMOUS, GOOGLE_CLOUD_PROJECT="shop-7")
    lines()
    client.post("/", headers={"X-Cloud-Trace-Context": f"{TRACE}/1;o=1"})
    client.post("/", headers={"X-Cloud-Trace-Context": "forged\n/trace"[:6]})
    first, second = lines()
    assert first["logging.googleapis.com/trace"] == f"projects/shop-7/traces/{TRACE}"
    assert 0 < first["duration_seconds"] < 5
    assert "logging.googleapis.com/trace" not in second


def test_the_caller_is_a_hash_and_the_same_one_as_in_the_identity(build, issuer, lines):
    client = build(issuer.env())
    lines()
    identity = claims_of(client.post("/", headers=issuer.bearer(sub="+919876543210")))["sub"]
    (line,) = lines()
    assert identity.startswith(f"caller-{line['caller']}-")
    assert "9876543210" not in json.dumps(line)


def test_nothing_that_a_caller_sent_is_repeated(build, lines):
    client = build()
    lines()
    body = {"participant_name": "Asha Private", "room_name": "room-private", "participant_metadata": "meta-private"}
    client.post("/path-private?q=query-private", json=body, headers={"X-Forwarded-For": "203.0.113.7"})
    client.open("/", method="METHODPRIVATE")
    text = json.dumps(lines()).lower()
    assert "private" not in text
    assert "203.0.113" not in text


def test_an_unexpected_error_is_answered_as_json_and_logged_without_its_text(build, lines, monkeypatch):
    """Pins: a 500 of the framework has no CORS headers, and a traceback's last line quotes values."""

    def broken(*args, **kwargs):
        raise RuntimeError(f"it was {LIVEKIT_SECRET}")

    monkeypatch.setattr(endpoint_module, "mint_join_token", broken)
    client = build(ANONYMOUS, TOKEN_ALLOWED_ORIGINS="https://app.example.in")
    lines()
    reply = client.post("/", headers={"Origin": "https://app.example.in"})
    (line,) = lines()
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (500, "internal_error")
    assert reply.headers["Access-Control-Allow-Origin"] == "https://app.example.in"
    assert line["severity"] == "ERROR"
    assert line["why"].startswith("RuntimeError at test_token_request_log.py:")
    assert LIVEKIT_SECRET not in json.dumps(line)


def test_running_without_authentication_is_said_at_start(build, lines):
    build()
    (line,) = lines()
    assert (line["severity"], line["event"]) == ("WARNING", "token.started")
