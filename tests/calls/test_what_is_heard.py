"""What is heard and what becomes of it: words over the agent's voice, its own echo, words out of noise."""

import pytest

from sandbox.caller import Patience, Pause, Turn

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
STORY = Turn(text="Please tell me a story.", language="en-IN")
NUMBER = Turn(text="Please write down 98765 43210.", language="en-IN")
# A pause is not the end of what the agent says.
LISTENING = Patience(answer_seconds=8, polite_silence_seconds=4)


def said_by_agent(result):
    """All of it, however the room was told it in pieces."""
    return " ".join(line["text"].strip() for line in result.transcript if line["by"] == "agent")


async def test_a_yes_over_the_last_words_of_the_question_is_answered(sandbox, call):
    asked = await call(NUMBER, goodbye=False, patience=LISTENING)
    assert asked.turns[0].reply.endswith("Is that right?"), asked.errors
    voice = [(start, end) for start, end in asked.agent_audio if start > asked.turns[0].ended_seconds]
    seconds = voice[-1][1] - voice[0][0]

    yes = Turn(text="Yes.", language="en-IN", barge_in_after_seconds=seconds - 0.8)
    result = await call(NUMBER, yes, goodbye=False, patience=LISTENING)

    said = said_by_agent(result)
    _, asked_to_the_end, answer = said.partition("Is that right?")
    assert asked_to_the_end, f"the question was not asked to its end: {said}"
    assert answer.strip().startswith("Okay, I heard: Yes"), f"nobody answered the yes: {said}"


async def test_a_request_over_the_greeting_is_answered_after_it(sandbox, call):
    request = Turn(text="Where is my order 4521?", language="en-IN", barge_in_after_seconds=0.4)
    result = await call(request, goodbye=False, patience=LISTENING)

    greeting, _, answer = said_by_agent(result).partition("help you today?")
    assert greeting.startswith("Hello, this is Vaani"), greeting
    assert "4521" in answer, f"the request was thrown away: {said_by_agent(result)}"


@pytest.mark.parametrize("faults", [[], [{"provider": "llm", "fault": "words_and_call", "times": 1}]])
async def test_a_request_over_the_goodbye_is_answered_and_the_call_goes_on(sandbox, call, faults):
    """Pins a room that was gone in the middle of "Wait, what time is it?", over a ready goodbye and the model's own."""

    async def before_turn(index):
        await sandbox.configure(faults=faults if index == 0 else [])

    bye = Turn(text="Thank you, goodbye.", language="en-IN")
    request = Turn(text="Wait, what time is it now?", language="en-IN", barge_in_after_seconds=1.0)
    result = await call(bye, request, patience=Patience(answer_seconds=8), before_turn=before_turn)

    assert "Sure, it is" in result.turns[1].reply or "Sure, it is" in said_by_agent(result), said_by_agent(result)
    assert result.ended_by == "agent"
    assert result.good, result.errors


async def test_the_agents_own_words_out_of_a_loudspeaker_are_no_turn(sandbox, call):
    echo = Turn(text="Long ago a crow was very thirsty.", language="en-IN", barge_in_after_seconds=2.2)
    result = await call(STORY, echo, goodbye=False, patience=LISTENING)

    said = said_by_agent(result)
    assert said.rstrip().endswith("flew away happily."), f"the agent stopped, or answered itself: {said}"


async def test_what_is_said_into_an_echo_stops_the_agent_and_is_answered(sandbox, call):
    both = Turn(
        text="Long ago a crow was very, stop, what time is it now?", language="en-IN", barge_in_after_seconds=2.2
    )
    result = await call(STORY, both, patience=LISTENING)

    heard = " ".join(line["text"] for line in result.transcript if line["by"] == "caller")
    assert "stop, what time" in heard, heard
    assert "crow" not in heard, "the echo was taken for the caller's words"
    assert result.turns[1].answered, result.errors


async def test_words_made_out_of_noise_are_asked_about_and_move_no_call(sandbox, call):
    noise = Turn(text="Hm.", heard_text="वीडियो देखने के लिए धन्यवाद", heard_language="hi-IN", heard_probability=0.2)
    result = await call(noise, "What time is it now?")

    said = said_by_agent(result)
    assert "Could you say it again?" in said, said
    assert "धन्यवाद" not in said, "it was answered"
    assert result.turns[1].reply_language == "en-IN", result.errors
    assert result.good, result.errors


async def test_a_caller_who_goes_on_just_when_the_answer_begins_has_one_turn_and_one_answer(sandbox, call):
    """Pins half a turn that was answered for itself, with a syllable of the first answer in the conversation."""
    pause = Pause(after_words=4, seconds=0.7)  # about as long as an answer takes here to begin
    result = await call(
        Turn(text="Where is my order from last week?", language="en-IN", pauses=(pause,)), goodbye=False
    )

    assert result.turns[0].answered, result.errors
    assert result.turns[0].heard == "Where is my order from last week?", "shown once"
    asked = [event for event in await sandbox.seen() if "user" in event]
    assert asked[0]["user"] == "Where is my order"
    assert asked[-1]["user"] == "Where is my order from last week?"
    assert asked[-1]["messages"] == asked[0]["messages"], "one message of the caller's, and nothing of the first answer"
