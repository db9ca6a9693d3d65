"""One call's page: both sides, where the time went, what failed, what it cost; and what was said is text alone."""

import re
import sqlite3
from html.parser import HTMLParser

import pytest

from tests.console.seeded import NOON

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</span><iframe src=//x>",
    "{{ 7*7 }}",
    "{% raw %}",
    "javascript:alert(1)",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "</title><script>x</script>",
    "\u202eevil",
    "<a href='javascript:x'>y</a>",
    "`${1}`",
    "</script>",
    "<style>*{}</style>",
    "\x1b[31m",
]
PAGES = ("/", "/wrong?since=2026-11-01", "/numbers?month=2026-11", "/live")


class Seen(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.text += data


def seen(page):
    parser = Seen()
    parser.feed(page.text)
    return parser


def test_a_newcomer_can_say_what_was_wanted_what_it_took_and_what_it_cost(console, seed):
    call = seed(
        ("मेरा ऑर्डर कब आएगा", "आपका ऑर्डर कल आएगा।"),
        {
            "heard": "in English please",
            "reply": "Sure.",
            "reply_language": "en-IN",
            "language_reason": "wish",
            "interrupted": True,
            "stages_seconds": {"end_of_turn": 0.5, "llm": 1.25, "tts": 0.25},
        },
        faults=[{"code": "llm_timeout", "detail": "TimeoutError", "said": "One moment please."}],
        tools=[{"turn": 1, "name": "order_status", "outcome": "ok", "ms": 12, "arguments": {"order": "१२"}}],
        consents=[{"purpose": "words", "state": "given", "by": "voice", "language": "hi-IN", "turn": 1}],
        transfers=[{"outcome": "busy", "to": "+911140000000"}],
        agents=[{"generation": 1, "reason": "crashed"}],
        promises=[{"what": "sends the bill", "tool": "send_bill", "status": "not_done"}],
        summary="Asked for an order.",
        outcome={"intent": "order", "resolved": True},
        rupees=3.0,
        unpriced=["phone minutes"],
        number="+919876543210",
    )
    page = seen(console.get(f"/calls/{call}"))
    for text in (
        "मेरा ऑर्डर कब आएगा",
        "Asked for an order.",
        "sends the bill",
        "its tool did not run",
        "promised, but no tool did it",
        "order_status",
        "12 ms",
        '{"order": "१२"}',
        "llm_timeout",
        "One moment",
        "why: wish",
        "₹3.00",
        "₹1.50 a turn",
        "without phone minutes",
        "2.00 s from the last word to the answer",
        "model 1.25 s",
        "crashed",
        "busy",
        "The caller talked over this answer.",
        "given",
        "Hindi",
        "English",
        "1:00 min",
        "+919876543210",
        "said_goodbye",
    ):
        assert text in page.text, text
    assert page.tags.count("rect") == 6


@pytest.mark.parametrize(
    ("stages", "rects", "early"),
    [
        (
            {"end_of_turn": 0.75, "llm": 1.5, "tts": 0.75},
            [("end_of_turn", "0.0", "0", "25.0"), ("llm", "25.0", "6", "50.0"), ("tts", "75.0", "12", "25.0")],
            None,
        ),
        (
            {"end_of_turn": 0.6, "llm": 0.3, "tts": 0.3, "e2e": 1.5},
            [
                ("end_of_turn", "0.0", "0", "20.0"),
                ("rest", "20.0", "6", "10.0"),
                ("llm", "30.0", "12", "10.0"),
                ("tts", "40.0", "18", "10.0"),
            ],
            None,
        ),
        (
            {"end_of_turn": 0.9, "llm": 0.6, "tts": 0.3, "e2e": 1.2},
            [("end_of_turn", "0.0", "0", "30.0"), ("llm", "10.0", "6", "20.0"), ("tts", "30.0", "12", "10.0")],
            "0.60 s before the turn was over",
        ),
        (
            {"end_of_turn": 6.0, "llm": 3.0, "tts": 3.0},
            [("end_of_turn", "0.0", "0", "50.0"), ("llm", "50.0", "6", "25.0"), ("tts", "75.0", "12", "25.0")],
            None,
        ),
        ({"e2e": 1.0}, [], None),
        ({}, [], None),
    ],
)
def test_a_waterfall_says_where_the_time_went_and_what_was_begun_early(console, seed, stages, rects, early):
    page = console.get(f"/calls/{seed({'heard': 'hi', 'reply': 'hi', 'stages_seconds': stages})}").text
    drawn = re.findall(r'<rect class="stage-(\w+)" x="([\d.]+)" y="(\d+)" width="([\d.]+)"', page)
    assert drawn == rects
    assert ("before the turn was over" in page) is (early is not None)
    assert (early or "") in page


def attacked(attack, name):
    """A call in which everything that anybody outside has a hand in is an attack."""
    evil = attack.replace("\x1b", "")
    turn = {"heard": attack, "reply": attack, "heard_language": evil[:16], "reply_language": evil[:16]}
    return {
        "id": name,
        "said": [turn | {"language_reason": evil[:64]}],
        "room": attack,
        "caller": attack[:64],
        "number": attack,
        "faults": [{"code": attack[:64], "detail": attack, "said": attack}],
        "channel": attack[:8],
        "direction": attack[:3],
        "tools": [{"turn": 1, "name": attack, "outcome": attack[:32], "arguments": {attack: attack}}],
        "consents": [{"purpose": attack[:32], "state": attack[:16], "by": attack[:16], "reference": attack}],
        "transfers": [{"outcome": attack[:32], "to": attack}],
        "summary": attack,
        "outcome": {attack: attack},
        "recording": attack,
        "end_reason": attack[:64],
        "usage": {attack: {attack: 1}},
        "languages": [attack[:16]],
        "failed": True,
        "agents": [{"generation": 1, "reason": attack[:16]}],
    }


def test_what_callers_said_is_text_and_nothing_else(console, seed_many):
    """Everything of a record is attacked at once, on every page."""
    names = seed_many(*(attacked(attack, f"call-{index}") for index, attack in enumerate(ATTACKS)))
    for address in PAGES:
        holds_no_markup(seen(console.get(address)), address)
    for attack, name in zip(ATTACKS, names, strict=True):
        holds_no_markup(seen(console.get("/", params={"q": attack})), attack)
        page = seen(console.get(f"/calls/{name}"))
        holds_no_markup(page, attack)
        assert page.text.count(attack) >= 6, "a browser reads what was said, letter by letter"


def holds_no_markup(page, where):
    assert not {"iframe", "img", "style", "base", "object"} & set(page.tags), where
    scripts = [value for tag, name, value in page.attributes if tag == "script" and name == "src"]
    assert page.tags.count("script") == len(scripts), where
    assert all(source.startswith("/web/") for source in scripts), where
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"], where
    addresses = [value for _, name, value in page.attributes if name in ("href", "src", "action")]
    assert [value for value in addresses if not value.startswith(("/", "?", "#"))] == [], where


def test_an_id_that_is_none_is_not_repeated_as_markup(console):
    page = console.get("/calls/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert page.status_code == 404
    assert "<script>alert" not in page.text


def test_a_call_that_is_erased_while_it_is_open_is_said_to_be_gone(console, seed, database):
    call = seed(("hello", "hello"), recording="file:///x/y.ogg")
    assert console.get(f"/calls/{call}").status_code == 200
    with sqlite3.connect(database.removeprefix("sqlite+aiosqlite:///")) as connection:
        connection.execute("DELETE FROM calls")
    for address in (f"/calls/{call}", f"/calls/{call}/recording"):
        page = console.get(address)
        assert page.status_code == 404
        assert "it has been erased" in page.text


def test_every_look_at_words_is_written_down_before_they_are_shown(console, seed, database):
    call = seed(("hello", "hello"))
    console.get("/")
    console.get("/?q=hello")
    console.get(f"/calls/{call}")
    console.get("/export.jsonl")
    assert accesses(database) == [
        ("loopback", "search", call),
        ("loopback", "read", call),
        ("loopback", "export", call),
    ]


def test_words_that_cannot_be_noted_are_not_shown(opened, seed, database):
    call = seed(("my secret", "hello"))
    console = opened()
    with sqlite3.connect(database.removeprefix("sqlite+aiosqlite:///")) as connection:
        connection.execute("DROP TABLE access_log")
    page = console.get(f"/calls/{call}")
    assert page.status_code == 503
    assert "Who looks at words is written down first" in page.text
    assert "my secret" not in page.text


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite:////nowhere/calls.db", "postgresql+asyncpg://x:secret@127.0.0.1:1/x"]
)
@pytest.mark.parametrize("address", ["/", "/wrong", "/live", "/calls/x", "/numbers", "/?q=x"])
def test_a_database_that_is_gone_gets_a_clear_page(opened, url, address):
    page = opened(url=url).get(address)
    assert page.status_code == 503
    assert "The records cannot be read just now" in page.text
    assert page.headers["retry-after"] == "30"
    assert "secret" not in page.text


def test_the_console_reads_and_cannot_write(console, seed, database):
    seed()
    assert console.post("/").status_code == 405
    assert "Nothing can be changed from here" in console.delete("/calls/x").text


def accesses(database):
    with sqlite3.connect(database.removeprefix("sqlite+aiosqlite:///")) as connection:
        return connection.execute("SELECT who, action, call_id FROM access_log ORDER BY id").fetchall()


def test_each_line_says_where_in_the_recording_it_was_said(console, seed):
    call = seed(("x" * 14, "hello"), ("y" * 700, "hello"))
    spans = re.findall(
        r'class="line \w+" data-begins="([\d.]+)" data-ends="([\d.]+)"', console.get(f"/calls/{call}").text
    )
    assert spans == [("3.60", "4.60"), ("5.50", "6.00"), ("6.00", "9.60"), ("10.50", "11.00")]


def test_times_are_indias(console, seed):
    assert NOON.hour == 6
    call = seed()
    assert "2026-11-29 12:00:00" in console.get(f"/calls/{call}").text
