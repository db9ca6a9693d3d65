"""The first clause goes to the voice on its own, once, and never a fragment that is too short to be spoken alone."""

import asyncio

import pytest
from livekit.agents import FlushSentinel

from worker.reply.first_clause import MIN_CHARACTERS, flush_after_first_clause


def flushed(*pieces):
    """The pieces as they come out, a flush shown as a bar."""

    async def scenario():
        async def given():
            for piece in pieces:
                yield piece

        return ["|" if isinstance(piece, FlushSentinel) else piece async for piece in flush_after_first_clause(given())]

    return asyncio.run(scenario())


@pytest.mark.parametrize("mark", list(",.;:!?।،…—"))
def test_a_clause_is_sent_at_its_mark(mark):
    assert flushed(f"Your order has left{mark}", " It comes", " today.") == [
        f"Your order has left{mark}", "|", " It comes", " today.",
    ]  # fmt: skip


def test_a_clause_whose_space_comes_with_its_mark_is_sent_at_once():
    assert flushed("Your order ", "has left. ", "It comes ") == ["Your order ", "has left. ", "|", "It comes "]


def test_only_the_first_one():
    assert flushed("Your order has left,", " as of today,", " and comes tomorrow,", " too.").count("|") == 1


def test_a_short_beginning_waits_for_more():
    short = "Yes,"
    assert len(short) < MIN_CHARACTERS
    assert flushed(short, " your order", " has left,", " today.") == [
        short, " your order", " has left,", "|", " today.",
    ]  # fmt: skip


def test_a_mark_inside_a_number_is_no_end():
    """The next piece does not begin with a space: "1," of "1,250" would be spoken as a number of its own."""
    assert "|" not in flushed("It costs you 1,", "250 rupees")


def test_what_comes_after_a_flush_of_somebody_else_is_counted_anew():
    assert flushed("One moment please,", FlushSentinel(), " so", " it is") == [
        "One moment please,",
        "|",
        " so",
        " it is",
    ]


def test_an_answer_in_one_piece_is_passed_on_as_it_is():
    assert flushed("It has left, and comes today.") == ["It has left, and comes today."]
