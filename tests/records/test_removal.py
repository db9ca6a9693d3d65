"""What was kept long enough goes, kind by kind; whom somebody erases is in no byte of database, spool and files."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from sqlalchemy.engine import make_url

from records.engine import without_transaction, writing
from records.erasure import erase
from records.events import CallEvent, call_id_of
from records.numbers import stats
from records.purging import purge
from records.reading import CallFilter, read_record
from records.removal import CALLS
from records.retention import DEFAULT, Retention, read_retention
from records.schema import Access, OutboxMessage
from records.shipping import Shipper
from records.spool import SpoolWriter
from records.writing import write_events

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ASHA, RAVI = "a5ha0000fingerprint0", "rav10000fingerprint0"
SAID, ANSWERED, NUMBER, ARGUMENT = "pinkelephants", "greengiraffes", "+919876543210", "order4521x"
SUMMARY, OUTBOX, ROOM = "bluewhales", "yellowyaks", "call-_+919876543210_x7"
SECRETS = (ASHA, SAID, ANSWERED, NUMBER, ARGUMENT, SUMMARY, OUTBOX)


def call_of(caller, number, *, days_ago=0.0, marked=True):
    """One call's events; `marked` ones say what is searched for afterwards."""
    call, at = call_id_of(f"RM_{caller}_{number}"), (NOW - timedelta(days=days_ago)).timestamp()
    mark = (lambda text: text) if marked else (lambda text: f"other {len(text)}")
    told = [
        ("begun", {"room": mark(ROOM), "channel": "phone", "direction": "in", "caller": caller,
                   "number": mark(NUMBER), "words_kept": True}),
        ("answered", {}),
        ("heard", {"turn": 1, "heard": mark(SAID)}),
        ("tool", {"turn": 1, "name": "order_status", "outcome": "ok", "ms": 5, "arguments": {"id": mark(ARGUMENT)}}),
        ("replied", {"turn": 1, "reply": mark(ANSWERED), "reply_language": "en-IN"}),
        ("usage", {"usage": {"stt:m": {"audio_duration": 1.0}}, "rupees": 0.25}),
        ("outcome", {"summary": mark(SUMMARY), "outcome": {"intent": mark(SUMMARY)}, "status": "done"}),
        ("ended", {"reason": "goodbye", "failed": False}),
    ]  # fmt: skip
    return call, [CallEvent(call, 0, n, kind, at + n, about) for n, (kind, about) in enumerate(told)]


async def keep(engine, caller, number, *, recording=None, **options):
    call, events = call_of(caller, number, **options)
    await write_events(engine, events)
    async with writing(engine) as connection:
        waiting = {
            "id": f"msg_{call}", "call_id": call, "kind": "call.outcome", "created_at": NOW, "next_try_at": NOW,
            "body": {"summary": OUTBOX if options.get("marked", True) else "other"},
        }  # fmt: skip
        await connection.execute(insert(OutboxMessage), [waiting])
        if recording is not None:
            await connection.execute(update(CALLS).where(CALLS.c.id == call).values(recording=recording))
    return call


async def record_of(engine, call):
    async with engine.connect() as connection:
        return await read_record(connection, call)


def bytes_of(folder, skip=()):
    """Every byte of every file below a folder."""
    files = (path for path in Path(folder).rglob("*") if path.is_file() and not set(path.parts) & set(skip))
    return b"\n".join(path.read_bytes() for path in files)


async def database_bytes(engine, url, request):
    """Every byte of the database's own files; PostgreSQL's write-ahead log is overwritten in time (docs/records.md)."""
    if engine.dialect.name == "sqlite":
        return bytes_of(Path(make_url(url).database).parent)
    async with engine.connect() as connection:
        await connection.exec_driver_sql("CHECKPOINT")
    return bytes_of(request.getfixturevalue("postgres").data, skip=("pg_wal",))


async def test_erasing_a_caller_leaves_no_byte(engine, url, tmp_path, request):
    recording = tmp_path / "sound" / "call.ogg"
    recording.parent.mkdir()
    recording.write_bytes(SAID.encode())
    spool = tmp_path / "spool"
    kept = await keep(engine, RAVI, 0, marked=False)
    erased = [await keep(engine, ASHA, number, recording=f"file://{recording}") for number in range(12)]
    waiting, told = call_of(ASHA, "in the spool")
    writer = SpoolWriter(spool, waiting, 0, 1_000_000)
    for event in told[:4]:
        writer.append(event.kind, event.about)
    async with writing(engine) as connection:
        look = {"at": NOW, "who": "meera", "action": "search", "call_id": erased[0], "detail": f"caller {ASHA}"}
        await connection.execute(insert(Access), [look])
    async with without_transaction(engine) as connection:
        await connection.exec_driver_sql("ANALYZE")  # as PostgreSQL does by itself: it keeps samples of values
    while sum(path.read_bytes().count(b"\n") for path in spool.glob("*.jsonl")) < 4:
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.01)
    found = await database_bytes(engine, url, request) + bytes_of(spool)
    assert all(secret.encode() in found for secret in SECRETS)

    receipt = await erase(engine, ASHA, spool, NOW)

    assert (receipt.calls, receipt.recordings, receipt.spooled_files, receipt.not_erased) == (12, 12, 1, [])
    assert ASHA not in json.dumps(receipt.as_dict())
    for event in told[4:]:
        writer.append(event.kind, event.about)  # the call goes on, and is told to a tombstone
    writer.close()
    await Shipper(engine, spool).ship()
    found = await database_bytes(engine, url, request) + bytes_of(tmp_path)
    assert [secret for secret in SECRETS if secret.encode() in found] == []
    assert (await record_of(engine, kept))["caller"] == RAVI
    async with engine.connect() as connection:
        numbers = await stats(connection, CallFilter())
    assert (numbers["calls"], numbers["rupees"]) == (13, 3.25)  # sums stay


