"""A caller chooses a language by key or by word; who speaks of something else has not chosen."""

import asyncio

import pytest

from tests.jumping_clock import run, wait
from worker.phone.menu import LanguageMenu, Other

CHOICES = {"1": "en-IN", "2": "hi-IN", "3": "ta-IN"}


class Line:
    """A line of the menu that takes two seconds to say, unless somebody speaks into it."""

    def __init__(self):
        self.interrupted = False
        self.over = asyncio.Event()
        asyncio.get_running_loop().call_later(2, self.over.set)

    async def wait_for_playout(self):
        await self.over.wait()

    def interrupt(self):
        self.interrupted = True
        self.over.set()


def asked(*acts):
    """What the caller chooses, and which lines they heard, when these things happen second by second."""

    async def scenario():
        said, lines = [], []

        def say(language, key):
            said.append((key, language))
            lines.append(Line())
            return lines[-1]

        menu = LanguageMenu(CHOICES, 5.0, say)

        async def act():
            for each in acts:
                await wait(1)
                each(menu, lines)

        acting = asyncio.create_task(act())
        answer = await menu.ask()
        await acting
        assert not menu.is_open
        return answer, said

    return run(scenario())


def press(key):
    return lambda menu, lines: menu.press(key)


def hear(text):
    return lambda menu, lines: (lines[-1].interrupt(), menu.hear(text))


def test_a_key_chooses_and_the_rest_is_not_said():
    assert asked(press("2")) == ("hi-IN", [("1", "en-IN")])


def test_a_word_chooses_as_a_key_does():
    assert asked(hear("हिंदी"))[0] == "hi-IN"


def test_a_key_that_is_none_of_the_choices_chooses_nothing():
    answer, said = asked(press("9"), press("#"))
    assert answer is Other.NOTHING
    assert said == [("1", "en-IN"), ("2", "hi-IN"), ("3", "ta-IN")]


def test_who_begins_to_speak_of_what_they_call_for_is_answered_and_asked_no_more():
    assert asked(hear("mera order kahan hai bhaiya do din ho gaye"))[0] is Other.SPEAKS


def test_who_speaks_over_the_menu_is_not_talked_over_by_its_next_line():
    assert asked(lambda menu, lines: lines[-1].interrupt())[1] == [("1", "en-IN")]


def test_a_second_choice_comes_too_late():
    assert asked(lambda menu, lines: (menu.press("2"), menu.press("3")))[0] == "hi-IN"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hindi", "hi-IN"), ("हिंदी", "hi-IN"), ("हिन्दी में।", "hi-IN"), ("English please", "en-IN"), ("தமிழ்", "ta-IN"),
        ("தமிழில் பேசுங்கள்", "ta-IN"), ("one", "en-IN"), ("press two", "hi-IN"), ("2", "hi-IN"), ("दो", "hi-IN"),
        ("तीन", "ta-IN"), ("do", "hi-IN"), ("3.", "ta-IN"), ("hindi mein baat kijiye", "hi-IN"), ("", None),
        ("four", None),
        ("Hindi or English", None), ("Telugu", None), ("what do I do", None), ("my order is late by two days", None),
        ("hello", None), ("haan", None),
    ],
)  # fmt: skip
def test_a_few_words_name_a_choice_or_none(text, language):
    assert LanguageMenu(CHOICES, 5.0, lambda language, key: None).named(text) == language
