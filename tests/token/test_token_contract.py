"""LiveKit's token-source contract, as its client SDKs speak it."""

from __future__ import annotations

import re

import pytest
from join_token.endpoint import BODY_BYTES_MAX

from tests.token.claims import agent_of, claims_of

# What each SDK really sends: sources of about 2026-08, see docs/token-endpoint.md.
SDK_BODIES = [
    pytest.param(b"{}", id="javascript-without-options"),
    pytest.param(b'{"room_config":{"agents":[{"agent_name":"vaani"}]}}', id="javascript-agent"),
    pytest.param(
        b'{"participant_name":"Asha","participant_attributes":{"language":"hi-IN"},'
        b'"room_config":{"agents":[{"agent_name":"vaani"}]}}',
        id="react-agent-name-and-attributes",
    ),
    pytest.param(b'{"room_config":{}}', id="swift-without-options"),
    pytest.param(
        b'{"participant_name":"Asha","room_config":{"agents":[{"agent_name":"vaani"}]}}', id="swift-agent-and-name"
    ),
    pytest.param(b'{"participant_attributes":{},"room_config":{}}', id="android-without-options"),
    pytest.param(b'{"room_config":{"agents":[{"agent_name":"vaani"}],"sync_streams":0}}', id="android-numeric-flag"),
    pytest.param(b'{"room_config":{}}', id="flutter-without-options"),
    pytest.param(
        b'{"room_name":null,"participant_name":null,"participant_identity":null,"participant_metadata":null,'
        b'"participant_attributes":null,"room_config":null}',
        id="flutter-nulls",
    ),
    pytest.param(b'{"room_config":{"agents":[{"agent_name":"vaani"}]}}', id="unity-nulls-omitted"),
    pytest.param(
        b'{"participantName":"Asha","participantAttributes":{},"roomConfig":{"agents":[{"agentName":"vaani"}]}}',
        id="rust-camel-case",
    ),
    pytest.param(
        b'{"roomName":"","participantIdentity":"","participantMetadata":"","roomConfig":{"name":"","emptyTimeout":0,'
        b'"departureTimeout":0,"maxParticipants":0,"metadata":"","minPlayoutDelay":0,"maxPlayoutDelay":0,'
        b'"syncStreams":false,"agents":[{"agentName":"vaani","metadata":"","deployment":""}]}}',
        id="rust-defaults-written-out",
    ),
    pytest.param(
        b'{"participant_name": "Asha", "room_config": {"agents": [{"agent_name": "vaani"}], "tags": null}}',
        id="c-plus-plus-snake-case",
    ),
    pytest.param(b"", id="curl-without-body"),
    pytest.param(b"  \n", id="blank-body"),
    pytest.param(b'\xef\xbb\xbf{"room_config":{}}', id="dotnet-byte-order-mark"),
    pytest.param(b'{"agents":[],"some_future_field":{"deep":[1]}}', id="unknown-fields"),
    pytest.param(b'{"room_config":{"agents":[],"some_future_field":1}}', id="unknown-field-in-room-config"),
    pytest.param(b'{"room_config":{"agents":[{}]}}', id="agent-without-a-name"),
]


@pytest.mark.parametrize("body", SDK_BODIES)
def test_the_bodies_that_client_sdks_send_get_a_token(client, body):
    reply = client.post("/", data=body, content_type="application/json")
    assert reply.status_code == 201
    assert set(reply.get_json()) == {"server_url", "participant_token"}
    assert reply.get_json()["server_url"] == "ws://127.0.0.1:7880"
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert agent_of(claims_of(reply))[0] == "vaani"


@pytest.mark.parametrize("path", ["/", "/token", "/api/v1/connection-details", "/health"])
def test_post_works_on_any_path(client, path):
    assert client.post(path).status_code == 201


def test_a_body_is_not_needed_and_neither_is_its_type(client):
    assert client.post("/", data=b"", content_type="text/plain").status_code == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "PROPFIND", "BREW"])
