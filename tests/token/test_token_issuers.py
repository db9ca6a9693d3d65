"""A sick or wrong issuer never holds the door, and the log says what is wrong; not every account of it is a caller."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from join_token.errors import Refusal
from join_token.jwks import FetchedKeys, JwksUnavailable, KeyCache, fetch_jwks, within

from tests.token.dripping import LONG_TLS_RECORD, Dripping

PROMISED_SECONDS = 4.0


@pytest.fixture
def oidc(build, issuer):
    return build(issuer.env())


def outcome(reply, capsys):
    """Status, code and the log's reason."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"token.request"' in line]
    return reply.status_code, reply.get_json()["error"]["code"], lines[-1].get("why")


@pytest.fixture(params=[b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"])
def dripping(request):
    issuer = Dripping(request.param)
    yield issuer
    issuer.close()


def test_an_issuer_that_drips_is_an_outage_after_four_seconds_for_everybody(build, issuer, dripping):
    """Pins: each byte of a header restarted the wait; twelve callers had no answer after 14 s, and /health neither."""
    client = build(issuer.env(), TOKEN_OIDC_JWKS_URL=dripping.url)
    started = time.monotonic()
    with ThreadPoolExecutor(12) as callers:
        replies = list(callers.map(lambda _: client.post("/", headers=issuer.bearer()), range(12)))
    assert {reply.status_code for reply in replies} == {503}
    assert time.monotonic() - started < 2 * PROMISED_SECONDS
    assert dripping.hung_up.wait(2 * PROMISED_SECONDS), "the fetch that nobody waits for goes on for ever"


def test_a_fetch_that_hangs_before_it_has_a_socket_is_left_behind():
    """Looking a name up has no timeout of its own."""
    release = threading.Event()
    with pytest.raises(JwksUnavailable, match=r"no answer within 0.05 s"):
        within(0.05, lambda _: release.wait(30), "http://issuer.example")
    release.set()


def test_unknown_keys_do_not_wait_while_another_asks_for_them():
    """Pins: twelve strangers with made-up key ids delayed a known caller by 3.7 s."""
    asked, release = threading.Event(), threading.Event()
    documents = iter([json.dumps({"keys": [key()]}).encode()])

    def fetch(_url):
        if document := next(documents, None):
            return FetchedKeys(document, 3600.0)
        asked.set()
        release.wait(10)
        raise JwksUnavailable("down")

    clock = [1000.0]
    cache = KeyCache("http://issuer.example", fetch=fetch, monotonic_time=lambda: clock[0])
    assert cache.key_for("k1") is not None
    clock[0] += 60
    asking = threading.Thread(target=cache.key_for, args=["made-up"])
    asking.start()
    assert asked.wait(5)
    with pytest.raises(Refusal) as refused:
        cache.key_for("another")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
    assert cache.key_for("k1") is not None
    release.set()
    asking.join(5)


def key():
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    public = rsa.generate_private_key(65537, 2048).public_key()
    return json.loads(RSAAlgorithm.to_jwk(public)) | {"kid": "k1", "use": "sig", "alg": "RS256"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((404, {}, b"not here"), "jwks: status 404; it will not pass: check TOKEN_OIDC_JWKS_URL"),
        ((301, {"Location": "/x"}, b""), "jwks: status 301; it will not pass: check TOKEN_OIDC_JWKS_URL"),
        ((503, {}, b""), "jwks: status 503; it may pass"),
        ((429, {}, b""), "jwks: status 429; it may pass"),
        ((200, {}, b"<!doctype html><p>Sign in"), "jwks: not a JWKS document but a page of HTML; it will not pass"),
        ((200, {}, b'{"k1": "-----BEGIN CERTIFICATE-----"}'), "jwks: not a JWKS document but certificates"),
        ((200, {}, b'{"issuer": "x", "jwks_uri": "y"}'), "jwks: not a JWKS document but the issuer's configuration"),
        ((200, {}, b""), "jwks: not a JWKS document but nothing"),
        ((200, {}, b'{"keys": []}'), "jwks: no key for RS256 or ES256 in it; it will not pass"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_log_says_what_is_wrong_with_the_keys_and_whether_waiting_helps(oidc, issuer, capsys, answer, why):
    issuer.answer = answer
    status, code, said = outcome(oidc.post("/", headers=issuer.bearer()), capsys)
    assert (status, code) == (503, "identity_provider_unavailable")
    assert said.startswith(why)


def test_nobody_there_is_named(build, issuer, capsys):
    client = build(issuer.env(), TOKEN_OIDC_JWKS_URL="http://127.0.0.1:9/jwks")
    assert outcome(client.post("/", headers=issuer.bearer()), capsys)[2] == "jwks: ConnectionRefusedError; it may pass"


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"iss": "https://issuer.example/"}, "iss"),
        ({"aud": "another-app"}, "aud"),
        ({"aud": None}, "aud"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"exp": None}, "exp"),
    ],
    ids=str,
)
def test_the_claim_that_is_wrong_is_named_and_its_value_is_not(oidc, issuer, capsys, changes, claim):
    reply = oidc.post("/", headers=issuer.bearer(**changes))
    message = reply.get_json()["error"]["message"]
    assert outcome(reply, capsys) == (401, "wrong_token", f"claim {claim}")
    assert f"its {claim} " in message
    assert "another-app" not in message


