"""Our own signing held against LiveKit's SDK, and our own tables against LiveKit's definitions."""

from __future__ import annotations

import datetime
import json
import time

import jwt
import pytest
from join_token.errors import Refusal
from join_token.grants import JoinGrant, decide_grant
from join_token.mint import TOKEN_CHARACTERS_MAX, mint_dispatch_token, mint_join_token
from join_token.request import AGENT_FIELDS, ROOM_CONFIG_FIELDS, parse_token_request
from join_token.settings import settings_from
from livekit import api
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration

from tests.token.environment import ANONYMOUS, BASE_ENV, LIVEKIT_SECRET

TTL_SECONDS = 600
GRANTS = [
    {},
    {"participant_name": "आशा \u200d"},
    {"participant_metadata": '{"plan": "gold"}'},
    {"participant_attributes": {"language": "ta-IN", "voice": "kavitha"}},
    {"agent_name": "vaani-blue-7", "participant_name": 'quotes " and \\ and <script>'},
]


@pytest.fixture(scope="module")
def settings():
    return settings_from({**BASE_ENV, **ANONYMOUS, "TOKEN_TTL_SECONDS": str(TTL_SECONDS)})


def grant(**changes):
    plain = {
        "identity": "caller-1-2",
        "room_name": "vaani-0123",
        "room_is_fresh": True,
        "participant_name": "",
        "participant_metadata": "",
        "participant_attributes": {},
        "agent_name": "vaani",
        "ignored_fields": (),
        "caller": "0123",
    }
    return JoinGrant(**{**plain, **changes})


def livekits_own(granted, now_seconds):
    dispatch = RoomAgentDispatch(agent_name=granted.agent_name, metadata=granted.dispatch_metadata(now_seconds))
    token = (
        api.AccessToken("devkey", LIVEKIT_SECRET)
        .with_identity(granted.identity)
        .with_ttl(datetime.timedelta(seconds=TTL_SECONDS))
        .with_grants(
            api.VideoGrants(
                room_join=True,
                room=granted.room_name,
                can_publish=True,
                can_subscribe=True,
                can_publish_data=False,
                can_publish_sources=["microphone"],
            )
        )
        .with_room_config(RoomConfiguration(agents=[dispatch]))
    )
    if granted.participant_name:
        token = token.with_name(granted.participant_name)
    if granted.participant_metadata:
        token = token.with_metadata(granted.participant_metadata)
    if granted.participant_attributes:
        token = token.with_attributes(dict(granted.participant_attributes))
    return token.to_jwt()


def decoded(token):
    return jwt.decode(token, LIVEKIT_SECRET, algorithms=["HS256"], leeway=60)


@pytest.mark.parametrize("changes", GRANTS, ids=str)
def test_the_claims_are_those_that_livekits_own_sdk_writes(settings, changes):
    granted = grant(**changes)
    now = time.time()
    ours = decoded(mint_join_token(granted, settings, now_seconds=now))
    theirs = decoded(livekits_own(granted, now))
    times = {"nbf", "exp"}
    assert {name: value for name, value in ours.items() if name not in times} == {
        name: value for name, value in theirs.items() if name not in times
    }
    assert ours["nbf"] == pytest.approx(theirs["nbf"] - 60, abs=2)
    assert ours["exp"] == pytest.approx(theirs["exp"], abs=2)


@pytest.mark.parametrize("changes", GRANTS, ids=str)
def test_livekits_own_verifier_reads_the_same_grant_from_both(settings, changes):
    verifier = api.TokenVerifier("devkey", LIVEKIT_SECRET)
    granted = grant(**changes)
    now = time.time()
    ours = verifier.verify(mint_join_token(granted, settings, now_seconds=now))
    assert ours == verifier.verify(livekits_own(granted, now))
    assert ours.identity == granted.identity
    assert (ours.name or "") == granted.participant_name
    assert ours.video.can_publish_sources == ["microphone"]


def test_a_token_grants_what_a_caller_needs_and_nothing_else(settings):
    granted = decide_grant(parse_token_request(b"{}"), "0123", settings)
    claims = decoded(mint_join_token(granted, settings, now_seconds=time.time()))
    assert set(claims) == {"video", "roomConfig", "sub", "iss", "nbf", "exp"}
    assert claims["video"] == {
        "roomJoin": True,
        "room": granted.room_name,
        "canPublish": True,
        "canSubscribe": True,
        "canPublishData": False,
        "canPublishSources": ["microphone"],
    }


def test_a_token_lives_long_enough_for_the_javascript_cache_and_not_much_longer(settings):
    """Pins: that SDK fetches again for every use unless nbf has passed and exp is over a minute away."""
    claims = decoded(mint_join_token(grant(), settings, now_seconds=time.time()))
    assert claims["nbf"] <= time.time() - 55
    assert claims["exp"] - time.time() > 60
    assert claims["exp"] - claims["nbf"] <= 900


def test_the_dispatch_token_is_about_one_room_for_one_minute(settings):
    now = time.time()
    claims = decoded(mint_dispatch_token("vaani-0123", settings, now_seconds=now))
    assert claims["video"] == {"roomAdmin": True, "room": "vaani-0123"}
    assert claims["exp"] - now <= 60


@pytest.mark.parametrize(
    ("message", "ours"),
    [(RoomConfiguration, ROOM_CONFIG_FIELDS), (RoomAgentDispatch, AGENT_FIELDS)],
    ids=["room", "agent"],
)
def test_our_table_of_fields_is_livekits(message, ours):
    """A field that LiveKit adds would otherwise be ignored silently instead of refused by name."""
    assert set(ours) == {field.name for field in message.DESCRIPTOR.fields}


def test_tokens_stay_small_enough_for_a_url(settings):
    """Pins: escaped as \\u0906, the largest allowed Indic texts would make a token of 13 KiB for the join's URL."""
    largest = grant(
        participant_name="आ" * 85,
        participant_metadata="आ" * 1365,
        participant_attributes={"language": "ta-IN", "voice": "kavitha"},
        room_name="र" * 85,
        identity="आ" * 85,
        agent_name="a" * 256,
    )
    assert len(mint_join_token(largest, settings, now_seconds=time.time())) <= TOKEN_CHARACTERS_MAX


def test_a_token_that_no_url_could_carry_is_refused_here_and_not_at_the_join(settings):
    with pytest.raises(Refusal, match="token_too_long"):
        mint_join_token(grant(participant_metadata="\x01" * 4096), settings, now_seconds=time.time())


def test_the_payload_is_json_that_any_parser_reads(settings):
    token = mint_join_token(grant(participant_name="\u2028 \U0001f600"), settings, now_seconds=0.0)
    payload = token.split(".")[1]
    assert json.loads(jwt.utils.base64url_decode(payload))["name"] == "\u2028 \U0001f600"
