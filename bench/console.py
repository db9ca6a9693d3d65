"""How long somebody waits for the console's pages with a million calls in PostgreSQL: lists, searches, a month.

    python -m bench.console [--calls 1000000]

Starts a PostgreSQL of its own, fills it by SQL with calls of eight turns over a month, and asks for every page as a
browser does, each filter alone, page after page.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient

from bench.figures import percentile
from bench.rows import Row, row
from console.app import console_app
from console.filters import INDIA
from console.settings import settings_from
from records.engine import new_engine, upgrade
from records.search_words import searchable
from sandbox.stack.postgres import BINARIES, INSTALL, NOTHING_LASTS, running_postgres

CALLS, QUICK_CALLS, TURNS = 1_000_000, 20_000, 8
PAGES_DEEP = 5
ROUNDS = 3
SERVER = (
    NOTHING_LASTS, "synchronous_commit=off", "shared_buffers=512MB", "maintenance_work_mem=256MB", "max_wal_size=4GB",
)  # fmt: skip
WORDS = (
    "order", "बिल", "payment", "कब", "पैसे", "refund", "डिलीवरी", "நன்றி", "பணம்", "எப்போது", "account", "balance", "नमस्ते",
    "ticket", "cancel", "ఎప్పుడు", "ఆర్డర్", "address", "number", "thank", "you", "please", "मेरा", "मुझे", "चाहिए", "hello",
)  # fmt: skip
RARE_WORDS = 3_000
"""Each in one document of some hundreds."""
DOCUMENTS = 20_000
"""What calls say; several calls say the same."""
LIST_FILTERS = (
    "", "language=hi-IN", "language=od-IN", "channel=phone", "direction=out", "outcome=resolved", "outcome=unresolved",
    "outcome=failed", "outcome=unanswered", "outcome=unknown", "caller=caller-77", "ended=busy", "fault=llm_timeout",
    "fault=tts_rejected", "longer=120", "longer=297", "shorter=5", "slower=2", "slower=7.99",
    "dearer=3", "dearer=9.999",
    "since={middle}", "since={middle}&until={middle}",
)  # fmt: skip
SEARCHES = (
    "order", "ऑर्डर", "bill", "paise", "order refund", "நன்றி பணம்", "nanri", "rare17word", "rare2999word order", "ord*",
    "nothinglikeit", "eppudu", "please thank you hello ticket",
)  # fmt: skip


def documents(count: int = DOCUMENTS) -> list[str]:
    """What is said in calls, spelt for finding: common words in many, rare ones in few. The same in every run."""
    chance = random.Random(23)
    said = []
    for _ in range(count):
        common = [word for place, word in enumerate(WORDS) if chance.random() < 1 / (1 + place / 4)]
        said.append(searchable([*common, *(f"rare{chance.randrange(RARE_WORDS)}word" for _ in range(20))]))
    return said


FILL_CALLS = """
INSERT INTO calls (id, room, channel, direction, caller, started_at, answered_at, ended_at, last_event_at,
    end_reason, failed, language, languages, turn_count, fault_count, usage, rupees, words_kept, outcome,
    length_seconds, latency_seconds, slowest_seconds, attention, attention_reasons)
SELECT md5(n::text), 'room', CASE WHEN n % 3 = 0 THEN 'phone' ELSE 'page' END,
    CASE WHEN n % 50 = 0 THEN 'out' ELSE 'in' END,
    'caller-' || (n * 7919) % 50000, at, CASE WHEN n % 97 = 0 THEN NULL ELSE at + interval '0.5 s' END,
    at + interval '1 s' * (3 + n % 297), at, CASE WHEN n % 211 = 0 THEN 'busy' ELSE 'said_goodbye' END, n % 89 = 0,
    CASE WHEN n % 1009 = 0 THEN 'od-IN' ELSE 'hi-IN' END,
    CASE WHEN n % 1009 = 0 THEN '["od-IN"]' WHEN n % 3 = 0 THEN '["hi-IN", "en-IN"]' ELSE '["hi-IN"]' END::jsonb, 8,
    CASE WHEN n % 20 = 0 THEN 1 ELSE 0 END, '{}', (n * 7907) % 10000 / 1000.0, true,
    CASE WHEN n % 5 = 0 THEN NULL ELSE jsonb_build_object('resolved', n % 7 <> 0, 'intent', 'order') END, 3 + n % 297,
    0.8 + n % 10 / 10.0, 1 + (n * 7901) % 7000 / 1000.0, CASE WHEN n % 31 = 0 THEN 20 + n % 80 ELSE 0 END, '["slow"]'
FROM (
    SELECT n, $1::timestamptz - interval '30 days' * n / $2::float AS at FROM generate_series(1::bigint, $2::int) AS n
) AS numbered
"""
FILL_TURNS = """
INSERT INTO turns (call_id, generation, number, at, heard, reply, reply_language, heard_language, stages_seconds,
    replied_at)
