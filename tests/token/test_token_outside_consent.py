"""A consent that was given outside is taken over from one's own backend, which signs it, and from nobody else."""

from __future__ import annotations

import json

import pytest
from join_token.errors import SettingsError
from join_token.outside_consent import PURPOSES
from join_token.settings import settings_from

from tests.token.claims import agent_of, claims_of
from tests.token.environment import ANONYMOUS, BASE_ENV, HMAC
from tests.token.test_token_hmac import signed
from worker.consent.outside import read_outside_consent
from worker.consent.rules import Purpose

GIVEN = {"consent": {"reference": "CM-7781", "purposes": ["words", "recording"]}, "notice_language": "mai-IN"}
NONCES = iter(f"nonce-{number:012}" for number in range(1000))


def asked(client, content, **options):
    body = json.dumps(content).encode()
    headers = options.pop("headers", None) or signed(body=body, nonce=next(NONCES))
    return client.post("/", data=body, content_type="application/json", headers=headers)


def metadata_of(reply):
    assert reply.status_code == 201, reply.get_json()
    return claims_of(reply)["roomConfig"]["agents"][0]["metadata"]


def test_what_the_backend_signs_is_what_the_worker_believes(build):
    outside = read_outside_consent(metadata_of(asked(build(HMAC, TOKEN_CONSENT="true"), GIVEN)))
    assert outside.given is not None
    assert (outside.given.by, outside.given.reference) == ("reference", "CM-7781")
    assert outside.given.allowed == {Purpose.WORDS, Purpose.RECORDING}
    assert outside.notice_language == "mai-IN"


def test_both_sides_know_the_same_purposes():
    assert list(PURPOSES) == list(Purpose)


@pytest.mark.parametrize("content", [{}, {"consent": None, "notice_language": None}])
def test_a_backend_that_says_nothing_of_it_has_said_nothing(build, content):
    metadata = agent_of(claims_of(asked(build(HMAC, TOKEN_CONSENT="true"), content)))[1]
    assert set(metadata) == {"at", "caller"}


def test_without_the_setting_even_a_backend_says_nothing(build):
    reply = asked(build(HMAC), GIVEN)
    assert "CM-7781" not in metadata_of(reply)


@pytest.mark.parametrize(
    "content",
    [
        GIVEN,
        GIVEN | {"participant_attributes": {"consent": "CM-7781", "notice_language": "mai-IN"}},
        GIVEN | {"participant_metadata": json.dumps(GIVEN)},
        GIVEN | {"outside_consent": GIVEN["consent"], "outsideConsent": GIVEN["consent"]},
    ],
)
def test_no_client_says_it_of_itself(build, issuer, content):
    for client, headers in ((build(issuer.env()), issuer.bearer()), (build(ANONYMOUS), {"Origin": ""})):
        claims = claims_of(asked(client, content, headers=headers))
        assert set(agent_of(claims)[1]) == {"at", "caller"}
        assert "CM-7781" not in json.dumps(claims)


@pytest.mark.parametrize("auth", [ANONYMOUS, {"TOKEN_AUTH": "oidc", "TOKEN_OIDC_PRESET": "google"}])
def test_with_callers_who_are_no_backend_it_does_not_start(auth):
    with pytest.raises(SettingsError) as error:
        settings_from(BASE_ENV | auth | {"TOKEN_CONSENT": "true"})
    assert any(problem.startswith("TOKEN_CONSENT: needs TOKEN_AUTH=hmac") for problem in error.value.problems)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"consent": "yes"}, "consent"),
        ({"consent": True}, "consent"),
        ({"consent": []}, "consent"),
        ({"consent": {}}, "consent.reference"),
        ({"consent": {"reference": "", "purposes": ["words"]}}, "consent.reference"),
        ({"consent": {"reference": "a b", "purposes": ["words"]}}, "consent.reference"),
        ({"consent": {"reference": "x" * 129, "purposes": ["words"]}}, "consent.reference"),
        ({"consent": {"reference": 7, "purposes": ["words"]}}, "consent.reference"),
        ({"consent": {"reference": "CM-1"}}, "consent.purposes"),
        ({"consent": {"reference": "CM-1", "purposes": []}}, "consent.purposes"),
        ({"consent": {"reference": "CM-1", "purposes": "words"}}, "consent.purposes"),
        ({"consent": {"reference": "CM-1", "purposes": ["words", "all"]}}, "consent.purposes"),
        ({"consent": {"reference": "CM-1", "purposes": [["words"]]}}, "consent.purposes"),
        ({"notice_language": 7}, "notice_language"),
        ({"notice_language": "Maithili"}, "notice_language"),
    ],
)
def test_what_is_not_quite_a_consent_is_refused_by_its_field_and_never_lost(build, content, field):
    reply = asked(build(HMAC, TOKEN_CONSENT="true"), content)
    assert reply.status_code == 400
    error = reply.get_json()["error"]
    assert (error["code"], error["field"]) == ("invalid_field", field)


def test_the_agent_that_is_sent_ahead_is_told_as_well(build):
    from join_token.grants import decide_grant
    from join_token.request import parse_token_request

    settings = settings_from(BASE_ENV | HMAC | {"TOKEN_CONSENT": "true"})
    grant = decide_grant(parse_token_request(json.dumps(GIVEN).encode(), takes_consent=True), "0123", settings)
    assert read_outside_consent(grant.dispatch_metadata(0, ahead=True)).given is not None
