"""Pages and names: clients that exist can call, and nobody else's page or look-alike name gets through."""

from __future__ import annotations

import pytest
from join_token.errors import SettingsError
from join_token.hmac_auth import HmacAuthenticator, signature
from join_token.secret import Secret
from join_token.settings import settings_from

from tests.token.environment import ANONYMOUS, BASE_ENV, HMAC

PAGE = "https://app.example.in"
OIDC = {
    "TOKEN_OIDC_ISSUER": "https://issuer.example",
    "TOKEN_OIDC_AUDIENCE": "app",
    "TOKEN_OIDC_JWKS_URL": "https://issuer.example/jwks",
}


def preflight(client, asked, origin=PAGE):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
    return client.options("/", headers=headers).headers.get("Access-Control-Allow-Headers")


@pytest.mark.parametrize(
    "asked",
    ["content-type,sentry-trace,baggage", "traceparent, tracestate", "x-datadog-trace-id,x-b3-sampled", "X-Request-ID"],
)
def test_a_page_with_a_tracing_sdk_can_call(build, asked):
    """A closed list broke such a page, and the browser said nothing but "CORS"."""
    allowed = preflight(build(TOKEN_ALLOWED_ORIGINS=PAGE), asked).lower()
    assert {name.strip().lower() for name in asked.split(",")} <= {name.strip() for name in allowed.split(",")}
    assert allowed.startswith("content-type, authorization")


@pytest.mark.parametrize("asked", ["", "a b", "x\u00e9", "x-" + "y" * 80, ",".join(f"x-{n}" for n in range(40)), "a;b"])
def test_a_list_that_is_none_adds_nothing(build, asked):
    assert preflight(build(TOKEN_ALLOWED_ORIGINS=PAGE), asked) == "Content-Type, Authorization"


def test_a_page_that_is_not_listed_is_told_nothing(build):
    assert preflight(build(TOKEN_ALLOWED_ORIGINS=PAGE), "baggage", origin="https://evil.example") is None


@pytest.mark.parametrize(
    "origin",
    [
        "capacitor://localhost", "ionic://localhost", "tauri://localhost", "http://tauri.localhost", "app://-",
        "http://localhost", "https://localhost:8100", "https://[::1]:8443", "chrome-extension://abcdefghijklmnop",
    ],
)  # fmt: skip
def test_apps_that_carry_a_page_can_be_allowed(build, origin):
    client = build(TOKEN_ALLOWED_ORIGINS=origin)
    assert client.options("/", headers={"Origin": origin}).headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("null", "could be anybody's page"),
        ("file://", "could be anybody's page"),
        ("data:text/html", "could be anybody's page"),
        ("https://app.example.in/", "is not an exact origin"),
        ("https://*.example.in", "is not an exact origin"),
        ("https://user@app.example.in", "is not an exact origin"),
        ("app.example.in", "is not an exact origin"),
        ("capacitor://", "is not an exact origin"),
        ("https://app.example.in:99999", "is not an exact origin"),
    ],
)
def test_what_is_no_origin_is_refused_with_the_reason(origin, said):
    with pytest.raises(SettingsError) as refused:
        settings_from(BASE_ENV | ANONYMOUS | {"TOKEN_ALLOWED_ORIGINS": origin})
    assert [problem for problem in refused.value.problems if said in problem]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "192.168.1.7", "127.0.0.1.evil.example", ""])
def test_without_authentication_a_rebound_name_gets_nothing(build, host):
    """A page whose own name resolves to loopback reads our answers: its requests carry its name as Host."""
    reply = build().post("/", json={}, headers={"Host": host})
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (403, "host_not_allowed")


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:3000", "[::1]:3000"])
def test_without_authentication_this_machine_is_served(build, host):
    assert build().post("/", json={}, headers={"Host": host}).status_code == 201


def test_without_authentication_another_page_cannot_mint_even_unread(build):
    """no-cors: the page cannot read the token, but with TOKEN_PREDISPATCH each one costs an agent."""
    client = build(TOKEN_ALLOWED_ORIGINS="http://127.0.0.1:5173")
    reply = client.post("/", headers={"Origin": "https://evil.example"})
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (403, "origin_not_allowed")
    assert client.post("/", headers={"Origin": "http://127.0.0.1:5173"}).status_code == 201