def test_other_methods_are_405_and_name_what_is_allowed(client, method):
    reply = client.open("/", method=method)
    assert reply.status_code == 405
    assert reply.headers["Allow"] == "POST, OPTIONS"


def test_health_answers_without_authentication(build, issuer):
    reply = build(issuer.env()).get("/health")
    assert (reply.status_code, reply.get_json()) == (200, {"status": "ok"})
    assert issuer.fetches == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type_is_415(client, content_type):
    reply = client.post("/", data=b"{}", content_type=content_type)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
def test_a_charset_of_utf8_is_welcome(client, content_type):
    assert client.post("/", data=b"{}", content_type=content_type).status_code == 201


def test_another_charset_or_encoding_is_415(client):
    assert client.post("/", data=b"{}", content_type="application/json; charset=utf-16").status_code == 415
    zipped = client.post("/", data=b"{}", content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert zipped.status_code == 415


@pytest.mark.parametrize("size", [BODY_BYTES_MAX + 1, 1_000_000, 5_000_000])
def test_a_body_beyond_the_limit_is_413(client, size):
    reply = client.post("/", data=b" " * size, content_type="application/json")
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (413, "body_too_large")


def test_a_body_at_the_limit_is_read(client):
    assert client.post("/", data=b" " * BODY_BYTES_MAX, content_type="application/json").status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b"[" * 30_000,
        b'{"a":' * 6_000,
        b'{"participant_name": NaN}',
        b'{"participant_name": ' + b"9" * 5_000 + b"}",
        b'{"participant_name":"a","participant_name":"b"}',
        b'{"room_config":{"agents":[{"agent_name":"vaani","agent_name":"other"}]}}',
        b"\xff\xfe{\x00}\x00",
        b'{"participant_name":"\xc3\x28"}',
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_what_is_not_a_json_object_is_400(client, body):
    """Pins: deep nesting must not become a RecursionError, nor a repeated key a choice between two parsers."""
    reply = client.post("/", data=body, content_type="application/json")
    assert (reply.status_code, reply.get_json()["error"]["field"]) in ((400, None), (400, "participant_name"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"room_name": 5}, "room_name"),
        ({"participant_name": ["a"]}, "participant_name"),
        ({"participant_name": "a\x00b"}, "participant_name"),
        ({"participant_name": "\u202egnp.exe"}, "participant_name"),
        ({"participant_name": "\ud800"}, "participant_name"),
        ({"participant_name": "आ" * 86}, "participant_name"),
        ({"room_name": "r" * 257}, "room_name"),
        ({"participant_identity": "i" * 257}, "participant_identity"),
        ({"participant_metadata": "m" * 4097}, "participant_metadata"),
        ({"participant_metadata": {}}, "participant_metadata"),
        ({"participant_attributes": []}, "participant_attributes"),
        ({"participant_attributes": {"language": 1}}, "participant_attributes"),
        ({"participant_attributes": {"other": True}}, "participant_attributes"),
        ({"participant_attributes": {"\udfff": "x"}}, "participant_attributes"),
        ({"participant_attributes": {"k": "v" * 4096}}, "participant_attributes"),
        ({"participant_attributes": {"language": "fr-FR"}}, "participant_attributes.language"),
        ({"participant_attributes": {"language": "hi-in"}}, "participant_attributes.language"),
        ({"participant_attributes": {"voice": "anushka"}}, "participant_attributes.voice"),
        ({"participant_name": "a", "participantName": "b"}, "participant_name"),
        ({"room_config": "vaani"}, "room_config"),
        ({"room_config": []}, "room_config"),
        ({"room_config": {"agents": {}}}, "room_config.agents"),
        ({"room_config": {"agents": "vaani"}}, "room_config.agents"),
        ({"room_config": {"agents": ["vaani"]}}, "room_config.agents[0]"),
        ({"room_config": {"agents": [None]}}, "room_config.agents[0]"),
        ({"room_config": {"agents": [{"agent_name": 5}]}}, "room_config.agents[0].agent_name"),
        ({"room_config": {}, "roomConfig": {"egress": {}}}, "room_config"),
    ],
)
def test_a_wrong_type_or_size_is_400_with_the_fields_name(client, body, field):
    reply = client.post("/", json=body)
    error = reply.get_json()["error"]
    assert (reply.status_code, error["code"], error["field"]) == (400, "invalid_field", field)


