"""An outcome is asked for once, within its time, held against the schema, and never holds a secret."""

import asyncio
import json
import time

import pytest
from livekit.agents import llm

from tests.outcome.conftest import GOOD, maker_for, whole
from worker.outcome.after_call import AfterCall, conversation_of
from worker.outcome.conversation import LONGEST_CHARACTERS, Conversation, Line, ToolRun
from worker.outcome.schema import OutcomeSchema

CALL = Conversation(
    [
        Line("assistant", "Hello, this is Vaani."),
        Line("caller", "मेरा ऑर्डर 4521 कैंसल कर दीजिए"),
        Line("assistant", "I have cancelled it."),
    ],
    [ToolRun("cancel_order", ok=True)],
)
TOOLS = ["cancel_order", "order_status", "transfer_to_human"]


async def made(model, call=CALL, *, keeps_words=True, **settings):
    async with maker_for(model, **settings) as maker:
        return await maker.make(call, TOOLS, keeps_words=keeps_words)


async def test_a_call_that_is_over_has_a_summary_and_what_the_schema_asks_for(model):
    outcome = await made(model)
    assert (outcome.status, outcome.summary, outcome.outcome) == ("ok", "The caller has cancelled order 4521.", GOOD)
    (asked,) = model.asked
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert asked["max_completion_tokens"] == 1000
    assert "in English" in asked["messages"][0]["content"]
    assert "4521 कैंसल" in asked["messages"][1]["content"]
    assert "- cancel_order: done" in asked["messages"][1]["content"]


async def test_the_summary_is_in_the_operators_language(model):
    await made(model, outcome_language="ta-IN")
    assert "in Tamil" in model.asked[0]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("promise", "status"),
    [
        ({"what": "the order is cancelled", "tool": "cancel_order"}, "done"),
        ({"what": "the money is sent back", "tool": "refund"}, "not_done"),
        ({"what": "the parcel is on its way", "tool": "order_status"}, "failed"),
        ({"what": "somebody calls tomorrow", "tool": "none"}, "no_tool"),
        ({"what": "somebody calls tomorrow"}, "no_tool"),
    ],
)
async def test_a_promise_is_held_against_what_tools_really_did(model, promise, status):
    model.script = [whole(promises=[promise])]
    tools = [ToolRun("cancel_order", ok=False), ToolRun("cancel_order", ok=True), ToolRun("order_status", ok=False)]
    outcome = await made(model, Conversation(CALL.lines, tools))
    assert [marked["status"] for marked in outcome.promises] == [status]


@pytest.mark.parametrize(
    "answer",
    [
        whole(GOOD | {"sentiment": "furious"}),
        whole({"intent": "cancel"}),
        whole(GOOD | {"more": 1}),
        whole(GOOD | {"resolved": "yes"}),
        whole([1, 2]),
        whole(None),
    ],
)
async def test_an_answer_that_does_not_fit_is_kept_as_it_came_and_marked(model, answer):
    model.script = [answer]
    outcome = await made(model)
    assert outcome.status == "does_not_fit"
    came = json.loads(answer)["outcome"]
    assert outcome.outcome == (came if isinstance(came, dict) or came is None else {"answer": came})
    assert outcome.summary == "The caller has cancelled order 4521."
    assert len(model.asked) == 1


@pytest.mark.parametrize("text", ["I cannot say.", "[1]", '{"intent": "cancel"', "null", "{}"])
async def test_an_answer_in_no_form_is_kept_too(model, text):
    model.script = [text]
    outcome = await made(model)
    assert outcome.status == "does_not_fit"
    assert outcome.outcome is not None


SECRETS = [
    Line("assistant", "Please tell me the OTP."),
    Line("caller", "नौ आठ सात सात"),
    Line("caller", "and my card is four one one one 1111 1111 1111"),
]


async def test_no_secret_reaches_the_model_or_the_outcome(model):
    model.script = [whole(GOOD | {"intent": "OTP 9877"}, summary="Card 4111 1111 1111 1111, code 9877.")]
    outcome = await made(model, Conversation(SECRETS))
    everything = model.text + repr(outcome.as_event())
    for secret in ("9877", "नौ आठ", "1111", "four one one"):
        assert secret not in everything
    assert outcome.summary == "Card [card], code [otp]."
    assert "[otp]" in model.text


