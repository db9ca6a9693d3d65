"""Rate limits: per caller and per address, bounded in memory, and not fooled by headers."""

from __future__ import annotations

import pytest
from join_token import limits
from join_token.errors import Refusal
from join_token.limits import RateLimit, address_of

from tests.token.environment import ANONYMOUS


def spent(limit, key, now, times):
    """How many of so many requests pass."""
    passed = 0
    for _ in range(times):
        try:
            limit.spend(key, now_seconds=now)
        except Refusal:
            continue
        passed += 1
    return passed


@pytest.mark.parametrize("per_minute", [1, 7, 10, 60, 300, 999])
def test_the_burst_is_as_large_as_the_rate(per_minute):
    assert spent(RateLimit(per_minute, "code"), "a", 5000.0, per_minute * 2) == per_minute


def test_the_bucket_refills_evenly():
    limit = RateLimit(60, "code")
    assert spent(limit, "a", 0.0, 100) == 60
    assert spent(limit, "a", 10.0, 100) == 10
    assert spent(limit, "a", 10.9, 100) == 0
    assert spent(limit, "a", 1000.0, 100) == 60


def test_one_key_does_not_spend_anothers():
    limit = RateLimit(1, "code")
    assert spent(limit, "a", 0.0, 2) == 1
    assert spent(limit, "b", 0.0, 2) == 1


def test_a_refusal_says_when_to_come_back_and_is_true():
    limit = RateLimit(2, "code")
    spent(limit, "a", 100.0, 2)
    with pytest.raises(Refusal) as caught:
        limit.spend("a", now_seconds=100.0)
    assert caught.value.headers == {"Retry-After": "30"}
    assert spent(limit, "a", 129.0, 1) == 0
    assert spent(limit, "a", 130.0, 1) == 1


def test_a_flood_of_addresses_costs_bounded_memory(monkeypatch):
    monkeypatch.setattr(limits, "_KEYS_MAX", 100)
    limit = RateLimit(5, "code")
    for number in range(1000):
        limit.spend(f"address-{number}", now_seconds=0.0)
    assert len(limit._full_at) <= 101
    limit.spend("later", now_seconds=10_000.0)
    limit.spend("later still", now_seconds=10_001.0)
    assert len(limit._full_at) <= 101


def test_buckets_that_are_full_again_are_forgotten():
    limit = RateLimit(60, "code")
    for number in range(50):
        limit.spend(f"address-{number}", now_seconds=0.0)
    for number in range(50):
        limit.spend("one", now_seconds=100.0 + number)
    assert len(limit._full_at) == 1


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ("203.0.113.7", 0, "10.0.0.1"),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 35.191.0.1", 2, "203.0.113.7"),
        ("203.0.113.7", 2, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
        (" , ,", 1, "10.0.0.1"),
        ("203.0.113.7:4711", 1, "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", 1, "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", 1, "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:4711", 1, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", 1, "fe80::/64"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
        ("unknown", 1, "unreadable"),
        ("x" * 5000, 1, "unreadable"),
        ("<script>", 1, "unreadable"),
    ],
)
def test_the_address_is_the_one_our_own_proxies_vouch_for(forwarded, hops, expected):
    """Pins: the leftmost element of X-Forwarded-For is whatever the caller wrote."""
    assert address_of(forwarded, "10.0.0.1", hops) == expected


def test_callers_behind_one_address_have_limits_of_their_own(build, issuer):
    client = build(issuer.env(), TOKEN_RATE_PER_CALLER="2")
    statuses = [
        client.post("/", headers=issuer.bearer(sub=sub)).status_code for sub in ("asha", "asha", "asha", "ravi")
    ]
    assert statuses == [201, 201, 429, 201]


def test_a_limited_caller_is_told_when_to_come_back(build, issuer):
    client = build(issuer.env(), TOKEN_RATE_PER_CALLER="1")
    client.post("/", headers=issuer.bearer())
    reply = client.post("/", headers=issuer.bearer())
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (429, "too_many_requests_from_caller")
    assert 1 <= int(reply.headers["Retry-After"]) <= 60


def test_an_address_is_limited_before_its_tokens_are_even_looked_at(build, issuer):
    client = build(issuer.env(), TOKEN_RATE_PER_ADDRESS="2")
    statuses = [client.post("/", headers={"Authorization": "Bearer guess"}).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


def test_a_forged_forwarded_header_does_not_make_a_new_address(build):
    client = build(ANONYMOUS, TOKEN_RATE_PER_ADDRESS="2", TOKEN_TRUSTED_PROXY_HOPS="1")
    statuses = [
        client.post("/", headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"}).status_code
        for number in range(3)
    ]
    assert statuses == [201, 201, 429]
    other = client.post("/", headers={"X-Forwarded-For": "203.0.113.8"})
    assert other.status_code == 201


def test_health_and_preflights_are_never_limited(build):
    client = build(ANONYMOUS, TOKEN_RATE_PER_ADDRESS="1")
    assert {client.get("/health").status_code for _ in range(5)} == {200}
    assert {client.options("/").status_code for _ in range(5)} == {204}


def test_whoever_scans_with_other_methods_is_limited_too(build):
    """Each such request was answered and logged without end."""
    client = build(TOKEN_RATE_PER_ADDRESS="5")
    statuses = [client.put("/admin").status_code for _ in range(7)]
    assert statuses == [405] * 5 + [429] * 2
