"""What a caller wants is told to a colleague in their language, and without it they are asked all the same."""

import asyncio

import pytest
from livekit.agents import APIConnectionError, llm

from tests.jumping_clock import run
from tests.reply.test_summaries import Model
from worker.conversation import matter as module
from worker.conversation.matter import matter_for_colleague
from worker.faults import Fault

SAID = [
    llm.ChatMessage(role="user", content=["My order 4711 never came, and my PIN is 9090."]),
    llm.ChatMessage(role="assistant", content=["It was sent on Friday."]),
    llm.FunctionCallOutput(call_id="1", name="order_status", output="sent on 2026-11-27", is_error=False),
]


def told(model, *, reason="wants a person", shown=str):
    """(what the colleague is told, what was told of faults)."""
    faults = []
    matter = matter_for_colleague(model, "hi-IN", reason, "They called before.", SAID, shown=shown, fault=faults.append)
    return run(matter), faults


def test_the_model_is_asked_for_it_in_the_colleagues_language_with_the_whole_call():
    model = Model("एक कॉलर का ऑर्डर नहीं आया।")
    assert told(model) == ("एक कॉलर का ऑर्डर नहीं आया।", [])
    [asked] = model.asked
    task, material = (item.text_content for item in asked.items)
    assert "in Hindi" in task
    assert "wants a person" in task
    for part in ("They called before.", "Caller: My order 4711", "Assistant: It was sent", "Looked up: sent on"):
        assert part in material


def test_what_was_keyed_is_dots_to_whoever_writes_it():
    model = Model("…")
    told(model, reason="PIN 9090 is wrong", shown=lambda text: text.replace("9090", "••••"))
    assert all("9090" not in item.text_content for item in model.asked[0].items)
    assert "••••" in model.asked[0].items[1].text_content


@pytest.mark.parametrize("answer", [APIConnectionError(), ValueError("broken")])
def test_a_model_that_fails_is_told_of_and_the_colleague_is_asked_without_it(answer):
    matter, faults = told(Model(answer))
    assert matter == ""
    assert [type(fault) for fault in faults] == [Fault]


def test_a_model_that_hangs_keeps_nobody_on_hold_for_it():
    class Hangs(Model):
        async def _answer(self, answer):
            await asyncio.get_running_loop().create_future()
            yield

    async def timed():
        begun_at = asyncio.get_running_loop().time()
        matter = await matter_for_colleague(Hangs("…"), "hi-IN", "", "", SAID, shown=str, fault=lambda fault: None)
        return matter, asyncio.get_running_loop().time() - begun_at

    assert run(timed()) == ("", pytest.approx(module.WRITTEN_SECONDS, abs=0.1))


def test_without_a_model_there_is_nothing_to_tell():
    assert told(None) == ("", [])
