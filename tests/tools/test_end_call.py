"""Tests that a caller hears one goodbye, whoever says it."""

import contextlib
from types import SimpleNamespace

import pytest
from livekit.agents import llm

from worker.hearing.farewells import ends_with_goodbye
from worker.reply.worded_calls import WordedCalls
from worker.tools.end_call import end_call

pytestmark = pytest.mark.asyncio


def chunk(words=None, call_id=None):
    calls = [llm.FunctionToolCall(name="end_call", arguments="{}", call_id=call_id)] if call_id else []
    return llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=words, tool_calls=calls))


async def answer(*chunks):
    for each in chunks:
        yield each


class Line:
    """The call as a tool sees it."""

    def __init__(self, worded):
        self.settings = SimpleNamespace(tool_seconds=1.0)
        self.has_words, self.said_goodbye_before = worded.__contains__, worded.is_behind_goodbye
        self.ends = []

    def end(self, reason, phrase=None, *, goodbye_is_heard=False):
        self.ends.append((reason, phrase))
        self.goodbye_is_heard = goodbye_is_heard


@contextlib.asynccontextmanager
async def no_filler(*_, **__):
    yield


@pytest.mark.parametrize(
    ("chunks", "phrase"),
    [
        ([chunk(call_id="7")], "goodbye"),
        ([chunk(""), chunk(call_id="7")], "goodbye"),
        ([chunk("👋"), chunk(call_id="7")], "goodbye"),
        ([chunk("Bye"), chunk("!"), chunk(call_id="7")], None),
        ([chunk("Bye!", call_id="7")], None),
    ],
)
async def test_a_model_that_says_goodbye_itself_is_not_followed_by_a_second_one(chunks, phrase):
    worded = WordedCalls()
    audible = lambda words: any(map(str.isalnum, words))  # noqa: E731
    passed = [piece async for piece in worded.follow(answer(*chunks), audible)]
    assert passed == chunks

    line = Line(worded)
    ctx = SimpleNamespace(userdata=line, with_filler=no_filler, function_call=SimpleNamespace(call_id="7"))
    assert await end_call(ctx) is None
    assert line.ends == [("caller_said_goodbye", phrase)]


async def test_words_of_an_earlier_answer_do_not_count():
    worded = WordedCalls()
    for chunks in ([chunk("Hello.")], [chunk(call_id="7")]):
        async for _ in worded.follow(answer(*chunks), bool):
            pass
    assert "7" not in worded


@pytest.mark.parametrize(
    ("before", "turn", "phrase"),
    [
        ("Your order comes on Friday. Goodbye, have a lovely day.", 3, None),
        ("कॉल करने के लिए धन्यवाद। नमस्ते!", 3, None),
        ("One moment, let me look.", 3, "goodbye"),
        ("The time is five.", 3, "goodbye"),
        ("Goodbye, have a lovely day.", 2, "goodbye"),
    ],
)
async def test_a_goodbye_before_another_tool_is_not_followed_by_a_second_one(before, turn, phrase):
    """Pins "Goodbye, have a lovely day" beside a look-up, and behind it, with `end_call`, "Thank you. Goodbye!"."""
    worded = WordedCalls()
    told = {"audible": lambda words: any(map(str.isalnum, words)), "is_goodbye": ends_with_goodbye}
    for said, at in ((answer(chunk(before), chunk(call_id="6")), turn), (answer(chunk(call_id="7")), 3)):
        assert [piece async for piece in worded.follow(said, **told, turn=at)]

    line = Line(worded)
    ctx = SimpleNamespace(userdata=line, with_filler=no_filler, function_call=SimpleNamespace(call_id="7"))
    await end_call(ctx)
    assert line.ends == [("caller_said_goodbye", phrase)]
    assert line.goodbye_is_heard is (phrase is None), "else a second one makes up for it"