def test_with_authentication_any_host_and_page_may_ask(build, issuer):
    reply = build(issuer.env()).post("/", headers={"Host": "calls.example.in", "Origin": "https://other.example"})
    assert reply.status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        "\u3164", "As\u115fha", "As\uffa0ha", "\u2800Asha", "As\u034fha", "As\u17b4ha",
        "As\u200bha", "Asha\u2028", "Asha\u2029", "\u200eAsha", "\u200fAsha", "As\u061cha", "A\u2060sha", "\ufeffAsha",
        "Asha\U000e0041", "Asha\ue000", "Asha\u0378", "A\u00adsha", "\u202eahsA", "As\u180eha",
    ],
)  # fmt: skip
def test_names_hold_nothing_that_cannot_be_seen(client, name):
    reply = client.post("/", json={"participant_name": name})
    assert (reply.status_code, reply.get_json()["error"]["field"]) == (400, "participant_name")


@pytest.mark.parametrize("name", ["क्\u200dष", "കര്\u200dഷകന്\u200d", "می\u200cخواهم", "Asha 😀", "O'Brien-Ñ", "ஸ்ரீ"])
def test_names_of_people_pass(client, name):
    assert client.post("/", json={"participant_name": name}).status_code == 201


def test_with_oidc_a_client_never_picks_its_room():
    settings = settings_from(BASE_ENV | OIDC | {"TOKEN_CLIENT_FIELDS": "room_name,participant_name"})
    assert settings.client_fields == {"participant_name"}
    assert [warning for warning in settings.warnings if "room_name is honoured with TOKEN_AUTH=hmac only" in warning]
    kept = settings_from(BASE_ENV | HMAC | {"TOKEN_CLIENT_FIELDS": "room_name"})
    assert kept.client_fields == {"room_name"}


def test_a_short_signing_key_is_told_everywhere():
    short = {"TOKEN_AUTH": "hmac", "TOKEN_HMAC_KEYS": "backend:short-secret"}
    (warning,) = settings_from(BASE_ENV | short).warnings
    assert "key 1 is too short" in warning
    assert "short-secret" not in warning
    with pytest.raises(SettingsError):
        settings_from(BASE_ENV | short | {"K_SERVICE": "token"})


@pytest.mark.parametrize(("env", "warned"), [({"K_SERVICE": "t"}, False), ({}, True)])
def test_a_hop_that_nobody_vouches_for_is_told(env, warned):
    settings = settings_from(BASE_ENV | OIDC | env | {"TOKEN_TRUSTED_PROXY_HOPS": "1"})
    assert any("TOKEN_TRUSTED_PROXY_HOPS is 1" in warning for warning in settings.warnings) is warned
    two = settings_from(BASE_ENV | OIDC | {"K_SERVICE": "t", "TOKEN_TRUSTED_PROXY_HOPS": "2"})
    assert any("right behind a load balancer only" in warning for warning in two.warnings)


def test_one_keys_requests_never_shut_another_key_out(monkeypatch):
    from types import SimpleNamespace

    from join_token import hmac_auth

    monkeypatch.setattr(hmac_auth, "_NONCES_MAX", 20)
    keys = {"busy": Secret("b" * 32), "calm": Secret("c" * 32)}
    authenticate = HmacAuthenticator(keys, unix_time=lambda: 1_000.0)

    def ask(key_id, number):
        nonce = f"nonce-number-{number:06d}"
        request = SimpleNamespace(method="POST", path="/", headers={}, body=b"")
        sig = signature(keys[key_id], request, "1000", nonce)
        request.headers["Authorization"] = f"{hmac_auth.SCHEME} id={key_id},ts=1000,nonce={nonce},sig={sig}"
        return authenticate(request)

    for number in range(10):
        ask("busy", number)
    with pytest.raises(hmac_auth.Refusal) as refused:
        ask("busy", 11)
    assert refused.value.status == 429
    assert ask("calm", 0).subject == "calm"


def test_a_key_published_with_its_private_part_verifies_as_a_public_one():
    """It made every token a 500."""
    import json

    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa
    from join_token.jwks import _usable_key

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private))
    assert "d" in jwk
    key = _usable_key(jwk | {"kid": "one"})
    token = jwt.encode({"sub": "asha"}, private, algorithm="RS256")
    assert jwt.decode(token, key.key, algorithms=[key.algorithm]) == {"sub": "asha"}
