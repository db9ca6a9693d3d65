"""What a caller decided in an earlier call is found, with the bare drivers of either database."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from records.earlier_consent import Decision, decisions_of
from records.events import CallEvent, call_id_of
from records.writing import write_events
from worker.consent.earlier import decided_before, given_by
from worker.consent.rules import ConsentRules, Mode, Purpose

ASHA, BALA = "a" * 20, "b" * 20
BOTH = ConsentRules(Mode.ASKED, frozenset({Purpose.WORDS, Purpose.RECORDING}))


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def call_of(caller, at, *consents):
    call = call_id_of(f"{caller}{at}")
    yield CallEvent(call, 0, 0, "begun", at, {"caller": caller, "room": "room"})
    for number, (purpose, state, by, version) in enumerate(consents, start=1):
        about = {"purpose": purpose, "state": state, "by": by, "notice_version": version, "turn": 0}
        yield CallEvent(call, 0, number, "consent", at + number, about)


async def test_the_newest_decision_about_each_purpose_is_found_and_what_is_none_is_not(engine, url):
    await write_events(
        engine,
        [
            *call_of(ASHA, 1000.0, ("words", "given", "voice", "1"), ("recording", "given", "key", "1")),
            *call_of(ASHA, 2000.0, ("words", "withdrawn", "voice", "1")),
            *call_of(ASHA, 3000.0, ("recording", "refused", "silence", "2"), ("words", "unclear", "voice", "2")),
            *call_of(ASHA, 4000.0, ("words", "given", "earlier", "1"), ("recording", "given", "reference", "1")),
            *call_of(BALA, 5000.0, ("words", "given", "voice", "1")),
        ],
    )
    found = await decisions_of(url, ASHA, moment(0))
    assert {name: (each.state, each.notice_version) for name, each in found.items()} == {
        "words": ("withdrawn", "1"), "recording": ("given", "1"),
    }  # fmt: skip
    assert await decisions_of(url, ASHA, moment(2500)) == {}
    assert set(await decisions_of(url, ASHA, moment(1500))) == {"words"}
    assert await decisions_of(url, "c" * 20, moment(0)) == {}


def decided(**states):
    return {name: Decision("call-1", name, *about) for name, about in states.items()}


@pytest.mark.parametrize(
    ("decisions", "allowed"),
    [
        ({"words": ("given", "1"), "recording": ("given", "1")}, {"words", "recording"}),
        (
            {"words": ("given", "1"), "recording": ("refused", "1"), "improvement": ("given", "1")},
            {"words", "improvement"},
        ),
        ({"words": ("refused", "1"), "recording": ("withdrawn", "1")}, set()),
        ({"words": ("given", "1")}, None),
        ({"words": ("given", "1"), "recording": ("given", "2")}, None),
        ({}, None),
    ],
)
def test_decisions_count_only_where_all_that_is_asked_was_decided_to_one_notice(decisions, allowed):
    given = given_by(decided(**decisions), BOTH)
    if allowed is None:
        assert given is None
    else:
        assert (given.allowed, given.by, given.reference, given.notice_version) == (allowed, "earlier", "call-1", "1")


async def test_nobody_in_particular_no_days_and_a_database_that_is_away_are_asked(tmp_path, caplog):
    url = f"sqlite+aiosqlite:///{tmp_path}/none.db"
    assert await decided_before(url, 90, BOTH, None) is None
    assert await decided_before("", 90, BOTH, ASHA) is None
    assert await decided_before(url, 0, BOTH, ASHA) is None
    assert await decided_before(url, 90, BOTH, ASHA) is None
    (tmp_path / "none.db").write_bytes(b"no database" * 100)
    assert await decided_before(url, 90, BOTH, ASHA) is None
    assert "could not be looked up" in caplog.text


@pytest.mark.parametrize("module", ["worker.consent.earlier", "worker.phone.earlier_language"])
def test_a_calls_process_has_no_sqlalchemy_in_memory_for_it(module):
    code = f"import sys, {module}; print('sqlalchemy' in sys.modules, 'asyncpg' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
