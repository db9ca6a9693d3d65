"""Chat completions: the official plugin, and a raw client, against the running stand-in."""

import asyncio
import json

import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, APITimeoutError, llm
from livekit.plugins import openai

ONCE = APIConnectOptions(max_retry=0, timeout=5)
HINDI = "You are a helpful agent.\nReply in Hindi (hi-IN), written in Devanagari."


@llm.function_tool
async def look_up_order(order_id: str) -> str:
    """Tell where an order is."""


@llm.function_tool
async def current_time() -> str:
    """The time in India."""


def chat_of(*messages):
    context = llm.ChatContext()
    for role, text in messages:
        context.add_message(role=role, content=text)
    return context


def model(scope, name="gpt-6-luna", **more):
    more.setdefault("reasoning_effort", "none")
    return openai.LLM(model=name, base_url=f"{scope.base_url}/v1", api_key=scope.key, **more)


async def answered(scope, chat, tools=(), conn_options=ONCE, **more):
    stream = model(scope, **more).chat(chat_ctx=chat, tools=list(tools), conn_options=conn_options)
    async with stream:
        return [chunk async for chunk in stream]


def text_of(chunks):
    return "".join(chunk.delta.content or "" for chunk in chunks if chunk.delta)


def calls_of(chunks):
    return [call for chunk in chunks if chunk.delta for call in chunk.delta.tool_calls]


async def raw(scope, messages, **more):
    body = {"model": "gpt-6-luna", "messages": messages, "reasoning_effort": "none", **more}
    headers = {"Authorization": f"Bearer {scope.key}"}
    return await scope.http.post(f"{scope.base_url}/v1/chat/completions", json=body, headers=headers)


async def test_a_reply_is_streamed_token_by_token_in_the_language_of_the_prompt_with_usage(scope):
    chunks = await answered(scope, chat_of(("system", HINDI), ("user", "hello")))
    assert text_of(chunks) == "नमस्ते, आपसे बात करके अच्छा लगा। बताइए, क्या काम है?"
    assert len([chunk for chunk in chunks if chunk.delta and chunk.delta.content]) == 10
    (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 10


async def test_a_tool_is_called_and_its_result_is_phrased(scope):
    chat = chat_of(("system", HINDI), ("user", "मेरा ऑर्डर 4521 कहाँ है?"))
    (call,) = calls_of(await answered(scope, chat, [look_up_order, current_time]))
    assert (call.name, json.loads(call.arguments)) == ("look_up_order", {"order_id": "4521"})
    chat.insert(llm.FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments))
    result = json.dumps({"order_id": "4521", "status": "shipped", "expected_delivery": "2026-11-25"})
    chat.insert(llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output=result, is_error=False))
    reply = text_of(await answered(scope, chat, [look_up_order, current_time]))
    assert reply == "जी, ऑर्डर 4521 भेज दिया गया है। यह 2026-11-25 तक आ जाएगा।"


async def test_the_same_request_has_the_same_reply(scope):
    chat = chat_of(("user", "what is the price of a blue shirt"))
    assert text_of(await answered(scope, chat)) == text_of(await answered(scope, chat))


async def test_trap_gpt_6_calls_no_tool_unless_reasoning_is_none(scope):
    """The plugin sends no reasoning_effort for gpt-6 by itself."""
    chat = chat_of(("user", "what time is it"))
    assert calls_of(await answered(scope, chat, [current_time]))
    stream = openai.LLM(model="gpt-6-luna", base_url=f"{scope.base_url}/v1", api_key=scope.key).chat(
        chat_ctx=chat, tools=[current_time], conn_options=ONCE
    )
    assert not calls_of([chunk async for chunk in stream])


async def test_without_streaming_the_whole_answer_comes_at_once(scope):
    tool = {"type": "function", "function": {"name": "current_time", "parameters": {"type": "object"}}}
    response = await raw(
        scope, [{"role": "user", "content": [{"type": "text", "text": "what time is it"}]}], tools=[tool]
    )
    body = await response.json()
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "current_time", "arguments": "{}"}
    assert body["usage"]["total_tokens"] > 0


