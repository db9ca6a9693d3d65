"""TOKEN_AUTH=oidc: bearer tokens of an identity provider, honest ones and the other kind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from join_token import jwks
from join_token.errors import Refusal
from join_token.jwks import FetchedKeys, JwksUnavailable, KeyCache

from sandbox.services.http_on_loopback import running_http
from sandbox.services.issuer import AUDIENCE
from tests.token.claims import base64url, claims_of
from tests.token.environment import leak_in


@pytest.fixture
def oidc(build, issuer):
    return build(issuer.env())


def code_of(reply):
    return reply.status_code, reply.get_json().get("error", {}).get("code")


def test_a_signed_in_caller_gets_a_token(oidc, issuer):
    reply = oidc.post("/", headers=issuer.bearer())
    assert reply.status_code == 201
    assert claims_of(reply)["sub"].startswith("caller-")


def test_keys_are_fetched_once(oidc, issuer):
    for _ in range(3):
        assert oidc.post("/", headers=issuer.bearer()).status_code == 201
    assert issuer.fetches == 1


def test_es256_is_as_good_as_rs256(oidc, issuer):
    issuer.published = {"e1": "ec", "k1": "rsa"}
    assert oidc.post("/", headers=issuer.bearer(kid="e1", key="ec", algorithm="ES256")).status_code == 201
    assert oidc.post("/", headers=issuer.bearer()).status_code == 201


def test_identities_tell_callers_apart_and_never_repeat(oidc, issuer):
    """Pins: the same identity twice throws the first participant out of the call."""
    first, second, other = (
        claims_of(oidc.post("/", headers=issuer.bearer(sub=subject)))["sub"] for subject in ("asha", "asha", "ravi")
    )
    assert len({first, second, other}) == 3
    assert first.rpartition("-")[0] == second.rpartition("-")[0] != other.rpartition("-")[0]
    assert "asha" not in first


def test_no_token_says_what_to_send(oidc, issuer):
    for headers in ({}, {"Authorization": "Basic dTpw"}, {"Authorization": "Bearer "}):
        reply = oidc.post("/", headers=headers)
        assert code_of(reply) == (401, "authentication_required")
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert issuer.fetches == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": -61}, "token_expired"),
        ({"nbf": 90}, "token_not_yet_valid"),
        ({"iat": 90}, "token_not_yet_valid"),
        ({"aud": "another-app"}, "wrong_token"),
        ({"aud": None}, "wrong_token"),
        ({"iss": "https://another.example"}, "wrong_token"),
        ({"iss": "https://issuer.example/"}, "wrong_token"),
        ({"sub": None}, "wrong_token"),
        ({"sub": ""}, "wrong_token"),
        ({"sub": "s" * 513}, "wrong_token"),
        ({"exp": None}, "wrong_token"),
        ({"sub": 5}, "invalid_token"),
        ({"exp": "soon"}, "invalid_token"),
        ({"aud": 7}, "wrong_token"),
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_now_is_401_and_honestly_named(oidc, issuer, changes, code):
    now = int(time.time())
    relative = {name: now + value if name in {"exp", "nbf", "iat"} and isinstance(value, int) else value
                for name, value in changes.items()}  # fmt: skip
    token = raw_token(issuer, issuer.claims(**relative)) if changes.get("sub") == 5 or "aud" in changes else None
    headers = {"Authorization": f"Bearer {token}"} if token else issuer.bearer(**relative)
    assert code_of(oidc.post("/", headers=headers)) == (401, code)


def raw_token(issuer, claims, header=None, key="rsa"):
    """A properly signed token whose claims pyjwt would not write itself."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    header = {"alg": "RS256", "kid": "k1", "typ": "JWT"} if header is None else header
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = issuer.keys[key].sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signing_input}.{base64url(signature)}"


@pytest.mark.parametrize("changes", [{"exp": -30}, {"nbf": 30}, {"iat": 30}], ids=str)
def test_a_minute_of_clock_skew_is_forgiven(oidc, issuer, changes):
    now = int(time.time())
    headers = issuer.bearer(**{name: now + seconds for name, seconds in changes.items()})
    assert oidc.post("/", headers=headers).status_code == 201


def test_one_of_several_audiences_is_enough(build, issuer):
    client = build(issuer.env(), TOKEN_OIDC_AUDIENCE=f"web-app, {AUDIENCE}")
    assert client.post("/", headers=issuer.bearer(aud=["other", AUDIENCE])).status_code == 201
    assert client.post("/", headers=issuer.bearer(aud="web-app")).status_code == 201


def unsigned(issuer):
    return jwt.encode(issuer.claims(), None, algorithm="none", headers={"kid": "k1"})