@pytest.mark.parametrize(
    ("room_config", "field"),
    [
        ({"egress": {}}, "room_config.egress"),
        ({"egress": {"room": {"file_outputs": [{"filepath": "x"}]}}}, "room_config.egress"),
        ({"egress": "x"}, "room_config.egress"),
        ({"Egress": {}}, "room_config.egress"),
        ({"metadata": "x"}, "room_config.metadata"),
        ({"metadata": "x" * 20_000}, "room_config.metadata"),
        ({"maxParticipants": 100}, "room_config.max_participants"),
        ({"empty_timeout": 1}, "room_config.empty_timeout"),
        ({"emptyTimeout": "1"}, "room_config.empty_timeout"),
        ({"sync_streams": True}, "room_config.sync_streams"),
        ({"name": "other"}, "room_config.name"),
        ({"tags": {"a": "b"}}, "room_config.tags"),
        ({"agents": [{"agent_name": "vaani"}, {"agent_name": "vaani"}]}, "room_config.agents"),
        ({"agents": [{"agent_name": "vaani", "metadata": "x"}]}, "room_config.agents[0].metadata"),
        ({"agents": [{"agent_name": "vaani", "deployment": "staging"}]}, "room_config.agents[0].deployment"),
        ({"agents": [{"agent_name": "vaani", "attributes": {"a": "b"}}]}, "room_config.agents[0].attributes"),
        ({"agents": [{"agent_name": "vaani", "restartPolicy": 1}]}, "room_config.agents[0].restart_policy"),
    ],
)
def test_room_config_may_name_our_agent_and_nothing_else(client, room_config, field):
    error = client.post("/", json={"room_config": room_config}).get_json()["error"]
    assert (error["code"], error["field"]) == ("field_not_allowed", field)


@pytest.mark.parametrize("spelling", ["agent_name", "agentName", "AgentName"])
def test_another_agent_is_403_however_its_field_is_spelt(client, spelling):
    reply = client.post("/", json={"room_config": {"agents": [{spelling: "someone-elses"}]}})
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (403, "agent_not_allowed")


def test_two_spellings_of_the_agents_name_cannot_smuggle_another_one(client):
    """Pins: protobuf lets the last spelling win, so a check of one spelling could be walked around."""
    body = b'{"room_config":{"agents":[{"agent_name":"vaani","agentName":"someone-elses"}]}}'
    assert client.post("/", data=body, content_type="application/json").status_code == 400


def test_clients_know_the_agent_under_its_public_name_only(build):
    client = build(AGENT_NAME="vaani-blue-7", TOKEN_PUBLIC_AGENT_NAME="helper")
    asked = client.post("/", json={"room_config": {"agents": [{"agent_name": "helper"}]}})
    assert agent_of(claims_of(asked))[0] == "vaani-blue-7"
    assert agent_of(claims_of(client.post("/")))[0] == "vaani-blue-7"
    by_dispatch_name = client.post("/", json={"room_config": {"agents": [{"agent_name": "vaani-blue-7"}]}})
    assert by_dispatch_name.status_code == 403
    assert "vaani-blue-7" not in by_dispatch_name.get_data(as_text=True)


def test_fields_that_clients_may_not_set_are_ignored_and_listed(client):
    reply = client.post(
        "/",
        json={
            "room_name": "someone-elses-call",
            "participant_identity": "someone-else",
            "participant_metadata": "admin",
            "participant_name": "Asha",
        },
    )
    claims = claims_of(reply)
    assert reply.headers["Vaani-Ignored-Fields"] == "room_name, participant_identity, participant_metadata"
    assert claims["video"]["room"] != "someone-elses-call"
    assert claims["sub"] != "someone-else"
    assert claims["name"] == "Asha"
    assert "metadata" not in claims