async def test_models_are_listed_to_a_good_key_only(scope):
    url = f"{scope.base_url}/v1/models"
    async with scope.http.get(url, headers={"Authorization": f"Bearer {scope.key}"}) as response:
        assert "gpt-6-luna" in [each["id"] for each in (await response.json())["data"]]
    for headers in ({}, {"Authorization": "Bearer invalid"}):
        async with scope.http.get(url, headers=headers) as response:
            assert response.status == 401
            assert (await response.json())["error"]["code"] == "invalid_api_key"


async def test_a_bad_key_is_not_retried(scope):
    stream = openai.LLM(model="gpt-6-luna", base_url=f"{scope.base_url}/v1", api_key="invalid").chat(
        chat_ctx=chat_of(("user", "hello")), conn_options=APIConnectOptions(max_retry=3)
    )
    with pytest.raises(APIStatusError) as refused:
        [chunk async for chunk in stream]
    assert refused.value.status_code == 401


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"model": "gpt6-luna"}, 404), ({"messages": []}, 400), ({"messages": "hello"}, 400)],
)
async def test_a_wrong_request_is_refused(scope, wrong, status):
    response = await raw(scope, [{"role": "user", "content": "hello"}], **wrong) if "messages" not in wrong else None
    response = response or await raw(scope, wrong["messages"])
    assert response.status == status
    assert "message" in (await response.json())["error"]


@pytest.mark.parametrize(("first", "each"), [(0.0, 0.0), (0.3, 0.03)])
async def test_the_first_token_and_the_pace_are_as_set(scope, first, each):
    await scope.set(llm_first_token_seconds=first, llm_token_seconds=each)
    begin = asyncio.get_running_loop().time()
    response = await raw(scope, [{"role": "user", "content": "hello"}], stream=True)
    marks = []
    async for line in response.content:
        if b'"content": "' in line and b'"content": ""' not in line:
            marks.append(asyncio.get_running_loop().time() - begin)
    assert first <= marks[0] <= first + 1.0
    assert first + each * (len(marks) - 1) <= marks[-1] <= first + each * len(marks) + 1.5


@pytest.mark.parametrize(
    ("name", "status"), [("unauthorized", 401), ("forbidden", 403), ("rate_limited", 429), ("server_error", 500)]
)
async def test_a_refusal_has_its_status_and_a_passing_one_is_retried(scope, name, status):
    await scope.fault("llm", name)
    with pytest.raises(APIStatusError) as refused:
        await answered(scope, chat_of(("user", "hello")))
    assert refused.value.status_code == status
    response = await raw(scope, [{"role": "user", "content": "hello"}])
    assert ("Retry-After" in response.headers) == (status == 429)
    if status >= 429:
        await scope.fault("llm", name, times=1)
        assert text_of(await answered(scope, chat_of(("user", "hello")), conn_options=APIConnectOptions(max_retry=1)))


async def test_a_hang_times_out_before_the_first_token(scope):
    await scope.fault("llm", "hang")
    with pytest.raises(APITimeoutError):
        await answered(scope, chat_of(("user", "hello")), conn_options=APIConnectOptions(max_retry=0, timeout=0.3))


async def test_a_stall_stops_after_the_first_tokens_and_goes_on_when_its_time_is_over(scope):
    await scope.fault("llm", "stall", for_seconds=0.6)
    begin = asyncio.get_running_loop().time()
    chunks = await answered(scope, chat_of(("user", "hello")))
    assert asyncio.get_running_loop().time() - begin >= 0.4
    assert text_of(chunks).endswith("What can I do for you?")


@pytest.mark.parametrize("name", ["drop", "malformed"])
async def test_a_broken_stream_is_an_error_after_the_first_tokens(scope, name):
    await scope.fault("llm", name)
    heard = []
    stream = model(scope).chat(chat_ctx=chat_of(("user", "hello")), conn_options=ONCE)

    async def listen():
        async for chunk in stream:
            heard.append(chunk)

    with pytest.raises((APIError, APIConnectionError)):
        await listen()
    assert 0 < len(text_of(heard).split()) <= 2


