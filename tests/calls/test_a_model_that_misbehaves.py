"""Calls with a model that is well and behaves badly: the caller is told, and the call goes on."""

import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call
from sandbox.openai.misbehaviour import GOODBYE, REFUSAL
from worker.conversation.ending import QUIET_LIMIT_SECONDS

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
CANNOT_HELP = "I can't help with that"
NO_ANSWER = "no answer to that"


def question(text="Can you help me with my bill?"):
    return Turn(text=text, language="en-IN")


async def call_with(sandbox, *faults, end=None, patience=None):
    """One turn for each fault, then one without, then a goodbye."""

    async def before_turn(index):
        name = faults[index] if index < len(faults) else end if index > len(faults) else None
        await sandbox.configure(faults=[{"provider": "llm", "fault": name}] if name else [])

    turns = [question() for _ in faults] + [question("Please tell me about my last payment.")]
    goodbye = Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True)
    seen_before = len(await sandbox.seen())
    result = await place_call(
        CallPlan(turns=(*turns, goodbye)), token_url=sandbox.token_url, control=sandbox.control,
        before_turn=before_turn, patience=patience or Patience(),
    )  # fmt: skip
    asked = [
        each for each in (await sandbox.seen())[seen_before:] if (each["provider"], each["kind"]) == ("llm", "asked")
    ]
    return result, asked


async def test_a_refused_sentence_is_told_of_once_and_is_no_outage(sandbox):
    """Pins twelve requests of the same bytes, four times "one moment", and a goodbye."""
    result, asked = await call_with(sandbox, "filtered", "filtered_answer", "declined")

    replies = [turn.reply for turn in result.turns]
    assert CANNOT_HELP in replies[0]
    assert CANNOT_HELP in replies[1]
    assert REFUSAL in replies[2]
    assert replies[3]
    assert not any("One moment" in reply for reply in replies)
    assert result.good, result.errors
    assert len(asked) <= 2 * len(result.turns)  # a reply may be begun before the turn is over


async def test_a_model_without_a_word_to_say_is_no_silence(sandbox):
    """Pins nine seconds of silence over a smiley, and a turn that a model ended with a tool it may not call."""
    result, _ = await call_with(sandbox, "emoji", "uninvited_call")

    assert NO_ANSWER in result.turns[0].reply
    assert NO_ANSWER in result.turns[1].reply
    assert result.turns[2].answered
    assert result.good, result.errors


async def test_a_model_that_says_goodbye_and_hangs_up_says_it_once_and_to_its_end(sandbox):
    """A goodbye of its own may take longer than the ready one is given."""
    result, _ = await call_with(sandbox, end="words_and_call", patience=Patience(end_seconds=60))

    told = " ".join(line["text"] for line in result.transcript if line["by"] == "agent")
    assert " ".join(told.split()).endswith(GOODBYE)
    goodbye_from = result.turns[-1].ended_seconds
    heard_seconds = sum(end - start for start, end in result.agent_audio if start > goodbye_from)
    assert heard_seconds > 1.2 * QUIET_LIMIT_SECONDS, "the test is about a longer one"
    assert "Thank you for calling. Goodbye!" not in told
    assert result.ended_by == "agent"
    assert result.good, result.errors


async def test_a_story_without_an_end_is_ended_and_paid_for_as_it_is_heard(sandbox):
    """Pins 24,800 characters taken and 200 s of speech made, of which a caller who then interrupts hears a part."""

    async def before_turn(index):
        faults = [{"provider": "llm", "fault": "endless"}] if index == 0 else []
        await sandbox.configure(llm_token_seconds=0.002, faults=faults)

    seen_before = len(await sandbox.seen())
    stop = Turn(text="Stop, what time is it now?", language="en-IN", barge_in_after_seconds=8.0)
    goodbye = Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True)
    result = await place_call(
        CallPlan(turns=(question("Please tell me a story."), stop, goodbye)), token_url=sandbox.token_url,
        control=sandbox.control, before_turn=before_turn,
    )  # fmt: skip
    spoken = [each.get("text", "") for each in (await sandbox.seen())[seen_before:] if each["provider"] == "tts"]
    story = sum(len(text) for text in spoken if "for ever" in text)

    assert result.good, result.errors
    assert 100 < story < 900, f"{story} characters were given to the voice for 8 s of a story"


async def test_a_tool_call_written_as_text_is_neither_heard_nor_shown(sandbox):
    """Pins 3.7 s of tool syntax read aloud: it was cut in two behind its first comma, and shown whole."""
    seen_before = len(await sandbox.seen())
    result, asked = await call_with(sandbox, "call_as_text")
    voiced = [each.get("text", "") for each in (await sandbox.seen())[seen_before:] if each["provider"] == "tts"]

    shown = [line["text"] for line in result.transcript if line["by"] == "agent"]
    assert any("One moment." in text for text in shown), shown
    for syntax in ("tool_call", "current_time", "arguments", "time_zone", "null", "{", "}", "<", ">", '"'):
        assert not any(syntax in text for text in shown + voiced), f"{syntax} in {shown + voiced}"
    assert result.turns[0].answered
    assert len(asked) <= 2 * len(result.turns)
    assert result.good, result.errors
