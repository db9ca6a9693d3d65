"""Every way in which a call goes wrong ends it in bounded time, under a code, with what to do."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from sandbox.caller import CallPlan, Control, Patience, Turn, place_call

pytestmark = pytest.mark.calls

HURRIED = Patience(
    agent_join_seconds=0.6,
    greeting_seconds=1.0,
    answer_seconds=1.5,
    agent_return_seconds=0.3,
    end_seconds=1.0,
    reply_seconds=3.0,
    polite_silence_seconds=0.2,
    late_text_seconds=0.0,
)
ONE_TURN = CallPlan((Turn("Hello"),))
TWO_TURNS = CallPlan((Turn("Hello"), Turn("Again")))
LAST_TURN_ENDS = CallPlan((Turn("Bye", expects_end=True),))


def codes(result):
    return [error.code for error in result.errors]


async def test_without_any_agent_the_caller_is_told_so(join_room, room_name):
    result = await place_call(ONE_TURN, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["no_agent"]
    assert "No worker is registered" in result.errors[0].message
    assert result.turns == ()
    assert not result.good
    assert result.greeting_seconds is None


async def test_a_silent_agent_is_no_greeting_and_no_answer(join_room, room_name, tone_agent):
    await tone_agent(room_name, greeting_after_seconds=None, answers=0)
    result = await place_call(ONE_TURN, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["no_greeting", "no_answer"]
    assert result.turns[0].voice_to_voice_seconds is None
    assert "Hello" in result.errors[1].message


async def test_an_answer_is_not_mistaken_for_a_greeting(join_room, room_name, tone_agent):
    await tone_agent(room_name, greeting_after_seconds=None)
    result = await place_call(ONE_TURN, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["no_greeting"]
    assert result.greeting_seconds is None
    assert result.turns[0].answered


async def test_an_unanswered_turn_does_not_keep_the_next_from_being_spoken(join_room, room_name, tone_agent):
    await tone_agent(room_name, answers=1)
    result = await place_call(TWO_TURNS, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["no_answer"]
    assert [turn.answered for turn in result.turns] == [True, False]
    assert not result.good


async def test_an_agent_that_leaves_ends_the_call_after_a_grace(join_room, room_name, tone_agent):
    await tone_agent(room_name, leave_after=1)
    result = await place_call(TWO_TURNS, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["agent_left"]
    assert result.ended_by == "agent"


async def test_a_successor_within_the_grace_carries_the_call_on(join_room, room_name, tone_agent):
    await tone_agent(room_name, leave_after=1)
    patience = replace(HURRIED, answer_seconds=3.0, agent_return_seconds=3.0)

    async def send_a_successor(index):
        if index == 1:
            await tone_agent(room_name, greeting_after_seconds=None, identity="successor")

    plan = CallPlan((Turn("Hello"), Turn("Again", wait_seconds=0.3)))
    result = await place_call(plan, join=join_room(room_name), patience=patience, before_turn=send_a_successor)

    assert codes(result) == []
    assert [turn.answered for turn in result.turns] == [True, True]


async def test_an_agent_that_hangs_up_too_early_is_an_error(join_room, room_name, tone_agent):
    await tone_agent(room_name, hang_up_after=1)
    result = await place_call(TWO_TURNS, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["agent_left"]
    assert "ROOM_DELETED" in result.errors[0].message


async def test_an_agent_that_hangs_up_after_goodbye_is_good(join_room, room_name, tone_agent):
    await tone_agent(room_name, hang_up_after=1)
    result = await place_call(LAST_TURN_ENDS, join=join_room(room_name), patience=HURRIED)

    assert result.good
    assert result.ended_by == "agent"


async def test_an_agent_that_does_not_hang_up_after_goodbye_is_an_error(join_room, room_name, tone_agent):
    await tone_agent(room_name)
    result = await place_call(LAST_TURN_ENDS, join=join_room(room_name), patience=HURRIED)

    assert codes(result) == ["not_ended"]


async def test_an_agent_that_talks_for_ever_does_not_hold_the_caller(join_room, room_name, tone_agent):
    await tone_agent(room_name, tone_seconds=600)
    patience = replace(HURRIED, reply_seconds=0.5, call_seconds=2.5)
    async with asyncio.timeout(10):
        result = await place_call(LAST_TURN_ENDS, join=join_room(room_name), patience=patience)

    assert codes(result) == ["call_too_long"]


async def test_a_token_signed_with_the_wrong_secret_names_the_settings_to_compare(join_room, room_name):
    wrong = join_room(room_name, secret="another-secret-of-more-than-32-characters")
    result = await place_call(ONE_TURN, join=wrong, patience=HURRIED)

    assert codes(result) == ["connect_failed"]
    assert "LIVEKIT_API_SECRET" in result.errors[0].message
    assert result.ended_by is None


async def test_a_refused_token_carries_the_endpoints_own_message(token_endpoint):
    token_endpoint.status = 403
    token_endpoint.reply = {"error": {"code": "agent_not_allowed", "message": "Ask for vaani.", "field": None}}
    result = await place_call(ONE_TURN, token_url=token_endpoint.url)

    assert codes(result) == ["token_refused"]
    assert "403: agent_not_allowed: Ask for vaani." in result.errors[0].message


async def test_each_scripted_turn_is_told_to_the_recogniser_before_it_is_spoken(
    join_room, room_name, tone_agent, served
):
    queued = []

    async def control(request):
        queued.append((request.method, request.path, await request.json()))
        return web.json_response({"queued_transcripts": 1})

    await tone_agent(room_name)
    turns = (
        Turn("Hello", scripted=False),
        Turn("नमस्ते जी", language="hi-IN", heard_language="mr-IN", heard_probability=0.4),
    )
    async with served(control) as url:
        join, control = join_room(room_name), Control(url, "sandbox-x")
        result = await place_call(CallPlan(turns), join=join, control=control, patience=HURRIED)

    (*first, _), (*second, body) = queued
    assert first == ["PATCH", "/control/scopes/sandbox-x"], "an agent's socket opened before would stay with `default`"
    assert second == ["POST", "/control/scopes/sandbox-x/transcripts"]
    [entry] = body["transcripts"]
    assert (entry["text"], entry["language"], entry["probability"]) == ("नमस्ते जी", "mr-IN", 0.4)
    assert [word["text"] for word in entry["words"]] == ["नमस्ते", "जी"]
    assert entry["words"][-1]["end_seconds"] == pytest.approx(entry["duration_seconds"], abs=0.02)
    assert [turn.scripted for turn in result.turns] == [False, True]


async def test_an_unreachable_control_endpoint_ends_the_call_with_its_address(
    join_room, room_name, tone_agent, closed_port
):
    await tone_agent(room_name)
    control = Control(f"http://127.0.0.1:{closed_port}")
    result = await place_call(ONE_TURN, join=join_room(room_name), control=control, patience=HURRIED)

    assert codes(result) == ["control_failed"]
    assert str(closed_port) in result.errors[0].message