FIREBASE = {"firebase": {"sign_in_provider": "anonymous", "identities": {}}}


def test_an_anonymous_firebase_account_is_no_caller_unless_wanted(build, issuer, capsys):
    reply = build(issuer.env()).post("/", headers=issuer.bearer(**FIREBASE))
    assert outcome(reply, capsys) == (403, "account_not_allowed", "anonymous account")
    client = build(issuer.env(), TOKEN_OIDC_ANONYMOUS_ACCOUNTS="true")
    assert client.post("/", headers=issuer.bearer(**FIREBASE)).status_code == 201
    signed_in = {"firebase": {"sign_in_provider": "phone"}}
    assert build(issuer.env()).post("/", headers=issuer.bearer(**signed_in)).status_code == 201


@pytest.mark.parametrize(
    ("required", "claims", "allowed"),
    [
        ("email_verified=true", {"email_verified": True}, True),
        ("email_verified=true", {"email_verified": False}, False),
        ("email_verified=true", {"email_verified": "true"}, True),
        ("email_verified=true", {}, False),
        ("hd=example.in", {"hd": "example.in"}, True),
        ("hd=example.in", {"hd": "evil-example.in"}, False),
        ("hd=example.in,email_verified=true", {"hd": "example.in"}, False),
        ("groups=callers", {"groups": ["staff", "callers"]}, True),
        ("groups=callers", {"groups": ["staff"]}, False),
        ("firebase.sign_in_provider=phone", {"firebase": {"sign_in_provider": "phone"}}, True),
        ("https://example.in/role=caller", {"https://example.in/role": "caller"}, True),
        ("level=2", {"level": 2}, True),
        ("level=2", {"level": None}, False),
        ("level=2", {"level": {"2": "2"}}, False),
    ],
)
def test_only_accounts_that_are_meant_may_call(build, issuer, required, claims, allowed):
    reply = build(issuer.env(), TOKEN_OIDC_REQUIRE=required).post("/", headers=issuer.bearer(**claims))
    assert reply.status_code == (201 if allowed else 403)
    if not allowed:
        assert reply.get_json()["error"]["code"] == "account_not_allowed"


def test_a_requirement_that_is_none_stops_the_start(build, issuer):
    from join_token.errors import SettingsError
    from join_token.settings import settings_from

    from tests.token.environment import BASE_ENV

    with pytest.raises(SettingsError) as refused:
        settings_from(BASE_ENV | issuer.env() | {"TOKEN_OIDC_REQUIRE": "email_verified"})
    assert [problem for problem in refused.value.problems if "'email_verified' is not claim=value" in problem]


def test_every_google_account_is_warned_of():
    from join_token.settings import settings_from

    from tests.token.environment import BASE_ENV

    google = BASE_ENV | {"TOKEN_OIDC_PRESET": "google", "TOKEN_OIDC_AUDIENCE": "7.apps.googleusercontent.com"}
    assert any("any Google account is a caller" in warning for warning in settings_from(google).warnings)
    assert settings_from(google | {"TOKEN_OIDC_REQUIRE": "hd=example.in"}).warnings == ()


def test_a_handshake_that_drips_is_cut_off_too(monkeypatch):
    """Each retry left a thread behind for as long as the issuer dripped."""
    monkeypatch.setattr("join_token.jwks._FETCH_SECONDS_MAX", 0.5)
    issuer = Dripping(LONG_TLS_RECORD)
    try:
        with pytest.raises(JwksUnavailable):
            fetch_jwks(issuer.url.replace("http://", "https://"))
        assert issuer.hung_up.wait(2 * PROMISED_SECONDS)
    finally:
        issuer.close()
