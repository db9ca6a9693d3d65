"""TOKEN_AUTH=hmac: requests signed by one's own backend."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest
from join_token.callers import SignedRequest
from join_token.errors import Refusal
from join_token.hmac_auth import HmacAuthenticator
from join_token.secret import Secret

from tests.token.claims import claims_of
from tests.token.environment import HMAC, HMAC_SECRET, HMAC_SECRET_NEXT

BODY = b'{"participant_name":"Asha"}'
NONCE = "nonce-0123456789"
WORKED_SIGNATURE = "8598fbe3b0bc37a02d63c125a5eaa267e34e9a306d51e925a6ca79ee91b855ae"


def signed(*, key="backend", secret=HMAC_SECRET, path="/", body=BODY, nonce=NONCE, ts=None, method="POST"):
    """The header as interfaces.md words it, written here a second time so that the two cannot share a mistake."""
    ts = str(int(time.time())) if ts is None else str(ts)
    text = "\n".join(["v1", method, path, ts, nonce, hashlib.sha256(body).hexdigest()])
    sig = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"Authorization": f"Vaani-HMAC-SHA256 id={key},ts={ts},nonce={nonce},sig={sig}"}


@pytest.fixture
def backend(build):
    client = build(HMAC)

    def post(path="/", body=BODY, **options):
        headers = signed(path=path.partition("?")[0], body=body, **options)
        return client.post(path, data=body, content_type="application/json", headers=headers)

    post.client = client
    return post


def code_of(reply):
    return reply.status_code, reply.get_json().get("error", {}).get("code")


def test_the_signature_has_the_published_form():
    """A worked example, so that a backend in any language can check its own code against the documentation."""
    header = signed(secret="s3cret", ts=1767225600, nonce="0123456789abcdef", body=b"{}")["Authorization"]
    assert header == ("Vaani-HMAC-SHA256 id=backend,ts=1767225600,nonce=0123456789abcdef,sig=" + WORKED_SIGNATURE)


def test_a_signed_request_gets_a_token(backend):
    reply = backend()
    assert reply.status_code == 201
    assert claims_of(reply)["sub"].startswith("caller-")


def test_both_keys_work_while_a_key_is_being_replaced(backend):
    assert backend(nonce="a" * 16).status_code == 201
    assert backend(key="next", secret=HMAC_SECRET_NEXT, nonce="b" * 16).status_code == 201


@pytest.mark.parametrize("path", ["/token", "/a%20b/%E0%A4%86", "/token?x=1"])
def test_the_path_is_signed_as_it_was_sent(backend, path):
    assert backend(path).status_code == 201


def test_a_request_counts_once(backend):
    assert backend().status_code == 201
    assert code_of(backend()) == (401, "replayed")
    assert backend(key="next", secret=HMAC_SECRET_NEXT).status_code == 201  # a nonce belongs to its key


@pytest.mark.parametrize(
    "change",
    [
        {"secret": HMAC_SECRET_NEXT},
        {"key": "unknown"},
        {"method": "GET"},
    ],
    ids=str,
)
def test_a_wrong_signature_says_the_same_whatever_is_wrong(backend, change):
    """Pins: an unknown key id and a wrong secret must not be told apart."""
    assert code_of(backend(**change)) == (401, "invalid_signature")


def test_a_changed_body_or_path_is_refused(backend):
    headers = signed()
    changed = backend.client.post(
        "/", data=b'{"participant_name":"Eve"}', content_type="application/json", headers=headers
    )
    moved = backend.client.post("/other", data=BODY, content_type="application/json", headers=headers)
    assert code_of(changed) == code_of(moved) == (401, "invalid_signature")


@pytest.mark.parametrize(("seconds", "status"), [(-295, 201), (-306, 401), (295, 201), (306, 401)])
def test_the_window_is_five_minutes_either_way(backend, seconds, status):
    assert backend(ts=int(time.time()) + seconds).status_code == status


def test_a_bad_clock_is_told_to_holders_of_the_key_only(backend):
    assert code_of(backend(ts=1)) == (401, "timestamp_out_of_window")
    assert code_of(backend(ts=1, secret="guess")) == (401, "invalid_signature")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer eyJ",
        "Vaani-HMAC-SHA256",
        "Vaani-HMAC-SHA256 id=backend",
        f"Vaani-HMAC-SHA256 id=backend,ts=abc,nonce={NONCE},sig={'0' * 64}",
        f"Vaani-HMAC-SHA256 id=backend,ts=1,nonce=short,sig={'0' * 64}",
        f"Vaani-HMAC-SHA256 id=backend,ts=1,nonce={NONCE},sig=zz",
        f"Vaani-HMAC-SHA256 id=backend,ts=१२,nonce={NONCE},sig={'0' * 64}",
        f"Vaani-HMAC-SHA256 id=backend,ts={'9' * 5000},nonce={NONCE},sig={'0' * 64}",
        f"Vaani-HMAC-SHA256 id=backend,id=next,ts=1,nonce={NONCE},sig={'0' * 64}",
        f"Vaani-HMAC-SHA256 id=backend,ts=1,nonce={NONCE},sig={'0' * 64},x=1",
    ],
)
def test_a_malformed_header_is_refused(backend, header):
    reply = backend.client.post("/", data=BODY, content_type="application/json", headers={"Authorization": header})
    assert code_of(reply) == (401, "malformed_authorization")
    assert reply.headers["WWW-Authenticate"] == "Vaani-HMAC-SHA256"


def test_no_header_says_what_to_send(backend):
    assert code_of(backend.client.post("/")) == (401, "authentication_required")


def test_a_backend_may_name_its_users_when_the_operator_says_so(build):
    client = build(HMAC, TOKEN_CLIENT_FIELDS="participant_identity,room_name")
    body = b'{"participant_identity":"asha-7","room_name":"order-9"}'
    reply = client.post("/", data=body, content_type="application/json", headers=signed(body=body))
    assert (claims_of(reply)["sub"], claims_of(reply)["video"]["room"]) == ("asha-7", "order-9")


def test_a_nonce_is_remembered_for_as_long_as_its_timestamp_can_be_valid():
    """Pins: a timestamp 300 s ahead is valid for 600 s, so 300 s of memory would let it be replayed."""
    clock = [1000.0]
    authenticate = HmacAuthenticator({"backend": Secret("s")}, unix_time=lambda: clock[0])
    request = SignedRequest("POST", "/", signed(secret="s", ts=1300, body=b""), b"")
    assert authenticate(request).subject == "backend"
    clock[0] = 1599.0
    with pytest.raises(Refusal, match="replayed"):
        authenticate(request)
    clock[0] = 1601.0
    with pytest.raises(Refusal, match="timestamp_out_of_window"):
        authenticate(request)