SELECT calls.id, 0, nth, started_at + interval '1 s' * nth, 'what was said in this turn', 'and what was answered',
    language, language, jsonb_build_object('end_of_turn', 0.4, 'llm', 0.2, 'tts', 0.2, 'e2e', 0.7 + nth / 10.0),
    started_at
FROM calls, generate_series(1, $1::int) AS nth
"""
FILL_FAULTS = """
INSERT INTO faults (call_id, generation, sequence, at, code)
SELECT id, 0, 1, started_at, CASE WHEN rupees < 0.05 THEN 'tts_rejected' ELSE 'llm_timeout' END FROM calls
WHERE fault_count > 0
"""
FILL_WORDS = """
INSERT INTO call_words (call_id, spellings)
SELECT id, said.spellings FROM (SELECT id, row_number() OVER () AS n FROM calls) AS numbered
JOIN (SELECT spellings, ordinality AS number FROM unnest($1::text[]) WITH ORDINALITY AS each(spellings, ordinality)) AS
    said
    ON said.number = 1 + n % $2::int
"""


async def fill(url: str, calls: int, say: Callable[[str], None]) -> None:
    """Put the calls into the database, and let it look at them once, as it does by itself."""
    engine = new_engine(url)
    await upgrade(engine)
    said = documents()
    steps: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
        ("calls", FILL_CALLS, (datetime.now(UTC), calls)), ("turns", FILL_TURNS, (TURNS,)), ("faults", FILL_FAULTS, ()),
        ("words", FILL_WORDS, (said, len(said))), ("statistics", "VACUUM ANALYZE", ()),
    )  # fmt: skip
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        for name, statement, values in steps:
            started_at = time.monotonic()
            await driver.execute(statement, *values, timeout=3600)
            say(f"{name}: {time.monotonic() - started_at:.0f} s")
    await engine.dispose()


class Visitor:
    """Somebody who opens pages and waits for each."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.slowest: list[tuple[float, str]] = []

    def seconds_of(self, address: str) -> float:
        """How long a page takes, from the request to its last byte."""
        return self._page(address)[0]

    def deep(self, address: str) -> list[float]:
        """How long the pages of a list take, one after another."""
        waited = []
        wanted: str | None = address
        for _ in range(PAGES_DEEP):
            if wanted is None:
                break
            seconds, text = self._page(wanted)
            waited.append(seconds)
            older = re.search(r'rel="next" href="([^"]+)"', text)
            wanted = older[1].replace("&amp;", "&") if older else None
        return waited

    def _page(self, address: str) -> tuple[float, str]:
        started_at = time.perf_counter()
        page = self._client.get(address)
        seconds = time.perf_counter() - started_at
        if page.status_code != 200:
            raise RuntimeError(f"{address}: {page.status_code}")
        self.slowest.append((seconds, address[:60]))
        return seconds, page.text


def measure(quick: bool, say: Callable[[str], None], calls: int | None = None) -> list[Row]:
    """Fill a database, ask for the pages, and make rows of how long they took."""
    if not BINARIES:
        return rows_of([], [], [], why=INSTALL)
    with running_postgres(*SERVER) as server:
        asyncio.run(fill(server.url(), calls or (QUICK_CALLS if quick else CALLS), say))
        return _visited(server.url(), say)


def _visited(url: str, say: Callable[[str], None]) -> list[Row]:
    middle = datetime.now(INDIA).replace(day=1).date().isoformat()
    settings = settings_from({"CONSOLE_RECORDS_URL": url})
    with TestClient(console_app(settings), base_url="http://127.0.0.1") as client:
        visitor = Visitor(client)
        visitor.seconds_of("/")  # connects, and compiles the templates
        lists = [each for asked in LIST_FILTERS * ROUNDS for each in visitor.deep("/?" + asked.format(middle=middle))]
        searches = [each for words in SEARCHES * ROUNDS for each in visitor.deep(f"/?q={words}")]
        for seconds, address in sorted(visitor.slowest, reverse=True)[:8]:
            say(f"slow: {seconds:.3f} s {address}")
        started_at = time.monotonic()
        while "still being counted" in client.get("/numbers").text:
            pass
        say(f"the month was counted for the first time in {time.monotonic() - started_at:.1f} s")
        months = [visitor.seconds_of("/numbers") for _ in range(20)]
    return rows_of(lists, searches, months)


def rows_of(lists: list[float], searches: list[float], months: list[float], why: str = "") -> list[Row]:
    """The rows of `out/bench.json`."""

    def within(name: str, waited: list[float], seconds: float) -> Row:
        values = {"vaani": percentile(waited, 0.95)}
        return row(name, "seconds", len(waited), values, {"kind": "at_most", "value": seconds}, why_empty=why)

    return [
        within("console_list_p95", lists, 0.2),
        within("console_search_p95", searches, 0.5),
        within("console_month_p95", months, 0.5),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.console")
    parser.add_argument("--calls", type=int, default=CALLS)
    wanted = parser.parse_args()
    for made in measure(False, lambda line: print(line, flush=True), wanted.calls):
        print(made)
