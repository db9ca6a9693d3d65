"""A caller's voice crosses a real livekit-server, reaches the worker, and comes back as speech."""

import wave

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.caller import DEFAULT_SCRIPT, CallPlan, Control, Turn, load_plan, place_call
from tests.calls.conftest import FAST

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_the_demo_call_is_answered_in_three_languages_and_ended_by_the_agent(sandbox, tmp_path):
    result = await place_call(
        load_plan(DEFAULT_SCRIPT), token_url=sandbox.token_url, control=sandbox.control, out_dir=tmp_path
    )

    assert result.good, result.errors
    assert result.ended_by == "agent"
    assert [turn.reply_language for turn in result.turns[:4]] == ["en-IN", "en-IN", "hi-IN", "ta-IN"]
    assert "hello" in result.turns[0].heard.casefold(), "the first turn is really recognised"
    assert not any(turn.cut_off for turn in result.turns)
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert recording.getnchannels() == 2
        assert recording.getnframes() / recording.getframerate() >= result.duration_seconds - 1


async def test_one_call_in_five_languages_asks_the_voice_for_each_language_and_its_own_speaker(sandbox, call):
    before = len(await sandbox.seen())
    result = await call(
        Turn(text="Where is my parcel, please?", language="en-IN"),
        Turn(text="मेरा ऑर्डर कहाँ है, ज़रा बताइए", language="hi-IN"),
        Turn(text="என் ஆர்டர் எங்கே இருக்கு", language="ta-IN"),
        Turn(text="నా ఆర్డర్ ఎక్కడ ఉంది చెప్పండి", language="te-IN"),
        Turn(text="ମୋ ଅର୍ଡର କେଉଁଠି ଅଛି କୁହନ୍ତୁ", language="od-IN"),
    )

    assert result.good, result.errors
    assert [turn.reply_language for turn in result.turns[:5]] == ["en-IN", "hi-IN", "ta-IN", "te-IN", "od-IN"]
    spoken = {
        (event["language"], event["speaker"])
        for event in (await sandbox.seen())[before:]
        if event["provider"] == "tts" and event.get("speaker")
    }
    assert {("hi-IN", "priya"), ("ta-IN", "kavitha"), ("te-IN", "suhani"), ("od-IN", "pooja")} <= spoken


async def test_the_agent_uses_its_tools_and_says_what_they_found(sandbox, call):
    result = await call("What time is it now?", "Where is my order 4521?")

    assert result.good, result.errors
    asked = [event for event in await sandbox.seen("default") if event["provider"] == "orders"]  # it wants no key
    assert asked, "the order endpoint was never asked"
    assert ":" in result.turns[0].reply, f"no time in {result.turns[0].reply!r}"
    assert "4521" in result.turns[1].reply, f"nothing about the order in {result.turns[1].reply!r}"
    assert "could not check" not in result.turns[1].reply


async def test_a_caller_who_waits_for_a_slow_tool_hears_a_filler_and_then_the_answer(sandbox, call):
    await sandbox.configure("default", orders_seconds=2.5)  # the order endpoint wants no key
    try:
        result = await call("Where is my order 4521?")
    finally:
        await sandbox.configure("default", orders_seconds=0.1)

    assert result.good, result.errors
    said = [line["text"] for line in result.transcript if line["by"] == "agent"]
    filler = next((index for index, text in enumerate(said) if "One moment" in text), None)
    assert filler is not None, said
    assert any("4521" in text for text in said[filler + 1 :]), said


async def test_a_caller_on_a_page_who_wants_a_human_is_told_of_by_webhook(sandbox, worker_with, join):
    asked = []

    async def desk(request):
        asked.append(await request.json())
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/desk", desk)
    async with (
        TestServer(app) as server,
        worker_with(
            "transferring", scope="sandbox-transferring", WORKER_TRANSFER_WEBHOOK_URL=str(server.make_url("/desk"))
        ),
    ):
        await sandbox.configure("sandbox-transferring", **FAST)
        plan = CallPlan(turns=(Turn(text="I want to talk to a human, please.", language="en-IN"),))
        control = Control(sandbox.sandbox_url, "sandbox-transferring")
        result = await place_call(plan, join=join("transferring"), control=control)

    assert result.good, result.errors
    assert [body["language"] for body in asked] == ["en-IN"]
    assert set(asked[0]) == {"reason", "language"}


async def test_the_greeting_is_in_the_language_of_the_callers_token(call):
    result = await call(Turn(text="हाँ, मेरा बिल कितना है?", language="hi-IN"), attributes={"language": "hi-IN"})

    assert result.good, result.errors
    assert result.greeting.startswith("नमस्ते")


async def test_every_turn_is_told_to_the_room_with_its_language_and_stages(call):
    result = await call("Can you help me with my bill?")

    turn = result.turns[0]
    assert turn.heard_language == "en-IN"
    assert turn.stages is not None
    assert turn.stages["llm_first_token_seconds"] > 0
    assert result.cost_rupees is None or result.cost_rupees > 0