def signed_with_the_public_key(issuer):
    """The classic: the verifier's public key, taken for a shared secret."""
    pem = (
        issuer.keys["rsa"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signing_input = (
        base64url(b'{"alg":"HS256","kid":"k1","typ":"JWT"}') + "." + base64url(json.dumps(issuer.claims()).encode())
    )
    return signing_input + "." + base64url(hmac.new(pem, signing_input.encode(), hashlib.sha256).digest())


def with_another_signature(issuer):
    ours, theirs = issuer.token(), issuer.token(key="rsa_next")
    return ours.rpartition(".")[0] + "." + theirs.rpartition(".")[2]


def with_changed_claims(issuer):
    header, _, signature = issuer.token().split(".")
    return ".".join([header, base64url(json.dumps(issuer.claims(sub="someone-else")).encode()), signature])


ATTACKS = {
    "unsigned": unsigned,
    "none-in-capitals": lambda issuer: base64url(b'{"alg":"None","kid":"k1"}') + unsigned(issuer)[20:],
    "public-key-as-secret": signed_with_the_public_key,
    "another-signature": with_another_signature,
    "changed-claims": with_changed_claims,
    "another-key": lambda issuer: issuer.token(key="rsa_next"),
    "unknown-key-id": lambda issuer: issuer.token(kid="someone-elses"),
    "huge-key-id": lambda issuer: issuer.token(kid="k" * 4000),
    "path-as-key-id": lambda issuer: issuer.token(kid="../../etc/passwd"),
    "number-as-key-id": lambda issuer: raw_token(issuer, issuer.claims(), {"alg": "RS256", "kid": 1}),
    "rs384": lambda issuer: issuer.token(algorithm="RS384"),
    "ps256": lambda issuer: issuer.token(algorithm="PS256"),
    "es256-under-an-rsa-key-id": lambda issuer: issuer.token(key="ec", algorithm="ES256"),
    "own-key-in-the-header": lambda issuer: issuer.token(key="rsa_next", headers={"jku": "http://127.0.0.1:1/jwks"}),
    "critical-extension": lambda issuer: issuer.token(headers={"crit": ["x"], "x": 1}),
    "unencoded-payload": lambda issuer: issuer.token(headers={"b64": False, "crit": ["b64"]}),
    "only-dots": lambda issuer: "..",
    "four-parts": lambda issuer: issuer.token() + ".x",
    "not-base64": lambda issuer: "\xff\xfe.\xff.\xff",
    "huge": lambda issuer: "eyJ" + "A" * 100_000,
    "deep-header": lambda issuer: base64url(b'{"a":' * 1000 + b"1" + b"}" * 1000) + ".e30.x",
    "header-is-a-list": lambda issuer: base64url(b"[]") + ".e30.x",
    "header-is-null": lambda issuer: base64url(b"null") + ".e30.x",
    "algorithm-is-a-list": lambda issuer: base64url(b'{"alg":[],"kid":"k1"}') + ".e30.x",
    "claims-are-a-list": lambda issuer: raw_token(issuer, []),
    "expiry-beyond-numbers": lambda issuer: raw_token(issuer, {**issuer.claims(), "exp": float("inf")}),
    "lone-surrogate-subject": lambda issuer: issuer.token(key="rsa_next", sub="\ud800"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_forged_tokens_are_refused_and_learn_nothing(oidc, issuer, attack):
    reply = oidc.post("/", headers={"Authorization": f"Bearer {attack(issuer)}"})
    assert code_of(reply) == (401, "invalid_token")
    assert reply.get_json()["error"]["message"] == "The token is not valid. Sign in again."


def test_a_forged_token_does_not_learn_that_it_has_expired_too(oidc, issuer):
    reply = oidc.post("/", headers=issuer.bearer(key="rsa_next", exp=1))
    assert code_of(reply) == (401, "invalid_token")


def test_a_subject_of_any_text_is_hashed_not_refused(oidc, issuer):
    reply = oidc.post("/", headers={"Authorization": f"Bearer {raw_token(issuer, issuer.claims(sub=chr(0xD800)))}"})
    assert reply.status_code == 201
    assert claims_of(reply)["sub"].isascii()


@pytest.mark.parametrize(
    "change",
    [{"kty": "oct", "k": base64.b64encode(b"x" * 32).decode()}, {"use": "enc"}, {"alg": "RS384"}, {"n": "!!"}],
    ids=str,
)
def test_keys_that_are_not_for_our_signatures_are_not_used(oidc, issuer, change):
    broken = issuer.jwk("k1", **change)
    issuer.published = {"k2": "rsa_next"}
    issuer.answer = 200, {}, json.dumps({"keys": [broken, issuer.jwk("k2")]}).encode()
    assert code_of(oidc.post("/", headers=issuer.bearer())) == (401, "invalid_token")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_weak_rsa_key_is_not_used(oidc, issuer):
    issuer.published = {"k1": "rsa_small", "k2": "rsa"}
    assert code_of(oidc.post("/", headers=issuer.bearer(key="rsa_small"))) == (401, "invalid_token")


def test_a_redirected_key_document_is_not_followed(build, issuer):
    """Pins: a redirect could make us read an address inside our own network."""
    asked = []

    def private(method, path, headers, body):
        asked.append(path)
        return 200, {}, json.dumps({"keys": [issuer.jwk("k1")]}).encode()

    with running_http(private) as private_url:
        issuer.answer = 302, {"Location": f"{private_url}/computeMetadata"}, b""
        reply = build(issuer.env()).post("/", headers=issuer.bearer())
    assert code_of(reply) == (503, "identity_provider_unavailable")
    assert reply.headers["Retry-After"] == "10"
    assert asked == []


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[1,null,"x",[]]}',
        b"[" * 5000,
        b'"' + b"x" * 300_000,
    ],
    ids=lambda document: document[:12].decode(),
)
def test_a_key_document_that_makes_no_sense_is_an_outage_not_a_crash(oidc, issuer, document):
    issuer.answer = 200, {}, document
    assert code_of(oidc.post("/", headers=issuer.bearer())) == (503, "identity_provider_unavailable")


class Clock:
    """A key document that changes and fails on demand, under a clock that a test moves."""

    def __init__(self, issuer):
        self.now = 1000.0
        self.fetches = 0
        self.down = False
        self.issuer = issuer
        self.cache = KeyCache("http://127.0.0.1/jwks", fetch=self.fetch, monotonic_time=lambda: self.now)

    def fetch(self, url):
        self.fetches += 1
        if self.down:
            raise JwksUnavailable("down")
        keys = [self.issuer.jwk(kid) for kid in self.issuer.published]
        return FetchedKeys(json.dumps({"keys": keys}).encode(), 3600.0)


@pytest.fixture
def clock(issuer):
    return Clock(issuer)


def test_a_rotated_key_is_found_without_waiting_for_the_cache_to_age(clock):
    assert clock.cache.key_for("k1")
    clock.now += 31
    clock.issuer.published = {"k2": "rsa_next", "k1": "rsa"}
    assert clock.cache.key_for("k2")
    assert clock.fetches == 2


def test_a_withdrawn_key_is_forgotten_when_the_cache_has_aged(clock):
    assert clock.cache.key_for("k1")
    clock.issuer.published = {"k2": "rsa_next"}
    clock.now += 3601
    assert clock.cache.key_for("k1") is None


def test_strangers_key_ids_do_not_make_us_ask_again_and_again(clock):
    assert clock.cache.key_for("k1")
    clock.now += 31
    for number in range(100):
        assert clock.cache.key_for(f"unknown-{number}") is None
    assert clock.fetches == 2


def test_an_outage_is_served_from_the_cache_for_a_day_and_no_longer(clock):
    assert clock.cache.key_for("k1")
    clock.down = True
    clock.now += 86_000
    assert clock.cache.key_for("k1")
    clock.now += 1000
    with pytest.raises(Refusal, match="identity_provider_unavailable"):
        clock.cache.key_for("k1")
    clock.down = False
    clock.now += 6
    assert clock.cache.key_for("k1")


def test_during_an_outage_we_ask_every_five_seconds_and_not_for_every_caller(clock):
    clock.down = True
    for _ in range(20):
        with pytest.raises(Refusal):
            clock.cache.key_for("k1")
    assert clock.fetches == 1
    clock.now += 6
    with pytest.raises(Refusal):
        clock.cache.key_for("k1")
    assert clock.fetches == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 3600),
        ("public, max-age=21600", 21600),
        ("max-age=0", 300),
        ("max-age=999999999", 86400),
        ("no-store", 3600),
    ],
)
def test_the_issuers_own_cache_time_counts_within_bounds(header, seconds):
    assert jwks._fresh_seconds(header) == seconds


