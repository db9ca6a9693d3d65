"""Calls through a real livekit-server, measured against an agent whose timing is known."""

import asyncio
import json
import os
import time
import wave

import numpy as np
import pytest

from sandbox.caller import CallPlan, Patience, Pause, Turn, place_call
from sandbox.caller.audio import SAMPLE_RATE

pytestmark = pytest.mark.calls

BRIEF = Patience(polite_silence_seconds=0.3, late_text_seconds=0.0)
FIXED_KEYS = ["room", "greeting_seconds", "turns", "errors"]
FIXED_TURN_KEYS = ["said", "heard", "heard_language", "reply", "reply_language", "scripted"]
FIXED_TURN_KEYS += ["voice_to_voice_seconds", "cut_off"]


def wire_seconds():
    """The most that sound needs from one side to the other on loopback: source queue, encoder, jitter buffer.

    About 0.08 s on a quiet machine. The figures contain it, whatever it is; a machine whose processes wait for a core
    makes it longer without any fault of ours.
    """
    waiting_per_core = os.getloadavg()[0] / (os.cpu_count() or 1)
    return 0.3 * max(1.0, waiting_per_core)


class Clock:
    """Learns from the events where a call's zero lies on this process's clock."""

    def __init__(self):
        self.events = []
        self.zero = None

    def __call__(self, event):
        self.events.append(event)
        if event.kind == "connected":
            self.zero = time.monotonic() - event.at_seconds

    def kinds(self):
        return [event.kind for event in self.events]


async def test_an_answer_half_a_second_after_each_turn_is_measured_so_and_recorded(
    token_endpoint, tone_agent, tmp_path
):
    agent = await tone_agent(token_endpoint.room, answer_after_seconds=0.5, texts=True)
    clock = Clock()
    plan = CallPlan((Turn("Hello there"), Turn("What time is it")))
    result = await place_call(plan, token_url=token_endpoint.url, out_dir=tmp_path, on_event=clock)

    assert result.errors == ()
    assert result.good
    assert result.ended_by == "caller"
    greeting_began, *answers_began = (start - clock.zero for start, _ in agent.tones)
    assert greeting_began < result.greeting_seconds < greeting_began + wire_seconds()
    for turn, began in zip(result.turns, answers_began, strict=True):
        true_wait = began - turn.ended_seconds
        assert true_wait > 0.4, "half a second, less what a jitter buffer may have caught up"
        assert true_wait < turn.voice_to_voice_seconds < true_wait + wire_seconds()
        assert not turn.cut_off
        assert turn.barge_in_seconds is None

    assert [(t.heard, t.reply, t.reply_language) for t in result.turns] == [
        ("heard 1", "reply 1", "ta-IN"),
        ("heard 2", "reply 2", "ta-IN"),
    ]
    assert [(line["by"], line["text"]) for line in result.transcript] == [
        ("caller", "heard 1"),
        ("agent", "reply 1"),
        ("caller", "heard 2"),
        ("agent", "reply 2"),
    ]
    assert result.turns[0].stages == {"e2e_latency_seconds": 0.5}
    assert result.notices[0] == {"code": "late", "message": "One moment."}
    assert clock.kinds().count("turn_done") == 2
    assert clock.kinds()[-1] == "ended"

    written = json.loads((tmp_path / "call.json").read_text())
    assert list(written)[:4] == FIXED_KEYS
    assert list(written["turns"][0])[:8] == FIXED_TURN_KEYS
    check_recording(tmp_path / "call.wav", result)


def check_recording(path, result):
    """Each side is in its own channel at the times that the result tells, and silent in between."""
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (2, SAMPLE_RATE)
        both = np.frombuffer(wav.readframes(wav.getnframes()), dtype=np.int16).reshape(-1, 2).astype(float)

    def level(channel, start, end):
        part = both[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE), channel]
        return np.sqrt((part**2).mean())

    for start, end in result.agent_audio:
        assert level(1, start + 0.05, end - 0.05) > 4000
    for turn in result.turns:
        assert level(0, turn.started_seconds, turn.ended_seconds) > 500
        assert level(1, turn.started_seconds, turn.ended_seconds) < 50
        assert level(0, turn.ended_seconds + 0.1, turn.ended_seconds + turn.voice_to_voice_seconds) < 1


