"""A month's numbers add up, calls that go on are told within two seconds, exports are whole and flat."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from console.database import Records
from console.filters import filters_of
from console.interface import LANGUAGES, TEXTS
from console.live_calls import LiveCalls
from console.ogg import joined
from console.pages.recording import span_of
from console.reading.numbers import Numbers, numbers_of_day, quantile, total
from console.rollup import RollUp
from tests.console.seeded import NOON, Seed
from tests.console.test_ogg import part


async def test_a_days_numbers_are_those_of_its_calls(database, seed_many_async):
    await seed_many_async(
        {
            "said": [("a b c", "x"), ("d", "y")],
            "outcome": {"resolved": True},
            "rupees": 2.0,
            "faults": [{"code": "llm_x"}],
        },
        {"said": [("e", "z")], "outcome": {"resolved": False}, "rupees": None, "answered_at": None, "minutes": 1},
        {
            "end_reason": "busy",
            "failed": True,
            "faults": [{"code": "stt_closed"}, {"code": "llm_y"}],
            "minutes": 2,
        },
        {
            "end_reason": "budget",
            "rupees": None,
            "faults": [{"code": "budget_day", "said": "tomorrow"}],
            "minutes": 3,
        },
        {"minutes": 1440},
    )
    records = Records(database)
    async with records.reading() as connection:
        numbers = await numbers_of_day(connection, date(2026, 11, 29))
        assert (await numbers_of_day(connection, date(2026, 11, 28))).calls == 0
    await records.aclose()
    assert (numbers.calls, numbers.answered, numbers.failed, numbers.turned_away) == (4, 3, 1, 2)
    assert (numbers.resolved, numbers.unresolved) == (1, 1)
    assert numbers.faults == Counter(llm=2, stt=1)
    assert numbers.languages == Counter({"hi-IN": 3})
    assert numbers.latency_median_seconds == pytest.approx(0.9)
    assert numbers.greeting_median_seconds == pytest.approx(1.0)
    assert numbers.rupees_a_call == pytest.approx(1.75)
    assert numbers.rupees_a_minute == pytest.approx(3.5 / 2)


def test_days_add_up_to_a_months_median():
    days = [Numbers(calls=1, latency_steps=Counter({step: 1})) for step in range(1, 101)]
    month = total(days)
    assert month.calls == 100
    assert month.latency_median_seconds == pytest.approx(2.5)
    assert month.latency_p95_seconds == pytest.approx(4.75)
    assert quantile(Counter(), 0.5) is None


async def test_a_day_is_counted_once_and_today_again(database, seed_many_async):
    clock, now = [0.0], datetime(2026, 11, 30, 6, tzinfo=UTC)
    records = Records(database)
    roll_up = RollUp(records, now=lambda: now, monotonic_seconds=lambda: clock[0])
    assert [day.day.day for day in await roll_up.month(2026, 11)] == list(range(1, 31))
    await seed_many_async({"minutes": 0}, {"minutes": 1440})
    numbers = {day.day.day: day.numbers.calls for day in await roll_up.month(2026, 11)}
    assert (numbers[29], numbers[30]) == (0, 0)
    clock[0] += 31
    numbers = {day.day.day: day.numbers.calls for day in await roll_up.month(2026, 11)}
    assert (numbers[29], numbers[30]) == (0, 1)
    clock[0] += 3600
    assert (await roll_up.month(2026, 11))[28].numbers.calls == 1
    await roll_up.aclose()
    await records.aclose()


def test_the_numbers_page_has_a_table_behind_every_plot(console, seed):
    seed(("hello", "hello"))
    page = console.get("/numbers?month=2026-11")
    assert page.text.count('class="card plot"') == 3
    assert 'data-day="2026-11-29"' in page.text
    assert "data-day" not in console.get("/numbers?month=2099-01").text


@pytest.fixture
def seed_many_async(database):
    """Writes calls from within a test that awaits."""

    async def write(*calls):
        async with Seed(database) as seeding:
            return [await seeding.call(*fields.pop("said", ()), **fields) for fields in map(dict, calls)]

    return write


async def test_calls_that_go_on_are_told_without_their_words_and_so_is_their_end(database, seed_many_async):
    now = datetime.now(UTC)
    open_call = {"started_at": now, "last_event_at": now, "ended_at": None, "end_reason": None}
    records = Records(database)
    live_calls = LiveCalls(records, look_seconds=0.01)
    states = live_calls.states()
    assert (await anext(states))["calls"] == []
    await seed_many_async(open_call | {"said": [{"heard": "my secret", "replied_at": None}], "id": "live-1"})
    state = await anext(states)
    assert [(call["id"], call["state"], call["turns"]) for call in state["calls"]] == [("live-1", "answering", 1)]
    assert "secret" not in json.dumps(state)
    await seed_many_async(
        open_call | {"id": "old", "started_at": now - timedelta(hours=3), "last_event_at": now - timedelta(hours=2)},
        open_call | {"id": "live-2", "answered_at": None},
    )
    state = await anext(states)
    assert {call["id"]: call["state"] for call in state["calls"]} == {"live-1": "answering", "live-2": "ringing"}
    await states.aclose()
    await live_calls.aclose()
    await records.aclose()


async def test_a_database_that_is_gone_is_a_state_of_the_live_list():
    records = Records("sqlite+aiosqlite:////nowhere/calls.db")
    live_calls = LiveCalls(records, look_seconds=0.01)
    states = live_calls.states()
    assert (await anext(states))["problem"] == "database_gone"
    await states.aclose()
    await live_calls.aclose()
    await records.aclose()


def test_exports_have_every_call_that_is_meant_once(console, seed_many):
    ids = seed_many(*({"minutes": number // 2, "channel": "phone"} for number in range(420)), {"channel": "app"})[:420]
    lines = console.get("/export.jsonl?channel=phone").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids[::-1]
    rows = list(csv.DictReader(io.StringIO(console.get("/export.csv?channel=phone").text)))
    assert [row["id"] for row in rows] == ids[::-1]


def test_no_cell_of_an_exported_table_is_a_formula(console, seed):
    seed(("=1+1", "+x"), summary="=HYPERLINK(1)", caller="@x", end_reason="-1", outcome={"resolved": True})
    row = next(csv.DictReader(io.StringIO(console.get("/export.csv").text)))
    assert [value for value in row.values() if value[:1] in tuple("=+-@\t\r")] == []
    assert row["said"] == "caller: =1+1\nagent: +x"


@pytest.mark.parametrize(
    ("wanted", "span"),
    [
        (None, (0, 99)),
        ("bytes=0-", (0, 99)),
        ("bytes=10-19", (10, 19)),
        ("bytes=90-200", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        ("bytes=100-", None),
        ("bytes=20-10", None),
        ("bytes=-", None),
        ("bytes=-0", None),
        ("bytes=0-1,5-6", (0, 99)),
        ("items=0-1", (0, 99)),
        ("", (0, 99)),
        ("bytes=" + "9" * 40 + "-", (0, 99)),
    ],
)
def test_a_part_of_a_recording_is_what_was_asked_for(wanted, span):
    assert span_of(wanted, 100) == span


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    (folder / "parts").mkdir(parents=True)
    (folder / "a.ogg").write_bytes(bytes(range(200)))
    (folder / "parts" / "0001.ogg").write_bytes(b"one")
    (folder / "parts" / "0002.ogg").write_bytes(b"two")
    (tmp_path / "outside.ogg").write_bytes(b"outside")
    return folder


def test_a_recording_is_sent_in_the_parts_that_a_player_asks_for(opened, seed, recordings, database):
    console = opened(CONSOLE_RECORDINGS_URL=f"file://{recordings}")
    call = seed(recording=f"file://{recordings}/a.ogg")
    whole = console.get(f"/calls/{call}/recording")
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, bytes(range(200)), "audio/ogg")
    part = console.get(f"/calls/{call}/recording", headers={"Range": "bytes=10-12"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"\n\x0b\x0c", "bytes 10-12/200")
    beyond = console.get(f"/calls/{call}/recording", headers={"Range": "bytes=200-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */200")
    assert f'src="/calls/{call}/recording"' in console.get(f"/calls/{call}").text
    parts = seed(recording=f"file://{recordings}/parts/", id="parts")
    assert console.get(f"/calls/{parts}/recording").content == b"onetwo"
    assert console.get(f"/calls/{parts}/recording", headers={"Range": "bytes=2-4"}).content == b"etw"


def test_a_recording_in_parts_is_sent_as_one_stream(opened, seed, recordings):
    sounds = [part(0.5, 300), part(0.5, 600)]
    for number, sound in enumerate(sounds):
        (recordings / "parts" / f"{number + 1:04}.ogg").write_bytes(sound)
    call = seed(recording=f"file://{recordings}/parts/")
    console = opened(CONSOLE_RECORDINGS_URL=f"file://{recordings}")
    whole = console.get(f"/calls/{call}/recording").content
    assert whole == joined(sounds)
    assert console.get(f"/calls/{call}/recording", headers={"Range": "bytes=-9"}).content == whole[-9:]


def test_lines_are_placed_from_where_the_recording_began(opened, seed, recordings):
    begun_seconds_later = 2
    began_ms = round((NOON.timestamp() + begun_seconds_later) * 1000)
    (recordings / "named").mkdir()
    (recordings / "named" / f"000-00000-{began_ms}.ogg").write_bytes(b"sound")
    call = seed(("x" * 14, "hello"), recording=f"file://{recordings}/named/")
    page = opened(CONSOLE_RECORDINGS_URL=f"file://{recordings}").get(f"/calls/{call}").text
    assert 'class="line caller" data-begins="1.60" data-ends="2.60"' in page


@pytest.mark.parametrize(
    "where", ["../outside.ogg", "%2e%2e/outside.ogg", "b.ogg", "", "/", "a.ogg/../../outside.ogg", "x.html"]
)
def test_nothing_else_is_sent_as_a_recording(opened, seed, recordings, where):
    console = opened(CONSOLE_RECORDINGS_URL=f"file://{recordings}")
    for url in (f"file://{recordings}/{where}", f"file:///etc/{where or 'passwd'}", f"s3://other/{where}"):
        call = seed(recording=url, id=f"call-{hash(url) % 10_000}")
        assert "No recording." in console.get(f"/calls/{call}").text
        page = console.get(f"/calls/{call}/recording")
        assert page.status_code == 404
        assert "outside" not in page.text


def test_both_interfaces_say_everything():
    def shape(group):
        return {
            name: shape(value) if isinstance(value, dict) else sorted(p.split("}")[0] for p in value.split("{")[1:])
            for name, value in group.items()
        }

    assert shape(TEXTS["en"]._texts) == shape(TEXTS["hi"]._texts)
    assert all(TEXTS[language]("title") for language in LANGUAGES)


def test_the_interface_is_the_browsers_until_another_is_chosen_and_that_is_kept(console):
    assert '<html lang="hi">' in console.get("/", headers={"Accept-Language": "hi-IN,en;q=0.5"}).text
    assert '<html lang="en">' in console.get("/", headers={"Accept-Language": "fr"}).text
    page = console.get("/?channel=phone&interface=hi")
    assert "HttpOnly" in page.headers["set-cookie"]
    assert "छाँटें" in page.text
    assert '<html lang="hi">' in console.get("/").text
    assert "interface=en" in console.get("/?channel=phone").text
    assert 'href="?channel=phone&amp;interface=en"' in console.get("/?channel=phone").text


def test_filters_are_written_back_as_they_were_read():
    asked = "since=2026-11-29&channel=phone&longer=1.5&q=%E0%A4%B6"
    assert filters_of(parse_qsl(asked)).address == asked
