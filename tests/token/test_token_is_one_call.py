"""What the worker is told with each token, so that one token is one call and one caller a bounded number of them."""

from __future__ import annotations

import json
import time

import pytest

from tests.token.claims import agent_of, claims_of
from tests.token.environment import ANONYMOUS, HMAC, HMAC_SECRET_NEXT
from tests.token.test_token_hmac import signed


def told(reply):
    """The dispatch metadata in the token of a reply."""
    assert reply.status_code == 201
    return agent_of(claims_of(reply))[1]


def test_the_worker_learns_when_a_token_was_made_and_for_whom(build, issuer):
    """Pins: a token said neither, so the worker could refuse none, and one sign-in was calls without end."""
    metadata = told(build(issuer.env()).post("/", headers=issuer.bearer()))
    assert set(metadata) == {"at", "caller"}
    assert metadata["at"] == pytest.approx(time.time(), abs=5)
    assert isinstance(metadata["at"], int)


def test_the_fingerprint_is_the_callers_and_not_the_callers_name(build, issuer):
    client = build(issuer.env())
    first, again, other = (
        told(client.post("/", headers=issuer.bearer(sub=subject)))["caller"]
        for subject in ("+919876543210", "+919876543210", "ravi")
    )
    assert first == again != other
    assert "9876543210" not in first


def test_an_anonymous_caller_is_nobody_in_particular(build):
    assert told(build(ANONYMOUS).post("/"))["caller"] == ""


def test_a_backends_users_are_told_apart_by_the_identities_that_it_signs(build):
    """Pins: else all of a backend's users together would be one caller, who may have two calls at once."""
    client = build({**HMAC, "TOKEN_CLIENT_FIELDS": "participant_identity"})

    def caller(user, nonce, **key):
        body = json.dumps({"participant_identity": user}).encode()
        headers = signed(body=body, nonce=nonce, **key)
        return told(client.post("/", data=body, content_type="application/json", headers=headers))["caller"]

    asha, again, ravi = (caller(user, f"nonce-{n}-0123456789") for n, user in enumerate(("asha", "asha", "ravi")))
    assert asha == again != ravi
    assert caller("asha", "nonce-3-0123456789", key="next", secret=HMAC_SECRET_NEXT) not in (asha, ravi)
    assert caller("", "nonce-4-0123456789") == ""


def test_six_tokens_a_minute_are_enough_for_one_caller(build, issuer, monkeypatch):
    """Pins: the default of 60 let one sign-in take every line of a deployment within a minute."""
    from tests.token import environment

    monkeypatch.delitem(environment.BASE_ENV, "TOKEN_RATE_PER_CALLER")
    client = build(issuer.env())
    statuses = [client.post("/", headers=issuer.bearer()).status_code for _ in range(8)]
    assert statuses == [201] * 6 + [429] * 2
