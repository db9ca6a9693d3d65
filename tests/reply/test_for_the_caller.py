"""What a model writes beside its words reaches neither the voice nor the transcript, in however many clauses it is."""

import asyncio

import pytest
from livekit.agents import FlushSentinel, llm

from worker.reply.first_clause import flush_after_first_clause
from worker.reply.for_the_caller import ForTheCaller
from worker.spoken import blocks_in

CALL = '<tool_call>{"name": "book_table, if free", "arguments": {"at": "8, or 9"}}</tool_call>'


def told(*pieces, language="en-IN"):
    """The words of each segment that goes to the voice, and the answer they were taken from."""
    answer = ForTheCaller(blocks_in(language))

    async def scenario():
        async def given():
            for piece in pieces:
                yield piece

        return [piece async for piece in flush_after_first_clause(answer.of(given()))]

    came = asyncio.run(scenario())
    marked = ["|" if isinstance(each, FlushSentinel) else each for each in came]
    segments = "".join(each for each in marked if isinstance(each, str)).split("|")
    return segments, answer, came


@pytest.mark.parametrize(
    "block",
    [
        CALL,
        "<think>They ask for a table, which I look up, then tell. </think>",
        "<thinking>First, the day. Then, the hour.</thinking>",
        '```json\n{"name": "book_table", "arguments": {}}\n```',
        '{"name": "book_table", "arguments": {"day": "today, at eight"}}',
        'functions.book_table({"day": "today, at eight"})',
        '<｜tool▁calls▁begin｜>book_table, now, {"a": 1}<｜tool▁calls▁end｜>',
    ],
)
@pytest.mark.parametrize("length", [1, 7, 10_000])
def test_a_block_of_many_clauses_is_in_no_segment(block, length):
    """Pins a tool call that was cut in two behind its first comma: what followed was no block any more."""
    written = f"{block} Your table is booked, {block} for tonight. {block}"
    pieces = [written[at : at + length] for at in range(0, len(written), length)]
    segments, answer, _ = told(*pieces)
    assert " ".join("".join(segments).split()) == "Your table is booked, for tonight."
    assert not answer.is_empty


def test_ordinary_words_come_piece_by_piece_and_the_first_clause_at_once():
    segments, _, came = told("Your", " table", " is", " booked,", " for", " tonight.")
    assert segments == ["Your table is booked,", " for tonight."]
    assert len(came) > 4


def test_what_is_only_for_others_is_no_empty_answer():
    assert told(CALL)[0] == [""]
    assert not told(CALL)[1].is_empty
    assert told()[1].is_empty
    assert told("", " ", "\n")[1].is_empty


def chunk(content=None, **more):
    return llm.ChatChunk(id="1", delta=llm.ChoiceDelta(content=content, **more))


def test_what_else_a_chunk_carries_is_passed_on_once():
    tool = llm.FunctionToolCall(name="end_call", arguments="{}", call_id="a")
    usage = llm.CompletionUsage(completion_tokens=1, prompt_tokens=1, total_tokens=2)
    given = [
        chunk("Good", extra={"sign": "x"}),
        chunk("bye."),
        chunk(tool_calls=[tool]),
        llm.ChatChunk(id="1", usage=usage),
    ]
    _, _, came = told(*given)
    assert "".join(each for each in came if isinstance(each, str)) == "Goodbye."
    chunks = [each for each in came if isinstance(each, llm.ChatChunk)]
    assert [each.delta.content for each in chunks if each.delta] == [None, None]
    assert [each.delta.extra for each in chunks if each.delta] == [{"sign": "x"}, None]
    assert chunks[1].delta.tool_calls == [tool]
    assert chunks[2].usage == usage
    assert not told(given[2])[1].is_empty


def test_half_a_character_is_not_passed_on():
    """Pins an emoji that was cut in two: no room and no later request can carry a half."""
    segments, _, _ = told("Done \ud83d", "\ude42, anything else?")
    assert "".join(segments).encode()
    assert "".join(segments).endswith("anything else?")


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Thought: I need it.\nAction: get_order\nAction Input: 45\nFinal Answer: It is ready.", "It is ready."),
        ("Thought: I need it, then I wait.", ""),
        ("Assistant: It is ready.", "It is ready."),
        ("A thought: it is ready.", "A thought: it is ready."),
    ],
)
@pytest.mark.parametrize("length", [1, 7, 10_000])
def test_a_plan_that_a_model_thinks_aloud_is_in_no_segment(written, left, length):
    segments, _, _ = told(*[written[at : at + length] for at in range(0, len(written), length)])
    assert "".join(segments).strip() == left
