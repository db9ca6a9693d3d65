"""An answer that breaks off is told as what it is: a fault of the request, or an outage; a whole tool call is kept."""

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from worker.faults import REFUSED_KEY, SILENT_KEY
from worker.providers.openai_refusals import _PlainStream


class Broken:
    """An answer that breaks off with an error event, as vLLM and OpenRouter send it."""

    def __init__(self, body):
        self.body = body

    async def __aiter__(self):
        request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
        raise openai.APIError(self.body["message"], request=request, body=self.body)
        yield  # an async generator


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 400, "message": "The prompt has 9001 tokens, of 8192"}, "rejected"),
        ({"code": 400, "message": "longer than the maximum model length of 8192"}, "too_long"),
        ({"code": "content_policy_violation", "message": "refused"}, "filtered"),
        ({"code": 403, "message": "flagged", "metadata": {"flagged_input": "my billing"}}, "filtered"),
    ],
)
async def test_what_is_wrong_with_the_request_is_marked(body, kind):
    chunks = [chunk async for chunk in _PlainStream(Broken(body))]
    assert [chunk.choices[0].delta.extra_content for chunk in chunks] == [{REFUSED_KEY: kind}]


@pytest.mark.parametrize("code", [502, 429, "server_error", None])
async def test_an_outage_is_none_of_the_request(code):
    with pytest.raises(openai.APIError):
        [chunk async for chunk in _PlainStream(Broken({"code": code, "message": "overloaded"}))]


def piece(finish_reason=None, arguments=None, **delta):
    """A chunk; with arguments one of a tool call, named when it begins."""
    if arguments is not None:
        name = "order_status" if arguments.startswith("{") else None
        delta["tool_calls"] = [{"index": 0, "id": "call_1", "function": {"name": name, "arguments": arguments}}]
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return ChatCompletionChunk.construct(id="c", choices=[choice])


async def read(*pieces, most_tokens=20):
    async def stream():
        for each in pieces:
            yield each

    return [chunk.choices[0] async for chunk in _PlainStream(stream(), most_tokens=most_tokens)]


@pytest.mark.parametrize("finish_reason", [None, "function_call", "length"])
async def test_a_whole_tool_call_is_kept_however_its_answer_ends(finish_reason):
    """Pins a call that the plugin lost: the model was asked the same ten times, and the caller hung up on."""
    choices = await read(piece(arguments='{"order_id": '), piece(arguments='"4521"}'), piece(finish_reason))
    assert choices[-1].finish_reason == "tool_calls"
    assert [choice.finish_reason for choice in choices].count("tool_calls") == 1


@pytest.mark.parametrize(
    "pieces",
    [
        [piece("length")],
        [piece("function_call_filter: MALFORMED_FUNCTION_CALL")],
        [piece(arguments='{"order_id": "45'), piece("length")],
        [piece(content="Let me look. "), piece(arguments='{"order_id": "45'), piece("length")],
    ],
    ids=["thoughts took it all", "a call that is none", "a call cut in two", "a call cut in two behind words"],
)
async def test_an_answer_that_was_broken_off_before_it_came_to_anything_is_no_outage(pieces):
    assert (await read(*pieces))[-1].delta.extra_content == {SILENT_KEY: True}


@pytest.mark.parametrize(
    "endless", [{"content": "\n"}, {"content": "\u200b"}, {"arguments": "4"}], ids=["lines", "nothing seen", "a call"]
)
async def test_an_answer_that_goes_on_with_nothing_to_hear_is_read_no_further(endless):
    """Pins 20 s of "one moment" and a goodbye, over one answer of line breaks."""
    begin = piece(arguments='{"order_id": "') if "arguments" in endless else piece(content=" ")
    choices = await read(begin, *[piece(**endless) for _ in range(1000)])
    assert len(choices) < 25
    assert choices[-1].delta.extra_content == {SILENT_KEY: True}


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(content="Your order has left."), piece("stop")],
        [piece(content="Your order has"), piece("length")],
        [piece(content=word) for word in ["So ", "\n"] * 20],
        [piece("stop")],
        [piece(arguments='{"order_id": "4521"}'), piece("tool_calls")],
    ],
    ids=["words", "words that were cut", "many words", "nothing", "a tool call"],
)
async def test_any_other_answer_is_passed_on_as_it_is(pieces):
    assert await read(*pieces) == [each.choices[0] for each in pieces]
