"""Lists of calls: every filter is in the address, pages go on by signed places, words are found in any letters."""

import re
from functools import partial

import pytest

from console.reading.calls import page_of_calls

HREF = re.compile(r'href="/calls/(call-\d+)"')


def calls_on(page):
    return HREF.findall(page.text)


def test_an_empty_database_says_what_to_do(console):
    page = console.get("/")
    assert page.status_code == 200
    assert "No call yet" in page.text


THREE = (
    {
        "said": [("मेरा ऑर्डर कब आएगा", "आपका ऑर्डर कल आएगा।")],
        "languages": ["hi-IN", "ta-IN"],
        "caller": "aa11",
        "outcome": {"resolved": True, "intent": "order"},
    },
    {
        "said": [{"heard": "where is my refund", "reply": "Wait.", "stages_seconds": {"end_of_turn": 1.0, "llm": 4.0}}],
        "languages": ["en-IN"],
        "channel": "phone",
        "minutes": 1440,
        "direction": "out",
        "caller": "bb22",
        "outcome": {"resolved": False},
        "rupees": 9.0,
        "faults": [{"code": "llm_timeout"}],
        "end_reason": "hung_up",
    },
    {
        "languages": ["ta-IN"],
        "minutes": 2880,
        "answered_at": None,
        "ended_at": None,
        "end_reason": None,
        "channel": "app",
        "failed": True,
        "rupees": None,
    },
)
"""Calls that differ in everything that can be asked for."""
FILTERS = [
    ("", "321"),
    ("language=ta-IN", "31"),
    ("language=en-IN", "2"),
    ("language=bn-IN", ""),
    ("channel=phone", "2"),
    ("channel=app", "3"),
    ("direction=out", "2"),
    ("caller=aa11", "1"),
    ("outcome=resolved", "1"),
    ("outcome=unresolved", "2"),
    ("outcome=unknown", ""),
    ("outcome=failed", "3"),
    ("since=2026-11-30", "32"),
    ("until=2026-11-29", "1"),
    ("since=2026-11-30&until=2026-11-30", "2"),
    ("since=2026-11-29T12:00", "321"),
    ("since=2026-11-29T12:01", "32"),
    ("longer=59", "21"),
    ("longer=61", ""),
    ("shorter=60", "21"),
    ("slower=3", "2"),
    ("dearer=2", "2"),
    ("dearer=1.5", "21"),
    ("fault=llm_timeout", "2"),
    ("fault=llm", ""),
    ("ended=hung_up", "2"),
    ("language=ta-IN&channel=app", "3"),
    ("language=&channel=", "321"),
    ("q=ऑर्डर", "1"),
    ("q=order", "1"),
    ("q=ordar", "1"),
    ("q=order+kab", "1"),
    ("q=order+refund", ""),
    ("q=REFUND", "2"),
    ("q=रिफंड", "2"),
    ("q=ref*", "2"),
    ("q=ref", ""),
    ("q=%25", ""),
    ("q=_efund", ""),
    ("q='", ""),
    ("q=refund&channel=page", ""),
]
"""What an address asks for, and the numbers of the calls that it finds."""


@pytest.fixture
def three(seed_many):
    return seed_many(*THREE)


@pytest.mark.parametrize(("asked", "found"), FILTERS)
def test_every_filter_finds_the_calls_that_are_meant(console, three, asked, found):
    page = console.get(f"/?{asked}")
    assert page.status_code == 200
    assert calls_on(page) == [three[int(number) - 1] for number in found]


@pytest.mark.parametrize(("asked", "found"), [each for each in FILTERS if each[0].startswith("q=")])
@pytest.mark.parametrize("newest", [0, 1])
def test_words_are_found_in_older_calls_than_those_that_are_looked_through_first(
    console, three, asked, found, newest, monkeypatch
):
    monkeypatch.setattr("console.reading.calls.NEWEST_CALLS", newest)
    assert calls_on(console.get(f"/?{asked}")) == [three[int(number) - 1] for number in found]


@pytest.mark.parametrize("newest", [3, 100])
def test_pages_of_a_search_follow_one_another_whichever_way_they_are_found(console, seed_many, newest, monkeypatch):
    """The newest calls fill the first pages, the index the last ones: none twice, none left out."""
    monkeypatch.setattr("console.reading.calls.NEWEST_CALLS", newest)
    monkeypatch.setattr("console.pages.calls.page_of_calls", partial(page_of_calls, limit=2))
    seeded = seed_many(
        *({"said": [("refund" if number % 3 else "order", "yes")], "minutes": number // 2} for number in range(12))
    )
    found, address = [], "/?q=refund"
    while address:
        page = console.get(address)
        found += calls_on(page)
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = older and older[1].replace("&amp;", "&")
    assert found == [seeded[number] for number in reversed(range(12)) if number % 3]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/?colour=red", "no filter called “colour”"),
        ("/?channel=fax", "“fax” is no value"),
        ("/?longer=nan", "“nan” is no value"),
        ("/?longer=-1", "is no value"),
        ("/?since=yesterday", "is no value"),
        ("/?since=0001-01-01", "is no value"),
        ("/?channel=page&channel=phone", "stands twice"),
        ("/?fault=%00", "no value"),
        ("/?q=" + "x" * 201, "no value"),
        ("/?after=AAAA", "was not made by this console"),
        ("/?after=%F0", "not made by"),
        ("/wrong?after=AAAA", "no filter called “after”"),
        ("/calls/nobody", "no such call"),
        ("/calls/", "no such page"),
        ("/numbers?month=2026-13", "is no month"),
        ("/numbers?day=1", "no filter called “day”"),
        ("/made/up", "no such page"),
        ("/calls/call-0001?x=1", "no filter called “x”"),
    ],
)
def test_an_address_that_is_made_up_gets_a_page_that_says_what_to_do(console, address, said):
    page = console.get(address)
    assert page.status_code in (400, 404)
    assert said in page.text
    assert "text/html" in page.headers["content-type"]


def test_pages_have_every_call_once_and_the_filters_go_with_them(console, seed_many):
    ids = seed_many(*({"minutes": number // 2, "channel": "phone"} for number in range(120)), {"channel": "app"})[:120]
    seen, address = [], "/?channel=phone"
    while address:
        page = console.get(address)
        seen += calls_on(page)
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = older[1].replace("&amp;", "&") if older else None
    assert seen == ids[::-1]


def test_a_cursor_of_another_view_or_of_another_key_is_no_cursor(opened, seed_many):
    seed_many(*({"minutes": number} for number in range(51)))
    first, second = opened(), opened(CONSOLE_CURSOR_SECRET="s" * 32)
    cursor = re.search(r"after=([\w-]+)", first.get("/?channel=page").text)[1]
    assert first.get(f"/?channel=page&after={cursor}").status_code == 200
    assert second.get(f"/?channel=page&after={cursor}").status_code == 400
    assert first.get(f"/?after={cursor}").status_code == 400
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    assert first.get(f"/?channel=page&after={flipped}").status_code == 400


def test_what_went_wrong_is_ranked_with_its_reasons(console, seed_many):
    question = ("where is my order now please", "I do not know.")
    fine, repeated, unanswered, slow = seed_many(
        {"said": [("hello there", "Hello.")]},
        {"said": [question, question]},
        {"answered_at": None},
        {"said": [{"heard": "hi", "reply": "hi", "stages_seconds": {"llm": 5.0}}]},
    )
    page = console.get("/wrong?since=2026-11-01")
    assert calls_on(page) == [unanswered, repeated, slow]
    for reason in ("left without an answer", "asked the same again", "slow answers"):
        assert reason in page.text
    assert fine not in page.text
