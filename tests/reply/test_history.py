"""What a model is sent of a call: never again what its provider refused, and less of it when it is too long."""

from livekit.agents import llm

from worker.faults import Fault
from worker.reply.history import History

FILTERED = Fault("llm", "filtered", False, 1)
TOO_LONG = Fault("llm", "too_long", False, 1)


def conversation(turns):
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Be kind.")
    for number in range(turns):
        context.add_message(role="user", content=f"question {number}")
        context.items.append(llm.FunctionCall(call_id=f"{number}", name="look", arguments="{}"))
        context.items.append(llm.FunctionCallOutput(call_id=f"{number}", name="look", output="found", is_error=False))
        context.add_message(role="assistant", content=f"answer {number}")
    context.add_message(role="user", content="the newest question")
    return context


def texts(context):
    return [item.text_content for item in context.items if item.type == "message"]


def test_a_refused_sentence_is_never_sent_again_and_everything_else_is():
    history = History()
    context = conversation(1)
    assert not history.for_turn(context).amend(FILTERED)
    context.add_message(role="assistant", content="I can't help with that.")
    context.add_message(role="user", content="and now?")
    assert texts(history.for_turn(context).sendable()) == [
        "Be kind.",
        "question 0",
        "answer 0",
        "I can't help with that.",
        "and now?",
    ]


def test_what_is_refused_turn_after_turn_is_what_was_said_before():
    """Pins a call that was handed over behind a refused sentence: every answer was "I can't help with that"."""
    history = History()
    ahead = conversation(1)
    context = ahead.copy()
    context.items[-1] = llm.ChatMessage(role="user", content=["the newest question"])
    assert not history.for_turn(ahead).amend(FILTERED)
    assert not history.for_turn(context).amend(FILTERED), "a reply that is begun twice is no other turn"
    context.add_message(role="user", content="and now?")
    turn = history.for_turn(context)
    assert turn.amend(FILTERED)
    assert texts(turn.sendable()) == ["Be kind.", "and now?"]
    assert not turn.amend(FILTERED), "nothing is left to leave out"


def test_two_refused_sentences_with_another_between_cost_nothing_else():
    history = History()
    context = conversation(0)
    assert not history.for_turn(context).amend(FILTERED)
    context.add_message(role="user", content="and now?")
    context.add_message(role="assistant", content="fine")
    context.add_message(role="user", content="another bad one")
    turn = history.for_turn(context)
    assert not turn.amend(FILTERED)
    assert texts(turn.sendable()) == ["Be kind.", "and now?", "fine"]


def test_a_history_that_is_too_long_loses_its_oldest_half_until_it_fits():
    history = History()
    turn = history.for_turn(conversation(8))
    lengths = []
    while turn.amend(TOO_LONG):
        sent = turn.sendable()
        lengths.append(len(sent.items))
        assert texts(sent)[0] == "Be kind."
        assert texts(sent)[-1] == "the newest question"
        calls = {item.call_id for item in sent.items if item.type == "function_call"}
        assert {item.call_id for item in sent.items if item.type == "function_call_output"} == calls
    assert lengths[-1] == 2
    assert len(lengths) <= 6
    assert sorted(lengths, reverse=True) == lengths


def test_what_is_too_long_by_itself_is_not_tried_again():
    assert not History().for_turn(conversation(0)).amend(TOO_LONG)
