"""A caller who takes consent back is forgotten, in whichever order and however late that is told; the proof stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import update

from records.engine import new_engine, upgrade, writing
from records.events import CallEvent, call_id_of, read_line, without_words
from records.reading import read_record
from records.schema import Call
from records.shipping import Shipper
from records.spool import SpoolWriter
from records.writing import write_events

CALL = call_id_of("RM_withdrawn")
SECRET = "my-card-is-4111"  # a word that nothing else here holds
WITHDRAWN = {
    "purpose": "words",
    "state": "withdrawn",
    "by": "voice",
    "language": "en-IN",
    "notice_version": "1",
    "turn": 1,
}
TOLD = [
    ("begun", {"room": "room", "channel": "page", "direction": "in", "number": f"+91{SECRET}"}),
    ("heard", {"turn": 1, "heard": f"{SECRET} ठीक है"}),
    ("tool", {"turn": 1, "name": "look", "outcome": "ok", "ms": 1, "arguments": {"said": SECRET}}),
    ("replied", {"turn": 1, "reply": f"You said {SECRET}", "reply_language": "en-IN"}),
    ("outcome", {"summary": f"about {SECRET}", "outcome": {"said": SECRET}}),
]


def all_bytes(folder):
    return b"".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())


def is_forgotten(record):
    (turn,) = record["turns"]
    return (
        turn["heard"] is turn["reply"] is record["summary"] is record["outcome"] is record["number"] is None
        and turn["tools"][0]["arguments"] is None
    )


@pytest_asyncio.fixture
async def sqlite_engine(tmp_path):
    opened = new_engine(f"sqlite+aiosqlite:///{tmp_path}/calls.db")
    await upgrade(opened)
    yield opened
    await opened.dispose()


async def record_of(engine):
    async with engine.connect() as connection:
        return await read_record(connection, CALL)


@pytest.mark.parametrize("shipped_before", [True, False])
async def test_what_was_said_is_in_no_file_any_more_while_the_call_still_goes_on(
    sqlite_engine, tmp_path, shipped_before
):
    engine, folder = sqlite_engine, tmp_path / "spool"
    writer, shipper = SpoolWriter(folder, CALL, 0, 1_000_000), Shipper(engine, folder)
    for kind, about in TOLD:
        writer.append(kind, about)
    if shipped_before:
        async with asyncio.timeout(20):
            while not (record := await shipped(shipper, engine)) or record["summary"] is None:
                await asyncio.to_thread(lambda: None)
        assert SECRET.encode() in all_bytes(tmp_path)
    writer.append("consent", WITHDRAWN)
    writer.forget_words()
    writer.append("heard", {"turn": 2, "heard": None})
    writer.close()
    await shipper.ship()
    record = await record_of(engine)
    assert SECRET.encode() not in all_bytes(tmp_path)
    assert is_forgotten(record | {"turns": record["turns"][:1]})
    assert [consent["state"] for consent in record["consents"]] == ["withdrawn"]
    assert len(record["turns"]) == 2


async def shipped(shipper, engine):
    await shipper.ship()
    return await record_of(engine)


async def test_words_that_are_told_after_the_withdrawal_was_are_forgotten_too(engine):
    events = [CallEvent(CALL, 0, n, kind, 1000.0 + n, about) for n, (kind, about) in enumerate(TOLD)]
    await write_events(engine, [CallEvent(CALL, 1, 0, "consent", 2000.0, WITHDRAWN)])
    await write_events(engine, events)
    assert is_forgotten(await record_of(engine))


async def test_a_refusal_forgets_nothing_and_a_legal_hold_is_stronger(engine):
    events = [CallEvent(CALL, 0, n, kind, 1000.0 + n, about) for n, (kind, about) in enumerate(TOLD)]
    await write_events(engine, [*events, CallEvent(CALL, 0, 8, "consent", 1100.0, WITHDRAWN | {"state": "refused"})])
    assert not is_forgotten(await record_of(engine))
    async with writing(engine) as connection:
        await connection.execute(update(Call).values(legal_hold="case 7"))
    await write_events(engine, [CallEvent(CALL, 0, 9, "consent", 1200.0, WITHDRAWN)])
    assert not is_forgotten(await record_of(engine))


@pytest.mark.parametrize(("kind", "about"), TOLD)
def test_a_line_without_words_is_as_long_as_it_was_and_the_same_event(kind, about):
    line = CallEvent(CALL, 0, 3, kind, 1000.5, about).as_line()
    redacted = without_words(line)
    assert len(redacted) == len(line)
    assert SECRET.encode() not in redacted
    assert read_line(redacted).kind == kind
    assert without_words(redacted) == redacted


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{", b'{"call": 1}\n', CallEvent(CALL, 0, 0, "ended", 1.0, {}).as_line()]
)
def test_any_other_line_is_left_alone(line):
    assert without_words(line) == line
