"""Tests that a long call stays as cheap as a short one, and that the model still knows how it began."""

import asyncio
import contextlib

import pytest
from livekit.agents import APIConnectionError, llm

from worker.faults import REFUSED_KEY
from worker.providers.prices import PriceTable
from worker.reply.history import BYTES_PER_TOKEN, History, text_of, tokens_of
from worker.reply.summaries import LONGEST_SUMMARY_CHARACTERS, Summaries
from worker.settings import MoneySettings
from worker.tools.context import RESULT_LIMIT_CHARACTERS

pytestmark = pytest.mark.asyncio
TURNS_PER_MINUTE = 4
QUESTION = "मेरा ऑर्डर 4521 कहाँ है, और क्या मैं उसका पता बदल सकता हूँ? "
ANSWER = "आपका ऑर्डर शुक्रवार तक पहुँच जाएगा, और पता बदलने के लिए मुझे नया पिन कोड बता दीजिए। "
REFUSED = "filtered"


class Model:
    """Answers each request with the next of these; the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    @contextlib.asynccontextmanager
    async def chat(self, *, chat_ctx):
        self.asked.append(chat_ctx.copy())
        yield self._answer(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def _answer(self, answer):
        if isinstance(answer, Exception):
            raise answer
        extra = {REFUSED_KEY: REFUSED} if answer is REFUSED else None
        content = "" if answer is REFUSED else answer
        yield llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=content, extra=extra))
        yield llm.ChatChunk(id="1")


class Conversation:
    """A call that goes on, as the agent keeps it."""

    def __init__(self, model, most_tokens=2000, question=QUESTION, answer=ANSWER, found="found " * 20):
        self.question, self.answer, self.found = question, answer, found
        self.faults = []
        self.history = History(most_tokens)
        self.summaries = Summaries(self.history, lambda: model, self.faults.append)
        self.context = llm.ChatContext.empty()
        self.context.add_message(role="system", content="Be kind. " * 100)
        self.turns = 0

    def sent(self):
        return self.history.for_turn(self.context).sendable()

    async def turn(self):
        """One turn; the bytes of its request."""
        self.turns += 1
        self.context.add_message(role="user", content=f"{self.turns}: {self.question}")
        self.context.items.append(llm.FunctionCall(call_id=f"{self.turns}", name="look", arguments="{}"))
        found = llm.FunctionCallOutput(call_id=f"{self.turns}", name="look", output=self.found, is_error=False)
        self.context.items.append(found)
        sent = self.sent()
        self.context.add_message(role="assistant", content=self.answer)
        self.summaries.consider(self.context)
        await self.summaries.settled()
        return bytes_of(sent)


def bytes_of(context):
    return sum(len(text_of(item).encode()) for item in context.items)


def texts(context):
    return [item.text_content for item in context.items if item.type == "message"]


async def minutes(conversation, count):
    return [sum([await conversation.turn() for _ in range(TURNS_PER_MINUTE)]) for _ in range(count)]


def rupees_of_minute(request_bytes):
    """What a minute costs in which the caller and the agent take turns."""
    return (
        PriceTable.load(MoneySettings())
        .bill(
            {
                "stt_usage:saaras:v4": {"audio_duration": 60.0},
                "tts_usage:bulbul:v3": {"characters_count": TURNS_PER_MINUTE * len(ANSWER)},
                "llm_usage:gpt-6-luna": {"input_tokens": request_bytes / BYTES_PER_TOKEN, "output_tokens": 200},
            }
        )
        .rupees
    )


async def test_the_thirtieth_minute_costs_what_the_first_did():
    """Pins a history that grew for ever."""
    conversation = Conversation(Model("What was said. " * 40))
    by_minute = await minutes(conversation, 30)
    assert rupees_of_minute(by_minute[-1]) <= 1.3 * rupees_of_minute(by_minute[0])
    assert conversation.faults == []


TALKS = {
    "usual": {},
    "of few words": {"question": "And what does that one cost? ", "answer": "It costs 40 rupees. ", "found": "40"},
    "with long results": {"found": "x" * RESULT_LIMIT_CHARACTERS},
    "with long speeches": {"question": QUESTION * 5, "answer": ANSWER * 10},
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS)
async def test_the_thirtieth_minute_sends_a_model_no_more_than_the_beginning(talk):
    """Pins the same, in the bytes of all requests of a minute, summaries included.

    A call's very first minute sends little, whatever is done later: there is no conversation yet. Its beginning is
    therefore the first five minutes with a full history, from the first summary on; before it there is less.
    """
    summaries = Model("x" * LONGEST_SUMMARY_CHARACTERS)
    conversation = Conversation(summaries, most_tokens=600, **talk)
    fullest, by_minute, first_summary = 0, [], None
    for minute in range(30):
        summed_up = len(summaries.asked)
        requests = [await conversation.turn() for _ in range(TURNS_PER_MINUTE)]
        if summaries.asked and first_summary is None:
            first_summary = minute
        fullest = max(fullest, *requests)
        by_minute.append(sum(requests) + sum(map(bytes_of, summaries.asked[summed_up:])))

    beginning, end = by_minute[first_summary : first_summary + 5], by_minute[-5:]
    assert first_summary <= 15
    assert max(end) <= 1.3 * max(beginning)
    assert sum(end) <= 1.3 * sum(beginning)
    turn = sum(len(part.encode()) for part in (conversation.question, conversation.answer, conversation.found))
    instructions = len("Be kind. " * 100) + LONGEST_SUMMARY_CHARACTERS
    assert fullest <= instructions + 600 * BYTES_PER_TOKEN + turn + 200


async def test_what_was_dropped_is_summed_up_once_and_each_summary_knows_the_one_before():
    model = Model("the first notes", "the second notes")
    conversation = Conversation(model, most_tokens=600)
    while len(model.asked) < 2:
        await conversation.turn()
    first, second = (texts(asked)[-1] for asked in model.asked)
    assert "1: " in first
    assert "Notes so far: none" in first
    assert "Notes so far: the first notes" in second
    assert f"1: {QUESTION}".strip() not in second
    sent = texts(conversation.sent())
    assert "Be kind." in sent[0]
    assert sent[1].endswith("the second notes")
    assert sent[2].split(":")[0].isdigit()
    assert sent[-1] == ANSWER


async def test_no_tool_result_is_sent_without_its_call():
    conversation = Conversation(Model("notes"), most_tokens=600)
    for _ in range(40):
        await conversation.turn()
        items = conversation.sent().items
        calls = {item.call_id for item in items if item.type == "function_call"}
        assert {item.call_id for item in items if item.type == "function_call_output"} == calls


@pytest.mark.parametrize("answer", [APIConnectionError(), ValueError("no"), TimeoutError()])
async def test_a_history_that_nobody_can_sum_up_is_bounded_all_the_same(answer):
    model = Model(answer)
    conversation = Conversation(model, most_tokens=600)
    for _ in range(60):
        await conversation.turn()
        assert tokens_of(conversation.history.spoken(conversation.context)) <= 3 * 600
    assert {fault.provider for fault in conversation.faults} == {"llm"}


@pytest.mark.parametrize("answer", [REFUSED, "", "  "])
async def test_what_the_model_will_not_sum_up_is_not_asked_about_twice(answer):
    model = Model("the first notes", answer)
    conversation = Conversation(model, most_tokens=600)
    for _ in range(60):
        await conversation.turn()
    asked = [texts(each)[-1] for each in model.asked]
    assert len(asked) == len(set(asked))
    assert conversation.history.summary == "the first notes"


async def test_a_summary_has_a_limit():
    conversation = Conversation(Model("x" * 100_000), most_tokens=600)
    await minutes(conversation, 10)
    assert len(conversation.history.summary) == LONGEST_SUMMARY_CHARACTERS


async def test_a_thought_is_no_part_of_the_notes():
    conversation = Conversation(Model("<think>" + "Let me see. " * 200 + "</think>They ask for order 4521."), 600)
    await minutes(conversation, 10)
    assert conversation.history.summary == "They ask for order 4521."


async def test_a_reply_does_not_wait_for_a_summary_and_only_one_is_written_at_a_time():
    released = asyncio.Event()

    class Slow(Model):
        begun = asyncio.Event()

        async def _answer(self, answer):
            self.begun.set()
            await released.wait()
            async for chunk in super()._answer(answer):
                yield chunk

    model = Slow("notes")
    conversation = Conversation(model, most_tokens=600)
    for _ in range(20):
        conversation.context.add_message(role="user", content=QUESTION)
        conversation.context.add_message(role="assistant", content=ANSWER)
        conversation.summaries.consider(conversation.context)
    assert not model.asked
    await model.begun.wait()
    assert len(model.asked) == 1
    assert conversation.history.summary == ""
    released.set()
    await conversation.summaries.settled()
    assert conversation.history.summary == "notes"


async def test_a_short_call_is_sent_as_it_is():
    conversation = Conversation(Model(ValueError()))
    for _ in range(3):
        await conversation.turn()
    assert conversation.sent().items == conversation.context.items
