"""A second try at speaking goes on where the first broke off, and a second answer does not repeat the first."""

import asyncio

from tests.jumping_clock import run
from worker.reply.resume import SPOKEN_CHARACTERS_PER_SECOND, ResumableAnswer, ResumableText

REPLY = ["Your order left today. ", "It comes tomorrow. ", "Is there anything else?"]


async def words(parts):
    for part in parts:
        yield part


def read(parts, heard_seconds):
    """What is left to say of `parts` after so much audio."""

    async def scenario():
        script = ResumableText(words(parts))
        await script.all()
        left = "".join([part async for part in script.after(heard_seconds)])
        over = script.spoken_after(heard_seconds)
        await script.aclose()
        return left, over

    return run(scenario())


def seconds_of(text):
    return len(text) / SPOKEN_CHARACTERS_PER_SECOND


def test_nothing_heard_is_everything_to_say():
    assert read(REPLY, 0.0) == ("".join(REPLY), False)


def test_a_sentence_that_broke_off_is_said_again_from_its_beginning():
    heard = seconds_of("Your order left today. It comes to")
    assert read(REPLY, heard) == (" It comes tomorrow. Is there anything else?", False)


def test_all_heard_is_nothing_to_say():
    assert read(REPLY, 60.0)[1] is True


def test_marks_alone_are_nothing_to_say():
    assert read(["Done.", " …"], seconds_of("Done.") + 0.01)[1] is True


def test_a_danda_ends_a_sentence_too():
    left, _ = read(["ठीक है। आपका ऑर्डर आज आएगा।"], seconds_of("ठीक है। आपका"))
    assert left == " आपका ऑर्डर आज आएगा।"


def test_words_that_come_later_are_read_by_both_tries():
    async def scenario():
        more = asyncio.Event()

        async def slowly():
            yield "One. "
            await more.wait()
            yield "Two."

        script = ResumableText(slowly())
        assert await script.first() == "One. "
        assert script.spoken_after(60.0) is False  # there is more to come
        reading = asyncio.create_task(_all(script.after(0.0)))
        more.set()
        assert await reading == "One. Two."
        assert await _all(script.after(0.0)) == "One. Two."
        await script.aclose()

    run(scenario())


def test_a_reply_without_words_has_no_first_one():
    async def scenario():
        script = ResumableText(words([]))
        assert await script.first() is None
        await script.aclose()

    run(scenario())


async def _all(parts):
    return "".join([part async for part in parts])


def passed_on(*tries):
    """What a caller's voice gets of several tries at one answer."""

    async def scenario():
        resumed = ResumableAnswer()
        got = []
        for pieces in tries:
            got.append("".join([piece async for piece in resumed.continue_with(words(pieces))]))
        return got

    return run(scenario())


def test_a_second_try_with_the_same_words_goes_on_where_the_first_broke_off():
    assert passed_on(["It comes ", "tomo"], ["It comes", " tomorrow."]) == ["It comes tomo", "rrow."]


def test_a_second_try_in_other_words_is_heard_whole():
    assert passed_on(["It comes"], ["Tomorrow it arrives."]) == ["It comes", "Tomorrow it arrives."]


def test_a_second_try_that_breaks_off_earlier_adds_nothing():
    assert passed_on(["It comes tomorrow"], ["It comes"], ["It comes tomorrow, at noon."]) == [
        "It comes tomorrow", "", ", at noon.",
    ]  # fmt: skip