async def test_what_the_setting_keeps_is_not_masked(model):
    await made(model, Conversation(SECRETS), unmasked=["otp", "phone"])
    assert "नौ आठ सात सात" in model.text
    assert "1111" not in model.text


async def test_where_no_words_are_kept_only_listed_values_and_yes_and_no_are(model):
    model.script = [whole(GOOD, promises=[{"what": "it is cancelled", "tool": "cancel_order"}])]
    outcome = await made(model, keeps_words=False)
    assert outcome.summary is None
    assert outcome.outcome == {
        "intent": None, "resolved": True, "promised": [], "callback_wanted": False, "sentiment": "neutral",
        "language": "hi-IN",
    }  # fmt: skip
    assert outcome.promises == [{"what": None, "tool": "cancel_order", "status": "done"}]


async def test_an_answer_that_does_not_fit_is_words_too(model):
    model.script = ["The caller Ravi is angry."]
    outcome = await made(model, keeps_words=False)
    assert (outcome.status, outcome.outcome, outcome.summary) == ("does_not_fit", None, None)


@pytest.mark.parametrize("lines", [[], [Line("assistant", "Hello?")], [Line("caller", "  ")]])
async def test_nobody_is_asked_about_a_call_in_which_nothing_was_said(model, lines):
    outcome = await made(model, Conversation(lines))
    assert (outcome.status, model.asked) == ("nothing_said", [])


@pytest.mark.parametrize("fault", [500, 503, 429, 408, None])
async def test_what_passes_is_tried_again(model, fault):
    model.script = [fault, whole()]
    assert (await made(model)).status == "ok"
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    ("script", "status", "tries"),
    [
        ([401], "no_answer: http_401", 1),
        ([400], "no_answer: http_400", 1),
        ([503], "no_answer: unavailable", 3),
        ([{"message": {"role": "assistant", "refusal": "No."}, "finish_reason": "stop"}], "no_answer: refused", 1),
        ([{"message": {"role": "assistant"}, "finish_reason": "content_filter"}], "no_answer: refused", 1),
        ([{"message": {"role": "assistant", "content": '{"summ'}, "finish_reason": "length"}], "no_answer: cut_off", 1),
    ],
)  # fmt: skip
async def test_why_there_is_no_outcome_is_said(model, script, status, tries):
    model.script = script
    outcome = await made(model)
    assert (outcome.status, outcome.is_answered) == (status, False)
    assert len(model.asked) == tries


async def test_a_model_that_hangs_holds_nobody_longer_than_the_bound(model):
    model.script = ["hang"]
    begun = time.monotonic()
    outcome = await made(model, outcome_seconds=1.0)
    assert outcome.status == "no_answer: timeout"
    assert time.monotonic() - begun < 2 * 1.5


async def test_a_model_that_cannot_be_reached_is_no_error():
    class Nowhere:
        url = "http://127.0.0.1:1/v1"

    assert (await made(Nowhere)).status == "no_answer: connection"


async def test_of_a_call_that_is_too_long_the_middle_is_left_out(model):
    lines = [Line("caller", f"sentence {number} " + "x" * 200) for number in range(500)]
    await made(model, Conversation(lines))
    shown = model.asked[0]["messages"][1]["content"]
    assert len(shown) < LONGEST_CHARACTERS + 500
    assert "sentence 0 " in shown
    assert "sentence 499 " in shown
    assert "left out" in shown


def spoken():
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="You are Vaani.")
    context.add_message(role="assistant", content="Hello.")
    context.add_message(role="user", content="cancel it")
    context.items.append(llm.FunctionCall(call_id="1", name="cancel_order", arguments="{}"))
    context.items.append(llm.FunctionCallOutput(call_id="1", name="cancel_order", output="no", is_error=True))
    return context


def test_an_agents_memory_is_what_was_said_and_what_tools_did():
    assert conversation_of(spoken(), "earlier") == Conversation(
        [Line("assistant", "Hello."), Line("caller", "cancel it")], [ToolRun("cancel_order", ok=False)], "earlier"
    )


class FakeRecord:
    def __init__(self, *, has_ended=True, keeps_words=False, agrees=True):
        self.has_ended, self.keeps_words, self.outcomes = has_ended, keeps_words, []
        self.agrees = agrees
        self.costs_told = 0

    def tell_cost(self):
        self.costs_told += 1

    def may_keep_words(self):
        return self.agrees

    def came_to(self, outcome):
        self.outcomes.append(outcome)