def test_app_check_is_demanded_on_top(build, issuer, signing_keys):
    project = {"iss": "https://firebaseappcheck.googleapis.com/123456", "aud": ["projects/123456", "projects/x"]}
    client = build(
        issuer.env(),
        TOKEN_APP_CHECK_PROJECT="123456",
        TOKEN_APP_CHECK_APPS="1:123456:web:abc",
        TOKEN_APP_CHECK_JWKS_URL=f"{issuer.url}/app-check",
        TOKEN_ALLOWED_ORIGINS="https://app.example.in",
    )
    good = issuer.token(sub="1:123456:web:abc", **project)
    other_app = issuer.token(sub="1:123456:web:evil", **project)
    expired = issuer.token(sub="1:123456:web:abc", **{**project, "exp": 1})

    def post(token, headers):
        return code_of(client.post("/", headers={**headers, **({"X-Firebase-AppCheck": token} if token else {})}))

    assert post(good, issuer.bearer()) == (201, None)
    assert post(None, issuer.bearer()) == (401, "app_check_required")
    assert post(other_app, issuer.bearer()) == (401, "app_check_failed")
    assert post(expired, issuer.bearer()) == (401, "app_check_failed")
    assert post(issuer.token(), issuer.bearer()) == (401, "app_check_failed")
    assert post(good, {}) == (401, "authentication_required")
    preflight = client.options("/", headers={"Origin": "https://app.example.in"})
    assert preflight.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization, X-Firebase-AppCheck"


def test_a_bearer_token_never_reaches_the_output(oidc, issuer, capsys):
    token = issuer.token()
    for header in (f"Bearer {token}", f"Bearer {token}x", f"Basic {token}"):
        oidc.post("/", headers={"Authorization": header})
    output = "".join(capsys.readouterr())
    assert output.count("token.request") == 3
    assert not leak_in(output)
    assert leak_in(token)  # the watch itself works
