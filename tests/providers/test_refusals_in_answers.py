"""An error in the middle of an answer is told as what it is: a fault of the request, or an outage."""

import httpx2
import openai
import pytest

from worker.faults import REFUSED_KEY
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
