"""The sixty-six calls again, through all that keeps or sends anything: every byte stored and sent is searched."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.consent.fake_call import ASKED
from tests.consent.whole_call import REPLY, WholeCall, bytes_of, holds, loud, new_database, ship
from tests.jumping_clock import one_clock, run, wait
from tests.recording.decoded import parts_in, samples_of
from worker.languages import SUPPORTED
from worker.recording.channel import RATE_HZ

SAID = tomllib.loads((Path(__file__).parent / "said.toml").read_text(encoding="utf-8"))
BEHAVIOURS = ("yes", "no", "silence", "later", "over", "withdraws")
BEFORE, AFTER = "zanzibar begins", "kilimanjaro ends"
"""Words of the caller's that nothing else in a call holds."""


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch):
    one_clock(monkeypatch, 1_764_400_000.0)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "calls.db"
    asyncio.run(new_database(path))
    return path


@pytest.fixture
def folder(tmp_path, empty_database):
    """Where everything of one call is kept."""
    shutil.copyfile(empty_database, tmp_path / "calls.db")
    return tmp_path


async def one_call(folder, language, behaviour):
    """Lead one call to its end, with two turns in it."""
    call, words = WholeCall(folder, ASKED, language), SAID[language]
    opening = asyncio.create_task(call.consent.dialogue.open())
    if behaviour == "over":
        await wait(0.5)
        await call.caller_says(f"{words['over'][0]} {BEFORE}")
    elif behaviour != "silence":
        await call.until_asked()
        await wait(0.3)
        await call.caller_says(words["yes" if behaviour in ("yes", "withdraws") else behaviour][0])
    await opening
    call.agreed_at = asyncio.get_running_loop().time()
    await wait(1.0)
    await call.caller_says(f"{words['matter']} {BEFORE}")
    await wait(9.0)  # a part of the recording is full
    if behaviour == "withdraws":
        call.kept_meanwhile = holds(bytes_of(folder), BEFORE)
        await call.caller_says(words["withdraws"][0])
        await wait(5.0)
    await call.caller_says(f"{words['matter']} {AFTER}")
    await wait(2.0)
    await call.hang_up()
    return call


def call_of(folder, language, behaviour, caplog):
    """The call, everything that it stored, everything that it sent to the room, and its log."""
    caplog.set_level(logging.DEBUG, logger="vaani")
    call = run(one_call(folder, language, behaviour))
    asyncio.run(ship(folder))
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []
    return call, bytes_of(folder), call.room.sent, [str(vars(record)) for record in caplog.records]


def proof_of(folder):
    with sqlite3.connect(f"file:{folder}/calls.db?mode=ro", uri=True) as database:
        rows = database.execute('SELECT purpose, state, "by", language, notice_version, turn, at FROM consents')
        return sorted(rows.fetchall())


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("behaviour", [each for each in BEHAVIOURS if each not in ("yes", "withdraws")])
def test_without_a_yes_no_word_and_no_frame_is_stored_or_sent(language, behaviour, folder, caplog):
    _, stored, sent, logged = call_of(folder, language, behaviour, caplog)
    for words in (BEFORE, AFTER, SAID[language]["matter"], REPLY.partition(":")[0]):
        for place, found in (("stored", stored), ("sent", sent), ("logged", logged)):
            assert not holds(found, words), (place, words)
    assert parts_in(folder) == []
    assert list((folder / "sound").rglob("*")) == []
    states = {(purpose, state) for purpose, state, *_ in proof_of(folder)}
    assert states in ({(p, s) for p in ("words", "recording")} for s in ("refused", "unclear"))
    assert any('"vaani.kept": "nothing"' in each for each in sent)


@pytest.mark.parametrize("language", SUPPORTED)
def test_with_a_yes_what_came_after_it_is_kept_and_nothing_from_before(language, folder, caplog):
    call, stored, sent, logged = call_of(folder, language, "yes", caplog)
    for words in (BEFORE, AFTER):
        for place, found in (("stored", stored), ("sent", sent), ("logged", logged)):
            assert holds(found, words), (place, words)
    caller, agent = np.concatenate([samples_of(part) for part in parts_in(folder)], axis=1)
    assert loud(caller)
    assert loud(agent)
    first_name = min(path.name for path in folder.rglob("*.ogg"))
    began_at = int(first_name.split("-")[2].removesuffix(".ogg")) / 1000 - 1_764_400_000
    assert began_at == pytest.approx(call.agreed_at, abs=0.05)
    assert not loud(caller[: RATE_HZ // 2])  # the yes itself is over
    proof = proof_of(folder)
    version = call.notices.versions[language]
    assert [row[:6] for row in proof] == [
        (purpose, "given", "voice", language, version, 0) for purpose in ("recording", "words")
    ]
    assert all(row[6] for row in proof)


@pytest.mark.parametrize("language", SUPPORTED)
def test_a_withdrawal_leaves_no_byte_of_what_was_kept(language, folder, caplog):
    call, stored, sent, logged = call_of(folder, language, "withdraws", caplog)
    assert call.kept_meanwhile  # else there was nothing to erase
    for words in (BEFORE, AFTER, SAID[language]["withdraws"][0], REPLY.partition(":")[0]):
        assert not holds(stored, words), words
    for found in (sent, logged):
        assert not holds(found, AFTER)
    assert parts_in(folder) == []
    assert {(purpose, state, by) for purpose, state, by, *_ in proof_of(folder)} == {
        (purpose, *what) for purpose in ("words", "recording") for what in (("given", "voice"), ("withdrawn", "voice"))
    }
    assert call.said[-1] == "consent_withdrawn"