def test_nothing_is_listed_as_ignored_when_nothing_was(client):
    reply = client.post("/", json={"room_name": "", "participant_identity": None, "participant_name": "Asha"})
    assert "Vaani-Ignored-Fields" not in reply.headers


def test_the_operator_can_open_room_and_metadata(build):
    client = build(TOKEN_CLIENT_FIELDS="room_name,participant_metadata")
    reply = client.post("/", json={"room_name": "support-7", "participantMetadata": "{}", "participant_name": "A"})
    claims = claims_of(reply)
    assert (claims["video"]["room"], claims["metadata"]) == ("support-7", "{}")
    assert "name" not in claims
    assert reply.headers["Vaani-Ignored-Fields"] == "participant_name"


def test_an_identity_is_never_the_callers_choice_without_a_backend_in_between(build):
    """Pins: LiveKit throws out the first of two participants with one identity."""
    client = build(TOKEN_CLIENT_FIELDS="participant_identity")
    reply = client.post("/", json={"participant_identity": "asha"})
    assert claims_of(reply)["sub"].startswith("guest-")
    assert reply.headers["Vaani-Ignored-Fields"] == "participant_identity"


def test_attributes_that_the_worker_understands_are_passed_and_others_dropped(client):
    attributes = {"language": "ta-IN", "voice": "kavitha", "lk.agent.state": "speaking", "role": "admin", "empty": ""}
    claims = claims_of(client.post("/", json={"participant_attributes": attributes}))
    assert claims["attributes"] == {"language": "ta-IN", "voice": "kavitha"}


def test_names_in_indic_scripts_keep_their_joiners(client):
    name = "क्\u200dष ರಾ\u200cಜ್"
    assert claims_of(client.post("/", json={"participant_name": name}))["name"] == name


def test_errors_have_the_agreed_shape_and_never_look_like_a_reply(client):
    """Pins: the Android SDK does not look at the status and would read those keys out of an error."""
    reply = client.post("/", json={"room_config": {"egress": {}}})
    assert set(reply.get_json()) == {"error"}
    assert set(reply.get_json()["error"]) == {"code", "message", "field"}
    assert not re.search("server_?url|participant_?token", reply.get_data(as_text=True), re.IGNORECASE)


def test_a_preflight_is_answered_before_authentication(build, issuer):
    client = build(issuer.env(), TOKEN_ALLOWED_ORIGINS="https://app.example.in,http://localhost:5173")
    for origin in ("https://app.example.in", "http://localhost:5173"):
        reply = client.options("/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert reply.status_code == 204
        assert reply.headers["Access-Control-Allow-Origin"] == origin
        assert reply.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
        assert reply.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"
        assert "Origin" in reply.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.in.evil.example",
        "https://evil.example",
        "http://app.example.in",
        "https://app.example.in:8443",
        "https://sub.app.example.in",
        "null",
        "*",
    ],
)
def test_only_exact_origins_get_cors_headers(build, origin):
    client = build(TOKEN_ALLOWED_ORIGINS="https://app.example.in")
    for reply in (client.options("/", headers={"Origin": origin}), client.post("/", headers={"Origin": origin})):
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert reply.headers["Vary"] == "Origin"


def test_errors_carry_cors_headers_too(build, issuer):
    """Pins: without them a browser hides the error from the page and blames CORS."""
    client = build(issuer.env(), TOKEN_ALLOWED_ORIGINS="https://app.example.in")
    origin = {"Origin": "https://app.example.in"}
    replies = [client.post("/", headers=origin), client.get("/", headers=origin), client.put("/x", headers=origin)]
    assert [reply.status_code for reply in replies] == [401, 405, 405]
    assert {reply.headers.get("Access-Control-Allow-Origin") for reply in replies} == {"https://app.example.in"}


def test_native_clients_send_no_origin_and_need_none(client):
    assert client.post("/", json={}).status_code == 201