async def test_erasing_again_finds_nothing_and_says_so(engine, tmp_path):
    await keep(engine, ASHA, 1)
    await erase(engine, ASHA, tmp_path / "spool", NOW)
    again = await erase(engine, ASHA, tmp_path / "spool", NOW)
    assert (again.calls, again.recordings, again.spooled_files, again.not_erased) == (0, 0, 0, [])


async def test_a_legal_hold_wins_over_erasure_and_purge(engine, tmp_path):
    held, other = await keep(engine, ASHA, 1, days_ago=900), await keep(engine, ASHA, 2, days_ago=900)
    async with writing(engine) as connection:
        await connection.execute(update(CALLS).where(CALLS.c.id == held).values(legal_hold="court 12/2026"))
    receipt = await erase(engine, ASHA, tmp_path / "spool", NOW)
    await purge(engine, Retention(words=1, recordings=1, records=1, access=1), NOW)
    assert (receipt.calls, receipt.held) == (1, 1)
    assert (await record_of(engine, held))["turns"][0]["heard"] == SAID
    assert await record_of(engine, other) is None


async def test_a_recording_that_cannot_be_removed_keeps_its_call_and_is_said(engine, tmp_path):
    """Or nobody would know any more where it lies."""
    (tmp_path / "a folder").mkdir()
    call = await keep(engine, ASHA, 1, recording=f"file://{tmp_path}/a%20folder")
    receipt = await erase(engine, ASHA, tmp_path / "spool", NOW)
    assert receipt.calls == 0
    assert "run this again" in receipt.not_erased[0]
    (tmp_path / "a folder").rmdir()
    receipt = await erase(engine, ASHA, tmp_path / "spool", NOW)
    assert (receipt.calls, receipt.not_erased) == (1, [])
    assert await record_of(engine, call) is None


async def test_each_kind_is_kept_as_long_as_its_own_number_of_days_says(engine, tmp_path):
    sound = tmp_path / "parts"
    sound.mkdir()
    (sound / "0.ogg").write_bytes(b"sound")
    ages = {days: await keep(engine, ASHA, days, days_ago=days) for days in (1, 40, 400)}
    with_sound = await keep(engine, ASHA, "sound", days_ago=20, recording=f"file://{sound}/")
    purged = await purge(engine, read_retention("words=30,recordings=10,records=365"), NOW)
    assert (purged.words, purged.recordings, purged.records) == (2, 1, 1)
    new, middle, old = [await record_of(engine, ages[days]) for days in (1, 40, 400)]
    assert new["turns"][0]["heard"] == SAID
    assert middle["turns"][0]["heard"] is None
    for key in ("number", "summary", "outcome"):
        assert (new[key] is None, middle[key] is None) == (False, True)
    assert middle["room"] == ""  # it had the number in it
    assert middle["turns"][0]["tools"][0]["arguments"] is None
    assert middle["rupees"] == 0.25
    assert old is None
    assert (await record_of(engine, with_sound))["recording"] is None
    assert not sound.exists()
    async with engine.connect() as connection:
        assert (await stats(connection, CallFilter()))["calls"] == 4
    again = await purge(engine, read_retention(""), NOW)
    assert not any(again.as_dict().values())


async def test_words_that_a_caller_agreed_to_only_later_are_purged_too(engine):
    call, events = call_of(ASHA, 1, days_ago=40)
    begun = CallEvent(call, 0, 0, "begun", events[0].at, events[0].about | {"words_kept": False})
    await write_events(engine, [begun, events[2]])
    assert (await purge(engine, Retention(words=30), NOW)).words == 1
    assert (await record_of(engine, call))["turns"][0]["heard"] is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", Retention(30, 30, 365, 365)),
        ("words=0", Retention(0, 30, 365, 365)),
        (" records = 1095 , words = never ", Retention(None, 30, 1095, 365)),
        (DEFAULT, Retention(30, 30, 365, 365)),
    ],
)
def test_a_kind_that_is_not_named_has_its_default(text, days):
    assert read_retention(text) == days


@pytest.mark.parametrize(
    "text", ["30", "word=30", "words", "words=-1", "words=1.5", "words=forever", "words=٣", "words=999999"]
)
def test_what_is_no_retention_is_refused_with_what_would_be_right(text):
    with pytest.raises(ValueError, match=r"kinds are words, recordings, records|no number of days"):
        read_retention(text)