async def test_an_answer_inside_a_pause_is_a_cut_off(token_endpoint, tone_agent):
    agent = await tone_agent(token_endpoint.room, answer_after_seconds=0.25)
    clock = Clock()
    turn = Turn("My number is nine eight seven", pauses=(Pause(0.9, after_words=3),))
    result = await place_call(CallPlan((turn,)), token_url=token_endpoint.url, patience=BRIEF, on_event=clock)

    assert result.turns[0].cut_off
    true_wait = agent.tones[-1][0] - clock.zero - result.turns[0].ended_seconds
    assert 0.2 < true_wait < result.turns[0].voice_to_voice_seconds < true_wait + wire_seconds()
    assert result.turns[0].ended_seconds - result.turns[0].started_seconds > 2.0
    assert result.errors == ()


async def test_barging_in_starts_on_time_and_measures_until_the_agent_is_silent(token_endpoint, tone_agent):
    agent = await tone_agent(token_endpoint.room, tone_seconds=3.0, stops_after_seconds=0.3)
    clock = Clock()
    plan = CallPlan((Turn("Please stop talking now", barge_in_after_seconds=0.8),))
    result = await place_call(plan, token_url=token_endpoint.url, patience=BRIEF, on_event=clock)

    turn = result.turns[0]
    assert 0.79 <= turn.started_seconds - result.greeting_seconds <= 0.8 + wire_seconds()
    true_silence = agent.tones[0][1] - clock.zero - turn.started_seconds
    assert true_silence >= 0.3
    assert turn.barge_in_seconds == pytest.approx(true_silence, abs=wire_seconds())
    assert not turn.cut_off, "what the caller talks over is not a cut-off"
    true_wait = agent.tones[1][0] - clock.zero - turn.ended_seconds
    assert true_wait < turn.voice_to_voice_seconds < true_wait + wire_seconds()


async def test_the_caller_waits_politely_until_the_agent_has_finished(token_endpoint, tone_agent):
    await tone_agent(token_endpoint.room, tone_seconds=1.2)
    patience = Patience(polite_silence_seconds=0.6, late_text_seconds=0.0)
    plan = CallPlan((Turn("One"),))
    result = await place_call(plan, token_url=token_endpoint.url, patience=patience)

    (_, agent_ended), *_ = result.agent_audio
    assert 0.6 <= result.turns[0].started_seconds - agent_ended <= 0.6 + wire_seconds()


async def test_a_click_is_not_taken_for_a_whole_greeting(token_endpoint, tone_agent):
    """Pins a call in which the caller talked into the greeting: a blip had come first, then silence, then the words."""
    agent = await tone_agent(token_endpoint.room, tone_seconds=0.06, answers=1)
    patience = Patience(polite_silence_seconds=0.2, busy_agent_seconds=1.0, late_text_seconds=0.0)
    result = await place_call(CallPlan((Turn("Hello"),)), token_url=token_endpoint.url, patience=patience)

    assert agent.answered == 1
    (_, click_ended), *_ = result.agent_audio
    assert result.turns[0].started_seconds - click_ended >= 1.2


async def test_several_calls_in_one_process_keep_their_figures_apart(join_room, tone_agent, room_name):
    delays = (0.4, 0.9)
    agents = [await tone_agent(f"{room_name}-{i}", answer_after_seconds=delay) for i, delay in enumerate(delays)]
    clocks = [Clock() for _ in delays]
    plan = CallPlan((Turn("Hello"),))
    calls = [
        place_call(plan, join=join_room(f"{room_name}-{i}"), patience=BRIEF, on_event=clock)
        for i, clock in enumerate(clocks)
    ]
    results = await asyncio.gather(*calls)

    for delay, agent, clock, result in zip(delays, agents, clocks, results, strict=True):
        assert result.good
        true_wait = agent.tones[1][0] - clock.zero - result.turns[0].ended_seconds
        assert delay - 0.1 < true_wait < result.turns[0].voice_to_voice_seconds < true_wait + wire_seconds()
    assert len({result.room for result in results}) == len(delays)
