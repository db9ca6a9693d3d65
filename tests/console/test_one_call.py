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
PAGES = ("/", "/wrong?since=2026-11-01", "/calls/{}", "/numbers?month=2026-11", "/live", "/?")


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
        summary="Asked for an order.",
        outcome={"intent": "order", "resolved": True},
        rupees=3.0,
        number="+919876543210",
    )
    page = seen(console.get(f"/calls/{call}"))
    for text in (
        "मेरा ऑर्डर कब आएगा",
        "Asked for an order.",
        "order_status",
        "12 ms",
        '{"order": "१२"}',
        "llm_timeout",
        "One moment",
        "why: wish",
        "₹3.00",
        "₹1.50 a turn",
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


def test_a_waterfall_has_one_scale_and_ends_where_its_sum_ends(console, seed):
    call = seed({"heard": "hi", "reply": "hi", "stages_seconds": {"end_of_turn": 0.75, "llm": 1.5, "tts": 0.75}})
    rects = re.findall(
        r'<rect class="stage-(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"', console.get(f"/calls/{call}").text
    )
    assert rects == [("end_of_turn", "0.0", "25.0"), ("llm", "25.0", "50.0"), ("tts", "75.0", "25.0")]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_callers_said_is_text_and_nothing_else(console, seed, attack):
    """Everything of a record that anybody outside has a hand in is attacked at once, on every page."""
    evil = attack.replace("\x1b", "")
    call = seed(
        {
            "heard": attack,
            "reply": attack,
            "heard_language": evil[:16],
            "reply_language": evil[:16],
            "language_reason": evil[:64],
        },
        faults=[{"code": attack[:64], "detail": attack, "said": attack}],
        room=attack,
        caller=attack[:64],
        number=attack,
        tools=[{"turn": 1, "name": attack, "outcome": attack[:32], "arguments": {attack: attack}}],
        channel=attack[:8],
        consents=[{"purpose": attack[:32], "state": attack[:16], "by": attack[:16], "reference": attack}],
        transfers=[{"outcome": attack[:32], "to": attack}],
        summary=attack,
        outcome={attack: attack},
        recording=attack,
        end_reason=attack[:64],
        usage={attack: {attack: 1}},
        languages=[attack[:16]],
        failed=True,
        direction=attack[:3],
        agents=[{"generation": 1, "reason": attack[:16]}],
    )
    for address in PAGES:
        parsed = seen(console.get(address.format(call), params={"q": attack} if address == "/?" else None))
        assert not {"iframe", "img", "style", "base", "object"} & set(parsed.tags), address
        scripts = [value for tag, name, value in parsed.attributes if tag == "script" and name == "src"]
        assert parsed.tags.count("script") == len(scripts)
        assert all(source.startswith("/web/") for source in scripts)
        assert not [name for _, name, _ in parsed.attributes if name.startswith("on") or name == "style"]
        for _, name, value in parsed.attributes:
            if name in ("href", "src", "action"):
                assert value.startswith(("/", "?", "#")), (address, value)
        if address.startswith("/calls"):
            assert parsed.text.count(attack) >= 6, "a browser reads what was said, letter by letter"


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