async def test_an_error_can_come_in_the_middle_of_the_stream(scope):
    await scope.fault("llm", "server_error", phase="stream")
    with pytest.raises(APIError):
        await answered(scope, chat_of(("user", "hello")))


async def test_empty_is_an_answer_without_a_word(scope):
    await scope.fault("llm", "empty")
    assert text_of(await answered(scope, chat_of(("user", "hello")))) == ""


@pytest.mark.parametrize(("name", "code"), [("filtered", "content_filter"), ("too_long", "context_length_exceeded")])
async def test_a_refused_request_says_why(scope, name, code):
    await scope.fault("llm", name)
    async with await raw(scope, [{"role": "user", "content": "hello"}]) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == code


async def test_a_refusal_has_a_field_of_its_own(scope):
    await scope.fault("llm", "declined")
    async with await raw(scope, [{"role": "user", "content": "hello"}]) as response:
        message = (await response.json())["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "I'm sorry, but I can't talk about that.")
    assert text_of(await answered(scope, chat_of(("user", "hello")))) == "", "the plugin loses it"


async def test_a_filtered_answer_says_so_at_its_end(scope):
    await scope.fault("llm", "filtered_answer")
    async with await raw(scope, [{"role": "user", "content": "hello"}]) as response:
        choice = (await response.json())["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "content_filter")


async def test_a_model_may_call_what_nobody_allowed_and_talk_beside_its_calls(scope):
    await scope.fault("llm", "uninvited_call")
    assert [call.name for call in calls_of(await answered(scope, chat_of(("user", "hello"))))] == ["current_time"]
    await scope.fault("llm", "words_and_call")
    chunks = await answered(scope, chat_of(("user", "what time is it")), [current_time])
    assert (text_of(chunks).split()[0], calls_of(chunks)[0].name) == ("Thank", "current_time")


@pytest.mark.parametrize(
    ("name", "begins"), [("emoji", "🙂"), ("call_as_text", "<tool_call>"), ("endless", "And then")]
)
async def test_what_is_not_for_the_ear_is_written_all_the_same(scope, name, begins):
    await scope.set(llm_token_seconds=0, faults=[{"provider": "llm", "fault": name}])
    assert text_of(await answered(scope, chat_of(("user", "hello")))).startswith(begins)


async def test_trap_without_finish_reason_a_tool_call_is_lost(scope):
    await scope.fault("llm", "no_finish_reason")
    assert calls_of(await answered(scope, chat_of(("user", "what time is it")), [current_time])) == []
    assert text_of(await answered(scope, chat_of(("user", "hello")))), "plain text does not need it"


@pytest.mark.parametrize("name", ["no_done", "no_usage"])
async def test_the_last_frames_are_optional_for_plain_text(scope, name):
    await scope.fault("llm", name)
    chunks = await answered(scope, chat_of(("user", "hello")))
    assert text_of(chunks)
    assert bool([chunk for chunk in chunks if chunk.usage]) == (name == "no_done")


async def test_slow_multiplies_the_wait(scope):
    await scope.set(llm_first_token_seconds=0.15, faults=[{"provider": "llm", "fault": "slow"}])
    begin = asyncio.get_running_loop().time()
    await answered(scope, chat_of(("user", "hello")))
    assert asyncio.get_running_loop().time() - begin >= 0.45


async def test_an_interrupted_reply_is_seen_as_cancelled(scope):
    await scope.set(llm_token_seconds=5)
    stream = model(scope).chat(chat_ctx=chat_of(("user", "tell me a story")), conn_options=ONCE)
    await anext(stream)
    await stream.aclose()
    async with asyncio.timeout(5):
        while not (done := await scope.seen("llm", "answered")):
            pass
    assert done[0]["cancelled"] is True
