"""Calls through a real livekit-server, measured against an agent whose timing is known."""

import asyncio

import numpy as np
import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call

# Half the round trip of sound through the server on loopback, jitter buffer included, twice.
WIRE_SECONDS = 0.25
pytestmark = pytest.mark.calls


async def test_an_answer_half_a_second_after_the_turn_is_measured_as_half_a_second(
    token_endpoint, tone_agent, tmp_path
):
    agent = tone_agent(token_endpoint.room, answer_after_seconds=0.5, texts=True)
    plan = CallPlan((Turn("Hello there"), Turn("What time is it")))
    result = await place_call(plan, token_url=token_endpoint.url, out_dir=tmp_path)
    print(result.to_json(), agent.tones, agent.voiced[0])
    assert result.good
