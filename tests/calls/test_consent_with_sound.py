"""Twenty-two calls with sound, two in each language: a yes that is taken back, and one of the four ways of no yes.

They are the night's (`make nightly`, or `pytest -m nightly tests/calls/test_consent_with_sound.py`): a quarter of an
hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sqlite3
import tomllib
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from sandbox.caller import CallPlan, Patience, Turn, place_call
from tests.calls.overheard import OverheardLine
from tests.consent.whole_call import bytes_of, holds
from worker.languages import SUPPORTED

pytestmark = [
    pytest.mark.calls, pytest.mark.nightly, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240),
]  # fmt: skip
SAID = tomllib.loads((Path(__file__).parents[1] / "consent" / "said.toml").read_text(encoding="utf-8"))
WITHOUT_A_YES = ("no", "silence", "later", "over")
BEFORE, AFTER = "zanzibar", "kilimanjaro"
"""Words of the caller's that nothing else in a call holds."""
RECORDED_SECONDS = 30
DNS_PORT = 53


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(stack, worker_with, tmp_path_factory):
    """The folder below which the worker of all these calls keeps everything, its log included."""
    folder = tmp_path_factory.mktemp("kept")
    settings = {
        "WORKER_CONSENT": "asked",
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{folder}/calls.db",
        "WORKER_RECORDS_WORDS": "true",
        "WORKER_RECORDS_SPOOL_DIR": str(folder / "spool"),
        "WORKER_LOG_PII": "true",
        "WORKER_RECORD": "on",
        "WORKER_RECORDINGS_URL": f"file://{folder}/sound",
    }
    async with worker_with("sounding", **settings) as worker:
        (folder / "worker.log").symlink_to(worker.log)
        yield folder


def rows_of(folder, query):
    with sqlite3.connect(f"file:{folder}/calls.db?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


async def until(true, seconds=RECORDED_SECONDS):
    """Wait for the worker to have told and done everything."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.2)


def addresses_of(worker):
    """Whom the worker's processes are connected to, beside this machine."""
    found = set()
    for process in (worker, *worker.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has just ended
            connected = [each.raddr for each in process.net_connections("inet") if each.raddr]
            found |= {address.ip for address in connected if address.port != DNS_PORT}  # names of STUN servers
    own = {address.address for each in psutil.net_if_addrs().values() for address in each}
    return {address for address in found - own if not ipaddress.ip_address(address).is_loopback}


async def phone_in(language, turns, sandbox, join, kept, before_turn=None):
    """Place one call; returns what reached the caller's client, and the proof in the call's record."""
    calls = len(rows_of(kept, "SELECT id FROM calls"))
    line, strangers = OverheardLine(join("sounding", {"language": language})), set()
    worker = psutil.Process(sandbox.processes["worker-sounding"].pid)

    async def look_around(index):
        if before_turn is not None:
            await before_turn(index)
        strangers.update(await asyncio.to_thread(addresses_of, worker))

    goodbye = Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True)
    result = await place_call(
        CallPlan(turns=(*turns, goodbye)), line=line, control=sandbox.control, before_turn=look_around,
        patience=Patience(call_seconds=150),
    )  # fmt: skip
    assert result.ended_by == "agent", result.errors
    assert strangers == set()
    ended = "SELECT count(*) FROM calls WHERE ended_at IS NOT NULL"
    await until(lambda: rows_of(kept, ended) == [(calls + 1,)])
    newest = "(SELECT id FROM calls ORDER BY started_at DESC LIMIT 1)"
    proof = rows_of(
        kept, f"SELECT state, \"by\" FROM consents WHERE purpose = 'words' AND call_id = {newest} ORDER BY at"
    )
    return line.everything, proof


def sound_in(folder):
    return [path for path in (folder / "sound").rglob("*") if path.is_file()]


@pytest.mark.parametrize("language", SUPPORTED)
async def test_a_yes_that_is_taken_back_by_voice_or_button_leaves_nothing(language, sandbox, join, kept):
    said, by_button = SAID[language], SUPPORTED.index(language) % 2 == 1
    withdraws = Turn("", button="withdraw") if by_button else Turn(said["withdraws"][0], language)
    turns = (
        Turn(said["yes"][0], language), Turn(f"{said['matter']} {BEFORE}", language), withdraws,
        Turn(f"{said['matter']} {AFTER}", language),
    )  # fmt: skip
    kept_meanwhile = []

    async def before_turn(index):
        if index == turns.index(withdraws):
            await until(lambda: holds(bytes_of(kept), BEFORE))
            kept_meanwhile.append(True)

    told, proof = await phone_in(language, turns, sandbox, join, kept, before_turn)
    assert kept_meanwhile == [True]
    assert proof == [("given", "voice"), ("withdrawn", "page" if by_button else "voice")]
    assert sound_in(kept) == []
    for words in (BEFORE, AFTER):
        assert not holds(bytes_of(kept), words), words
    assert holds(told, BEFORE)  # agreed to, so the room's transcript had it
    assert not holds(told, AFTER)


@pytest.mark.parametrize("language", SUPPORTED)
async def test_without_a_yes_nothing_is_stored_or_sent(language, sandbox, join, kept):
    said, how = SAID[language], WITHOUT_A_YES[SUPPORTED.index(language) % len(WITHOUT_A_YES)]
    matter = f"{said['matter']} {BEFORE}"
    turns = {
        "silence": (Turn(matter, language, wait_seconds=8.0),),
        "over": (Turn(f"{said['over'][0]} {AFTER}", language, barge_in_after_seconds=0.3), Turn(matter, language)),
    }.get(how) or (Turn(said[how][0], language), Turn(matter, language))
    told, proof = await phone_in(language, turns, sandbox, join, kept)
    assert {state for state, _ in proof} in ({"refused"}, {"unclear"}), (how, proof)
    assert sound_in(kept) == []
    for words in (BEFORE, AFTER):
        for place, found in (("stored", bytes_of(kept)), ("sent", told)):
            assert not holds(found, words), (how, place, words)
