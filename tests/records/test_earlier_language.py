"""The language of a returning caller's last call is found, with the bare drivers of either database."""

from __future__ import annotations

import asyncio

from records.earlier_language import language_of
from records.events import CallEvent, call_id_of
from records.writing import write_events
from worker.phone import earlier_language
from worker.phone.earlier_language import spoken_before

ASHA, BALA = "a" * 20, "b" * 20


def call_of(caller, at, *languages):
    call = call_id_of(f"{caller}{at}")
    yield CallEvent(call, 0, 0, "begun", at, {"caller": caller, "room": "room"})
    for number, language in enumerate(languages, start=1):
        yield CallEvent(call, 0, 2 * number, "heard", at + number, {"turn": number})
        about = {"turn": number, "reply_language": language}
        yield CallEvent(call, 0, 2 * number + 1, "replied", at + number, about)


async def test_what_the_newest_call_with_a_turn_ended_in_is_found(engine, url):
    await write_events(
        engine,
        [
            *call_of(ASHA, 1000.0, "ta-IN", "ta-IN"),
            *call_of(ASHA, 2000.0, "en-IN", "hi-IN"),
            *call_of(ASHA, 3000.0),
            *call_of(BALA, 4000.0, "mr-IN"),
        ],
    )
    assert await language_of(url, ASHA) == await spoken_before(url, ASHA) == "hi-IN"
    assert await language_of(url, "c" * 20) is None


async def test_nobody_in_particular_and_a_database_that_is_away_or_slow_know_nothing(tmp_path, caplog, monkeypatch):
    url = f"sqlite+aiosqlite:///{tmp_path}/none.db"
    assert await spoken_before("", ASHA) is None
    assert await spoken_before(url, None) is None
    assert await spoken_before(url, ASHA) is None
    assert not caplog.text
    (tmp_path / "none.db").write_bytes(b"no database" * 100)
    assert await spoken_before(url, ASHA) is None
    assert "could not be looked up" in caplog.text

    async def never(url, caller):
        await asyncio.Event().wait()

    monkeypatch.setattr(earlier_language, "language_of", never)
    monkeypatch.setattr(earlier_language, "LONGEST_SECONDS", 0.01)
    assert await spoken_before(url, ASHA) is None
