"""All spans of a call are in one trace, whoever begins them, and whichever agent carries the call."""

import json
from types import SimpleNamespace

import pytest
from livekit.agents import telemetry

from tests.telemetry.conftest import came
from worker.recovery.rooms import Rooms
from worker.recovery.snapshot import Seal
from worker.telemetry import call_spans
from worker.telemetry.call_spans import TraceOfCall
from worker.ticket import TraceParent, read_ticket, read_traceparent

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PARENT = TraceParent(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True)


@pytest.fixture
def job(monkeypatch):
    """The job that runs in this process, as the framework tells."""
    ctx = SimpleNamespace(job=SimpleNamespace(id="AJ_1", room=SimpleNamespace(sid="RM_1")), is_fake_job=lambda: False,
                          _redaction_enabled=False)  # fmt: skip
    monkeypatch.setattr(call_spans, "get_job_context", lambda required=False: ctx)
    return ctx


async def test_a_call_goes_on_in_the_trace_of_its_token(told, receiver, job):
    url, received = receiver
    tracer = telemetry.tracer
    async with told(url, of_call=lambda _: TraceOfCall(PARENT, "call")):
        with tracer.start_as_current_span("job_entrypoint"):
            tracer.start_span("agent_session").end()
        tracer.start_span("user_turn").end()  # from a task that has no span of its own
        await came(received, lambda got: len(got.spans) == 3)
    assert {span.trace_id for span in received.spans} == {"0af7651916cd43dd8448eb211c80319c"}
    parents = {span.name: span.parent_id for span in received.spans}
    assert parents["job_entrypoint"] == parents["user_turn"] == "b7ad6b7169203331"
    assert parents["agent_session"] == received.named("job_entrypoint")[0].span_id


async def test_agents_of_a_call_without_a_ticket_are_in_one_trace(told, receiver, job):
    url, received = receiver
    async with told(url, of_call=lambda _: TraceOfCall(None, "call-of-a-phone")):
        telemetry.tracer.start_span("job_entrypoint").end()
        job.job.id = "AJ_2"  # the agent that came after
        telemetry.tracer.start_span("job_entrypoint").end()
        await came(received, lambda got: len(got.spans) == 2)
    assert len({span.trace_id for span in received.spans}) == 1
    assert {span.parent_id for span in received.spans} == {""}


async def test_an_unsampled_trace_stays_unsampled(told, receiver, job):
    url, received = receiver
    unsampled = TraceParent(PARENT.trace_id, PARENT.span_id, False)
    async with told(url, of_call=lambda _: TraceOfCall(unsampled, "call")):
        telemetry.tracer.start_span("job_entrypoint").end()
    assert received.spans == []


def test_a_call_that_was_handed_on_has_the_same_trace():
    assert TraceOfCall(None, "a").trace_id == TraceOfCall(None, "a").trace_id != TraceOfCall(None, "b").trace_id
    assert TraceOfCall(PARENT, "a").trace_id == PARENT.trace_id


def test_a_traceparent_is_read():
    assert read_traceparent(GOOD) == PARENT
    assert read_traceparent(GOOD[:-1] + "0") == TraceParent(PARENT.trace_id, PARENT.span_id, False)
    assert read_traceparent("01" + GOOD[2:] + "-what-a-later-version-adds") == PARENT


@pytest.mark.parametrize(
    "text",
    ["", "00", GOOD.upper(), "ff" + GOOD[2:], GOOD + "-more", GOOD[:-3], GOOD.replace("b7ad6b7169203331", "0" * 16),
     GOOD.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), " " + GOOD, GOOD + "\n", "नमस्ते", "0" * 100_000,
     "01" + GOOD[2:] + "-" + "x" * 600],
)  # fmt: skip
def test_anything_else_is_no_traceparent(text):
    assert read_traceparent(text) is None


@pytest.mark.parametrize("said", [None, 7, ["00"], {"a": 1}])
def test_a_ticket_with_a_strange_traceparent_is_still_a_ticket(said):
    ticket = read_ticket(json.dumps({"at": 1, "caller": "c", "traceparent": said}))
    assert ticket is not None
    assert ticket.traceparent == ""


async def test_an_agent_that_is_sent_after_another_is_told_the_trace_of_the_calls_ticket():
    """The whole way of a rescue or a handover: what the first dispatch named stands in the one that follows it."""
    sent = []

    class Dispatches:
        async def list_dispatch(self, _):
            return [SimpleNamespace(metadata=json.dumps({"at": 1, "caller": "c", "traceparent": GOOD}))]

        async def create_dispatch(self, request):
            sent.append(request.metadata)

    seal = Seal("a secret of the project")
    rooms = Rooms(SimpleNamespace(agent_dispatch=Dispatches()), seal)
    await rooms.send_agent("room", "vaani", "crashed", "agent-0", "call")
    succession = seal.open_succession(sent[0], "room")
    assert read_traceparent(succession.traceparent) == PARENT
