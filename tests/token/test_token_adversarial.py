"""Ten thousand generated requests: never a 5xx, never a grant beyond policy, never one identity twice.

Everything goes through the real application in this process; what is generated is what a stranger can send.
"""

from __future__ import annotations

import json
import string
from collections import Counter

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from join_token.callers import Caller
from join_token.grants import VOICE_LANGUAGES

from tests.token.claims import agent_of, base64url
from tests.token.environment import HMAC, LIVEKIT_SECRET
from tests.token.generated import Requests
from tests.token.test_token_hmac import signed

GENERATED_REQUESTS = 10_000
BLOCKS = 10
REFUSALS = {400, 403, 413, 415}
VIDEO = {
    "roomJoin": True,
    "canPublish": True,
    "canSubscribe": True,
    "canPublishData": False,
    "canPublishSources": ["microphone"],
}
a_few_hundred = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,  # the same ones everywhere: a failure here is a failure for whoever looks into it
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def checked(reply, seen, sent=None):
    """Whatever was sent: an answer of the agreed shape, and if it is a token, one within policy."""
    assert reply.headers["Cache-Control"] == "no-store", sent
    body = json.loads(reply.get_data())
    if reply.status_code != 201:
        assert reply.status_code in REFUSALS, sent
        assert set(body["error"]) == {"code", "message", "field"}, sent
        return reply.status_code
    claims = jwt.decode(body["participant_token"], LIVEKIT_SECRET, algorithms=["HS256"], leeway=60)
    room = claims["video"].pop("room")
    attributes = claims.get("attributes", {})
    assert claims["video"] == VIDEO, sent
    assert set(claims["roomConfig"]) == {"agents"}, sent
    name, told = agent_of(claims)
    assert (name, set(told)) == ("vaani-dispatch", {"at", "caller"}), sent
    assert set(claims) <= {"video", "roomConfig", "sub", "iss", "nbf", "exp", "name", "attributes"}, sent
    assert claims["exp"] - claims["nbf"] <= 900
    assert set(attributes) <= {"language", "voice"}, sent
    assert attributes.get("language", "hi-IN") in VOICE_LANGUAGES, sent
    assert len(claims.get("name", "").encode()) <= 256, sent
    assert room.startswith("vaani-")
    assert not {room, claims["sub"]} & seen, sent
    seen.update({room, claims["sub"]})
    return 201


@pytest.fixture
def open_client(build, capsys):
    return build(AGENT_NAME="vaani-dispatch", TOKEN_TRUSTED_PROXY_HOPS="1")


@pytest.mark.parametrize("seed", range(BLOCKS))
def test_generated_requests_never_break_the_function_nor_get_more_than_the_policy(open_client, seed):
    requests, seen, statuses = Requests(seed), set(), Counter()
    for _ in range(GENERATED_REQUESTS // BLOCKS):
        body, headers, path = requests.body(), requests.headers(), requests.path()
        reply = open_client.post(path, data=body, headers=headers)
        statuses[checked(reply, seen, (path, headers, body[:500]))] += 1
    # Were nearly all refused, or for one reason, this would prove little.
    assert statuses[201] > 150
    assert statuses[400] > 150
    assert set(statuses) >= {201, 400, 403, 415}


def test_generated_requests_of_a_verified_caller_get_the_same_policy(build):
    client, requests, seen = build(HMAC, AGENT_NAME="vaani-dispatch"), Requests(99), set()
    for number in range(500):
        body = requests.body()
        headers = {**signed(body=body, nonce=f"nonce-{number:012}"), "Content-Type": "application/json"}
        checked(client.post("/", data=body, headers=headers), seen, body[:500])


any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(st.characters(categories=["Cs", "Cc", "Cf", "Lo"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_any_value_in_any_field_is_granted_within_policy_or_refused(open_client):
    fields = [
        "room_name",
        "participant_name",
        "participant_metadata",
        "participant_attributes",
        "room_config",
        "roomConfig",
    ]
    seen = set()

    @a_few_hundred
    @given(st.dictionaries(st.sampled_from(fields), any_json, max_size=2))
    def try_one(body):
        checked(open_client.post("/", data=json.dumps(body), content_type="application/json"), seen, body)

    try_one()


def test_any_bytes_are_answered(open_client):
    seen = set()

    @a_few_hundred
    @given(st.binary(max_size=80))
    def try_one(body):
        checked(open_client.post("/", data=body, content_type="application/json"), seen, body)

    try_one()


printable = st.text(string.printable[:94], max_size=20)
header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
hmac_headers = st.tuples(*[printable] * 4).map(
    lambda four: "Vaani-HMAC-SHA256 id={},ts={},nonce={},sig={}".format(*four)
)
jwt_headers = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku"]), any_json, max_size=4)


def test_made_up_credentials_never_open_the_door(build, issuer):
    genuine = issuer.token().split(".")
    made_up = st.one_of(
        header_text,
        hmac_headers,
        header_text.map(lambda text: f"Bearer {text}"),
        jwt_headers.map(lambda header: f"Bearer {base64url(json.dumps(header).encode())}.{genuine[1]}.{genuine[2]}"),
        st.lists(st.sampled_from([*genuine[:2], "", "e30"]) | printable, min_size=1, max_size=4).map(
            lambda parts: "Bearer " + ".".join(parts)
        ),
    )
    clients = [build(issuer.env())]

    @a_few_hundred
    @given(made_up)
    def try_one(credential):
        assert clients[-1].post("/", headers={"Authorization": credential}).status_code == 401, credential

    try_one()
    clients.append(build(HMAC))
    try_one()


@given(st.tuples(st.text(), st.text(min_size=1)), st.tuples(st.text(), st.text(min_size=1)))
def test_two_callers_never_share_an_identity(one, other):
    assert (Caller(*one).fingerprint("key") == Caller(*other).fingerprint("key")) is (one == other)


def test_issuer_and_subject_never_run_together():
    pairs = [("a", "bc"), ("ab", "c"), ("1:a", "bc"), ("a", "1:bc"), ("", "abc"), ("", "1:abc")]
    assert len({Caller(*pair).fingerprint("key") for pair in pairs}) == len(pairs)
    assert Caller("a", "bc").fingerprint("key") != Caller("a", "bc").fingerprint("another key")
