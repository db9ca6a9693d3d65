"""The token is fetched as any client would fetch it, and nothing about it leaks."""

import hashlib
import hmac
import json
import re

import pytest

from sandbox.caller import Bearer, CallFailure, CallPlan, HmacKey, JoinToken, Turn
from sandbox.caller.errors import BadPlan
from sandbox.caller.token_source import fetch_join_token, request_body

BODY = {"participant_name": "Asha"}
AUTHORIZATION = re.compile(r"Vaani-HMAC-SHA256 id=(\w+),ts=(\d+),nonce=([A-Za-z0-9_-]{16,64}),sig=([0-9a-f]{64})")


async def test_it_posts_json_and_reads_the_standard_reply(token_endpoint, livekit_server):
    join = await fetch_join_token(token_endpoint.url, BODY)

    [(method, path, headers, body)] = token_endpoint.requests
    assert (method, path, json.loads(body)) == ("POST", "/token", BODY)
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers
    assert join.server_url == livekit_server
    assert join.participant_token.count(".") == 2
    assert join.participant_token not in repr(join)


async def test_a_bearer_token_goes_into_the_header_and_not_into_a_repr(token_endpoint):
    auth = Bearer("an-identity-token")
    await fetch_join_token(token_endpoint.url, BODY, auth)

    assert token_endpoint.requests[0][2]["Authorization"] == "Bearer an-identity-token"
    assert "an-identity-token" not in repr(auth)


async def test_an_hmac_signature_covers_method_path_time_nonce_and_body(token_endpoint):
    await fetch_join_token(token_endpoint.url, BODY, HmacKey.parse("web:s:3cret"))

    _, path, headers, body = token_endpoint.requests[0]
    key_id, stamp, nonce, signature = AUTHORIZATION.fullmatch(headers["Authorization"]).groups()
    text = f"v1\nPOST\n{path}\n{stamp}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    assert key_id == "web"
    assert signature == hmac.new(b"s:3cret", text.encode(), hashlib.sha256).hexdigest()


def test_every_hmac_request_has_a_nonce_of_its_own():
    key = HmacKey("web", "secret")
    sent = {key.headers(method="POST", path="/", body=b"")["Authorization"] for _ in range(20)}
    assert len(sent) == 20


@pytest.mark.parametrize("value", ["", "secret-only", ":secret", "id:"])
def test_a_malformed_hmac_key_is_refused_without_being_repeated(value):
    with pytest.raises(BadPlan) as refused:
        HmacKey.parse(value)
    assert "id:secret" in str(refused.value)
    assert "secret-only" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "reply", "code", "says"),
    [
        (401, {"error": {"code": "unauthenticated", "message": "Send a token."}}, "token_refused", "Send a token."),
        (500, {"detail": "boom"}, "token_refused", "boom"),
        (302, {}, "token_refused", "302"),
        (201, ["not", "an", "object"], "token_malformed", "JSON object"),
        (201, {"serverUrl": "ws://x", "participantToken": "t.o.k"}, "token_malformed", "participantToken, serverUrl"),
        (201, {"server_url": "", "participant_token": "t.o.k"}, "token_malformed", "server_url"),
    ],
)
async def test_a_bad_reply_says_what_was_wrong_and_never_the_token(token_endpoint, status, reply, code, says):
    token_endpoint.status, token_endpoint.reply = status, reply
    with pytest.raises(CallFailure) as failed:
        await fetch_join_token(token_endpoint.url, BODY)
    assert failed.value.code == code
    assert says in failed.value.message
    assert "t.o.k" not in failed.value.message


async def test_nobody_listening_is_unreachable(closed_port):
    with pytest.raises(CallFailure, match="Is the token function running") as failed:
        await fetch_join_token(f"http://127.0.0.1:{closed_port}/", BODY)
    assert failed.value.code == "token_unreachable"


def test_only_what_the_plan_sets_is_sent():
    assert request_body(CallPlan((Turn("x"),))) == {}
    plan = CallPlan((Turn("x"),), participant_attributes=(("language", "ta-IN"),), agent_name="vaani")
    assert request_body(plan) == {
        "participant_attributes": {"language": "ta-IN"},
        "room_config": {"agents": [{"agent_name": "vaani"}]},
    }


def test_a_join_token_compares_but_does_not_show_its_secret():
    assert "abc" not in f"{JoinToken('ws://x', 'abc')!r}"
