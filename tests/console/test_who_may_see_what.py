"""No assertion, no page; whoever may not read words sees none, anywhere; and no page can be made to do more."""

import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from console.errors import Refusal
from console.iap_keys import ASK_AGAIN_SECONDS, STALE_SECONDS_MAX, Fetched, IapKeys, usable_keys
from console.identity import HEADER, ISSUER, IdentityAwareProxy
from tests.console.test_one_call import accesses

AUDIENCE = "/projects/12/locations/asia-south1/services/console"
WORDS_FOR = frozenset(
    {"reader@example.in", "@words.in", "group:supervisors", "level:accessPolicies/1/accessLevels/office"}
)
SECRET = "मेरा secret order"
PAGES = (
    "/",
    "/wrong?since=2026-11-01",
    "/live",
    "/numbers?month=2026-11",
    "/export.jsonl",
    "/export.csv",
    "/live/events",
)


class Proxy:
    """Signs as Identity-Aware Proxy does; its keys can be changed, and can be away."""

    def __init__(self):
        self.keys, self.asked, self.away = {}, 0, False
        self.new_key("one")

    def new_key(self, kid):
        self.keys = {kid: ec.generate_private_key(ec.SECP256R1())}

    def fetch(self, url):
        self.asked += 1
        if self.away:
            raise OSError("away")
        entries = [
            jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
            | {"kid": kid, "use": "sig", "alg": "ES256"}
            for kid, key in self.keys.items()
        ]
        return Fetched(jwt.utils.force_bytes(json.dumps({"keys": entries})), 3600.0)

    def assertion(self, kid=None, key=None, algorithm="ES256", **claims):
        now = int(time.time())
        told = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "accounts.google.com:1",
            "email": "nobody@example.in",
            "iat": now,
            "exp": now + 600,
        } | claims
        kid = kid or next(iter(self.keys))
        told = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(told, key or self.keys[kid], algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def proxy():
    return Proxy()


@pytest.fixture
def behind_proxy(opened, proxy):
    keys = IapKeys("https://keys.example", fetch=proxy.fetch)
    identity = IdentityAwareProxy(AUDIENCE, keys, WORDS_FOR)
    return opened(
        identity=identity,
        base_url="https://console.example.in",
        CONSOLE_HOST="10.0.0.1",
        CONSOLE_IAP_AUDIENCE=AUDIENCE,
        CONSOLE_CURSOR_SECRET="s" * 32,
    )


@pytest.mark.parametrize("address", [*PAGES, "/calls/x", "/web/console.css", "/uplot/uPlot.esm.js", "/made/up"])
def test_without_an_assertion_there_is_no_page(behind_proxy, address):
    page = behind_proxy.get(address)
    assert page.status_code == 401
    assert "did not come through it" in page.text


def test_the_health_check_needs_none_and_says_nothing(behind_proxy):
    assert behind_proxy.get("/health").json() == {"status": "ok"}


def test_with_one_there_is(behind_proxy, proxy):
    assert behind_proxy.get("/", headers={HEADER: proxy.assertion()}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "/projects/12/locations/asia-south1/services/other"},
        {"aud": None},
        {"iss": "https://accounts.google.com"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"iat": int(time.time()) + 3600},
        {"kid": "unknown"},
    ],
)
def test_an_assertion_that_is_not_for_us_or_not_now_is_none(behind_proxy, proxy, wrong):
    kid = wrong.pop("kid", None)
    key = proxy.keys["one"] if kid is None else ec.generate_private_key(ec.SECP256R1())
    page = behind_proxy.get("/", headers={HEADER: proxy.assertion(kid=kid, key=key, **wrong)})
    assert page.status_code == 401
    assert "not valid for this console" in page.text


@pytest.mark.parametrize("assertion", ["", "x", "a.b.c", "é", "x" * 20_000])
def test_what_is_no_assertion_is_refused_and_not_an_error(behind_proxy, assertion):
    assert behind_proxy.get("/", headers={HEADER: assertion.encode()}).status_code == 401


def test_the_algorithm_is_ours_and_never_the_assertions(behind_proxy, proxy):
    public = proxy.keys["one"].public_key()
    pem = public.public_bytes(*_pem())
    signed = [
        jwt.encode({"aud": AUDIENCE, "iss": ISSUER}, "", algorithm="none", headers={"kid": "one"}),
        _hs256(proxy.assertion(), pem),
        proxy.assertion(key=ec.generate_private_key(ec.SECP256R1())),
    ]
    for assertion in signed:
        assert behind_proxy.get("/", headers={HEADER: assertion}).status_code == 401


def _pem():
    return Encoding.PEM, PublicFormat.SubjectPublicKeyInfo