async def finished(model, record, said=spoken, follows=False, used=lambda usage: None, **settings):
    async with maker_for(model, **settings) as maker:
        after = AfterCall(
            maker, record, spoken=said, before=lambda: "", tools=TOOLS, keeps_text=False, tells=True, follows=follows,
            used=used,
        )  # fmt: skip
        await after.finish()
    return record.outcomes


async def test_who_has_handed_the_call_over_makes_no_outcome(model):
    assert await finished(model, FakeRecord(has_ended=False)) == []
    assert model.asked == []


async def test_nobody_is_asked_about_a_caller_who_has_not_agreed(model):
    (outcome,) = await finished(model, FakeRecord(agrees=False))
    assert (outcome["status"], outcome["summary"], model.asked) == ("no_consent", None, [])


@pytest.mark.parametrize(("keeps_words", "statuses"), [(True, []), (False, ["no_words"])])
async def test_a_rescuer_whose_caller_is_gone_leaves_the_outcome_to_whoever_has_the_words(model, keeps_words, statuses):
    """Pins that it wrote `nothing_said` over a call in which another agent had heard something."""
    outcomes = await finished(model, FakeRecord(keeps_words=keeps_words), llm.ChatContext.empty, follows=True)
    assert [outcome["status"] for outcome in outcomes] == statuses
    assert model.asked == []


async def test_the_record_is_told_once_and_whether_to_tell_others(model):
    (outcome,) = await finished(model, FakeRecord(keeps_words=True))
    assert (outcome["status"], outcome["tell"]) == ("ok", True)


async def test_what_asking_has_used_is_part_of_what_the_call_costs(model):
    """Pins an outcome's tokens that were logged, and in no call's rupees."""
    used, record = [], FakeRecord(keeps_words=True)
    await finished(model, record, used=used.append)
    assert used == [{"llm_usage:gpt-6-luna": {"input_tokens": 90, "output_tokens": 30}}]
    assert record.costs_told == 1


async def test_tries_without_an_answer_are_billed_and_so_counted(model):
    used = []
    model.script = [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}, 503, whole()]
    await finished(model, FakeRecord(), used=used.append, outcome_model="gpt-6-sol")
    assert used == [{"llm_usage:gpt-6-sol": {"input_tokens": 180, "output_tokens": 60}}]
    used.clear()
    model.script = [{"message": {"role": "assistant", "content": "{"}, "finish_reason": "length"}]
    await finished(model, FakeRecord(), used=used.append)
    assert used == [{"llm_usage:gpt-6-luna": {"input_tokens": 90, "output_tokens": 30}}]


async def test_without_an_answer_the_record_waits_for_another_worker_only_where_it_has_the_words(model):
    model.script = [401]
    assert await finished(model, FakeRecord(keeps_words=True)) == []
    (outcome,) = await finished(model, FakeRecord(keeps_words=False))
    assert outcome["status"] == "no_answer: http_401"


@pytest.mark.parametrize("count", [6])
async def test_many_at_once(model, count):
    outcomes = await asyncio.gather(*(made(model) for _ in range(count)))
    assert {outcome.status for outcome in outcomes} == {"ok"}


async def test_an_operators_own_schema_is_asked_for_and_checked(model):
    schema = OutcomeSchema({"type": "object", "properties": {"lead": {"$ref": "#/$defs/lead"}}, "$defs": {
        "lead": {"type": "string", "pattern": "^L-[0-9]+$"}}, "required": ["lead"]})  # fmt: skip
    model.script = [whole({"lead": "L-7"})]
    async with maker_for(model, schema) as maker:
        assert (await maker.make(CALL, TOOLS, keeps_words=True)).status == "ok"
        model.script = [whole({"lead": "seven"})]
        assert (await maker.make(CALL, TOOLS, keeps_words=True)).status == "does_not_fit"
    asked = model.asked[0]["response_format"]["json_schema"]
    assert asked["strict"] is False
    assert asked["schema"]["$defs"]["lead"]["pattern"] == "^L-[0-9]+$"
    assert asked["schema"]["properties"]["outcome"]["properties"]["lead"] == {"$ref": "#/$defs/lead"}
