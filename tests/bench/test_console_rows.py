"""The console's rows of `out/bench.json`: what their documents hold, and honest when there was no database."""

from bench.console import INSTALL, LIST_FILTERS, SEARCHES, documents, rows_of
from console.filters import filters_of
from records.search_words import spellings_of, words_of


def test_the_rows_are_those_that_were_promised_with_their_goals():
    rows = {row["name"]: row for row in rows_of([0.1] * 99, [0.6] * 99, [0.2])}
    assert {name: row["goal"]["value"] for name, row in rows.items()} == {
        "console_list_p95": 0.2, "console_search_p95": 0.5, "console_month_p95": 0.5,
    }  # fmt: skip
    assert [row["met"] for row in rows.values()] == [True, False, True]


def test_without_a_database_they_have_missed_and_say_why():
    assert [(row["n"], row["met"], row["why"]) for row in rows_of([], [], [], why=INSTALL)] == [(0, False, INSTALL)] * 3


def test_every_page_that_is_asked_for_is_one():
    for asked in LIST_FILTERS:
        pairs = [part.split("=") for part in asked.format(middle="2026-11-01").split("&") if part]
        assert len(filters_of(pairs).given) == len(pairs)


def test_what_is_searched_for_is_rare_common_and_in_letters_of_others():
    said = [set(text.split()) for text in documents(2000)]

    def share(words):
        wanted = [set(spellings_of(word)) for word in words_of(words)]
        return sum(all(spelt & document for spelt in wanted) for document in said) / len(said)

    shares = {words: share(words) for words in SEARCHES if "*" not in words}
    assert shares["order"] == shares["ऑर्डर"] > 0.5
    assert 0 < shares["rare17word"] < 0.02
    assert shares["nothinglikeit"] == 0
    assert shares["order refund"] > 0.1