def _hs256(assertion, secret):
    """The same claims, signed with the public key as if it were a secret."""
    _, body, _ = assertion.split(".")
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').decode()
    signature = hmac.digest(secret, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"


async def test_keys_are_kept_rotated_and_lived_without_for_a_day_and_no_longer(proxy):
    clock = [0.0]
    keys = IapKeys("https://keys.example", fetch=proxy.fetch, monotonic_seconds=lambda: clock[0])
    assert await keys.key_for("one")
    assert await keys.key_for("one")
    assert proxy.asked == 1
    proxy.new_key("two")
    assert await keys.key_for("two") is None, "strangers choose the key id, so it is not asked at once"
    clock[0] += ASK_AGAIN_SECONDS
    assert await keys.key_for("two")
    assert await keys.key_for("one") is None
    proxy.away = True
    clock[0] += STALE_SECONDS_MAX - 1
    assert await keys.key_for("two")
    clock[0] += 2
    with pytest.raises(Refusal, match="no_keys"):
        await keys.key_for("two")


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": [{}]}', b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "x"}]}']
)
def test_a_document_without_keys_is_none(document):
    with pytest.raises(ValueError, match=r"no ES256 key|Expecting value"):
        usable_keys(document)


@pytest.mark.parametrize(
    ("claims", "reads"),
    [
        ({"email": "reader@example.in"}, True),
        ({"email": "Reader@Example.in"}, True),
        ({"email": "x@words.in"}, True),
        ({"email": "x@notwords.in"}, False),
        ({"email": "reader@example.in.evil.com"}, False),
        ({"email": None}, False),
        ({"email": "securetoken.google.com/p:x@words.in"}, False),
        ({"groups": ["supervisors"]}, True),
        ({"groups": "supervisors"}, False),
        ({"gcip": {"firebase": {"sign_in_attributes": {"groups": ["supervisors"]}}}}, True),
        ({"google": {"access_levels": ["accessPolicies/1/accessLevels/office"]}}, True),
        ({"gcip": []}, False),
        ({"google": {"access_levels": ["supervisors"]}}, False),
    ],
)
def test_words_are_for_those_who_are_named(behind_proxy, proxy, seed, claims, reads):
    call = seed((SECRET, SECRET))
    page = behind_proxy.get(f"/calls/{call}", headers={HEADER: proxy.assertion(**claims)})
    assert page.status_code == 200
    assert (SECRET in page.text) is reads
    assert ("You see numbers only" in page.text) is not reads


def test_nothing_that_was_said_is_on_any_page_for_numbers_only(numbers_only, seed, database):
    call = seed(
        {"heard": SECRET, "reply": SECRET},
        summary=SECRET,
        promises=[{"what": SECRET, "tool": None, "status": "no_tool"}],
        outcome={"intent": SECRET, "resolved": True},
        number=SECRET,
        recording=f"file:///{SECRET}",
        faults=[{"code": "llm_timeout", "said": SECRET}],
        room=SECRET,
        tools=[{"turn": 1, "name": "t", "outcome": "ok", "arguments": {"a": SECRET}}],
        transfers=[{"outcome": "ok", "to": SECRET}],
        consents=[{"purpose": "words", "state": "given", "reference": SECRET}],
    )
    for address in (*(page for page in PAGES if page != "/live/events"), f"/calls/{call}"):
        page = numbers_only.get(address)
        assert page.status_code == 200
        assert "secret" not in page.text, address
    for address in (f"/?q={SECRET}", f"/calls/{call}/recording", "/export.csv?q=secret", "/wrong?q=secret"):
        page = numbers_only.get(address)
        assert page.status_code == 403
        assert "Words and recordings are not shown to you" in page.text
    assert accesses(database) == []


@pytest.mark.parametrize("address", ["/", "/calls/nobody", "/web/console.css", "/health", "/export.csv", "/made/up"])
def test_every_answer_has_the_headers_that_keep_it_a_page(console, behind_proxy, address):
    for client in (console, behind_proxy):
        headers = client.get(address).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert {policy[kind] for kind in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"]
        assert ("strict-transport-security" in headers) is (client is behind_proxy)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8090", "127.0.0.1.evil.example", "10.0.0.1"])
def test_a_name_of_the_internet_that_means_this_machine_gets_no_page(console, seed, host):
    seed((SECRET, SECRET))
    page = console.get("/", headers={"Host": host})
    assert page.status_code == 403
    assert "call-" not in page.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8090", "127.0.0.1", "[::1]:8090"])
def test_this_machine_is_known_by_all_its_names(console, host):
    assert console.get("/", headers={"Host": host}).status_code == 200


def test_an_error_of_ours_is_a_page_with_headers_and_without_details(console, monkeypatch):
    async def broken(*_, **__):
        raise RuntimeError(SECRET)

    monkeypatch.setattr("console.pages.calls.page_of_calls", broken)
    page = console.get("/")
    assert page.status_code == 500
    assert "The console made a mistake" in page.text
    assert "secret" not in page.text
    assert "content-security-policy" in page.headers
