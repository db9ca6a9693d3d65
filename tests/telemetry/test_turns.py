"""What a turn's span and its stages say of a caller's wait."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit.agents import telemetry

from tests.telemetry.conftest import came
from worker.bill import Bill
from worker.conversation.reports import FinishedTurn
from worker.end_of_turn import Completeness, Wait
from worker.end_of_turn.detector import Decision
from worker.record.call_record import Cost
from worker.telemetry import names
from worker.telemetry.in_call import Telemetry
from worker.telemetry.network import NetworkDelay
from worker.telemetry.pipe import Pipe
from worker.telemetry.turns import ModelTimes, Moments, since_last_voice, stages

NOON = 1_800_000_000.0


def moments(**known):
    return Moments(**{name: NOON + seconds for name, seconds in known.items()})


# A reply in one go: transcript 0.25, decided 0.60, asked then, token 0.90, clause 1.00, voice 1.20, heard 1.22.
PLAIN = {
    "last_word": 0.0, "transcript": 0.25, "decided": 0.6, "model_asked": 0.6, "first_token": 0.9, "first_clause": 1.0,
    "first_byte": 1.2, "first_sound": 1.22,
}  # fmt: skip
WAITED = [
    (PLAIN, {"recogniser_final": 0.25, "end_of_turn": 0.35, "model_first_token": 0.3, "model_first_clause": 0.1,
             "voice_first_byte": 0.2, "playout": 0.02}),
    # Begun early: the model has answered before the turn is over, so nobody waits for it.
    (PLAIN | {"model_asked": 0.25, "first_token": 0.5, "first_clause": 0.58, "first_byte": 0.75, "first_sound": 0.77},
     {"recogniser_final": 0.25, "end_of_turn": 0.35, "model_first_token": 0.0, "model_first_clause": 0.0,
      "voice_first_byte": 0.15, "playout": 0.02}),
    # Decided before the final transcript: the recogniser delays nothing beyond that.
    (PLAIN | {"transcript": 0.9}, {"recogniser_final": 0.6, "end_of_turn": 0.0, "model_first_token": 0.3,
                                   "model_first_clause": 0.1, "voice_first_byte": 0.2, "playout": 0.02}),
    ({"last_word": 0.0, "first_sound": 1.0}, {"playout": 1.0}),
]  # fmt: skip


@pytest.mark.parametrize(("known", "expected"), WAITED)
@pytest.mark.parametrize("network", [None, 0.08])
def test_what_the_stages_add_to_the_wait_sums_up_to_the_wait(known, expected, network):
    found = stages(moments(**known), network)
    waited = {stage.name: pytest.approx(stage.waited, abs=1e-6) for stage in found}
    assert waited == expected | ({} if network is None else {"network": network})
    assert sum(stage.waited for stage in found) == pytest.approx(known["first_sound"] + (network or 0), abs=1e-6)


def test_a_stage_lasts_as_long_as_it_lasted_whoever_waited_for_it():
    lasted = {stage.name: stage.ended - stage.began for stage in stages(moments(**PLAIN), None)}
    assert lasted["end_of_turn"] == pytest.approx(0.6, abs=1e-6)
    assert lasted["model_first_token"] == pytest.approx(0.3, abs=1e-6)
    assert lasted["voice_first_byte"] == pytest.approx(0.2, abs=1e-6)


class Room:
    name, on = "room", staticmethod(lambda *_: None)

    def isconnected(self):
        return False


def finished(heard, said, rupees=0.25):
    return FinishedTurn(3, "hi-IN", False, heard, said, Cost({}, Bill(rupees, ())), "stt-req-1")


DECISION = Decision(Wait(0.5, Completeness.UNCLEAR, "words"), waited_seconds=0.4, since_voice_seconds=0.5)
HEARD = {"stopped_speaking_at": NOON, "transcription_delay": 0.25, "end_of_turn_delay": 0.6}
SAID = {
    "started_speaking_at": NOON + 1.22, "llm_node_ttft": 0.3, "llm_node_ttfs": 0.4, "tts_node_ttfb": 0.2,
    "e2e_latency": 1.22,
}  # fmt: skip


async def test_a_turn_is_one_span_with_its_stages_below_it_and_says_which_was_slowest(told, receiver):
    url, received = receiver
    tracer = telemetry.tracer
    async with told(url) as (call, _):
        begun = round((NOON + 0.6) * 1e9)
        model = tracer.start_span("llm_node", start_time=begun, attributes={"lk.response.ttft": 0.3})
        model.end(begun + 800_000_000)
        call._turn(finished(HEARD, SAID), NetworkDelay(Room()))
        await came(received, lambda got: got.named("turn"))
    turn = received.named("turn")[0]
    stages = {span.name: span for span in received.spans if span.parent_id == turn.span_id}
    assert set(stages) == set(names.STAGES) - {names.NETWORK}
    assert turn.seconds == pytest.approx(1.22, abs=1e-4)
    assert turn.attributes[names.SLOWEST_STAGE] == names.END_OF_TURN
    assert turn.attributes[names.TURN_NUMBER] == 3
    assert stages[names.MODEL].began == pytest.approx(NOON + 0.6, abs=1e-4)
    assert stages[names.RECOGNISER].attributes["lk.provider_request_ids"] == ["stt-req-1"]
    assert stages[names.MODEL].links == (received.named("llm_node")[0].span_id,)


async def test_a_turn_is_measured_with_an_exemplar_that_leads_to_its_span(told, receiver):
    url, received = receiver
    async with told(url, OTEL_METRIC_EXPORT_INTERVAL="200") as (call, _):
        call._turn(finished(HEARD, SAID), NetworkDelay(Room()))
        await came(received, lambda got: got.metric("vaani.voice_to_voice"))  # while the call lasts
    # The first delivery after it: an exemplar is told once.
    point = next(each for each in received.metrics if each.name == "vaani.voice_to_voice").histogram.data_points[0]
    assert point.sum == pytest.approx(1.22, abs=1e-4)
    assert [pair.value.string_value for pair in point.attributes] == ["hi-IN"]
    assert point.exemplars[0].span_id.hex() == received.named("turn")[0].span_id
    assert received.metric("vaani.rupees").sum.data_points[0].as_double == 0.25
    assert received.metric("vaani.calls").gauge.data_points[0].as_int == 2
    assert received.metric("vaani.calls.capacity").gauge.data_points[0].as_int == 8


async def test_an_unknown_price_is_not_counted_as_nothing(told, receiver):
    url, received = receiver
    async with told(url) as (call, _):
        call._turn(finished(HEARD, SAID, rupees=None), NetworkDelay(Room()))
        await came(received, lambda got: got.named("turn"))
    assert received.metric("vaani.rupees") is None
    assert names.RUPEES not in received.named("turn")[0].attributes


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ({}, {}),
        (HEARD, {}),
        ({}, SAID),
        (HEARD, {"started_speaking_at": NOON - 1}),
        ({"stopped_speaking_at": None}, SAID),
    ],
)
async def test_a_turn_without_sound_is_no_span_and_no_error(told, receiver, heard, said):
    url, received = receiver
    async with told(url) as (call, _):
        call._turn(finished(heard, said), NetworkDelay(Room()))
        telemetry.tracer.start_span("agent_turn").end()
        await came(received, lambda got: got.named("agent_turn"))
    assert received.named("turn") == []


async def test_a_turns_network_is_as_it_was_when_its_caller_had_finished(told, receiver):
    """Pins the network of the turn before, which is another one where people walk about with their telephones."""
    url, _ = receiver
    looked = []
    room = SimpleNamespace(isconnected=lambda: True, get_rtc_stats=lambda: looked.append("at it") or nothing())
    ctx = SimpleNamespace(room=room, log_context_fields={}, add_shutdown_callback=lambda _: None)
    reports = SimpleNamespace(on_event=[], on_turn=[], on_reply_sound=None)
    async with told(url) as (call, _):
        call.turn_decided(DECISION)
        assert call._network is None, "nobody is followed yet"
        call.follow(ctx, reports, "call")
        call.turn_decided(DECISION)
        await call._network._asking
    assert looked == ["at it"]


async def nothing():
    return SimpleNamespace(publisher_stats=[], subscriber_stats=[])


async def test_a_round_trip_and_both_buffers_are_the_network():
    stat = SimpleNamespace
    pair = stat(WhichOneof=lambda _: "candidate_pair",
                candidate_pair=stat(candidate_pair=stat(nominated=True, current_round_trip_time=0.03)))  # fmt: skip
    heard = stat(WhichOneof=lambda _: "inbound_rtp",
                 inbound_rtp=stat(inbound=stat(jitter_buffer_delay=40.0, jitter_buffer_emitted_count=1000)),
                 )  # fmt: skip

    class Connected(Room):
        def isconnected(self):
            return True

        async def get_rtc_stats(self):
            return stat(publisher_stats=[pair], subscriber_stats=[pair, heard])

    network = NetworkDelay(Connected())
    network.look_again()
    await network._asking
    assert network.seconds == pytest.approx(0.03 + 2 * (0.025 + 0.04))
    heard.inbound_rtp.inbound.jitter_buffer_delay, heard.inbound_rtp.inbound.jitter_buffer_emitted_count = 50.0, 1100
    network.look_again()
    await network._asking
    assert network.seconds == pytest.approx(0.03 + 2 * (0.025 + 0.1)), "what was lately, not on average"


def test_a_turn_begins_with_the_callers_last_voiced_sample():
    heard = since_last_voice(HEARD, NOON - 0.1)
    assert heard == {
        "stopped_speaking_at": NOON - 0.1, "transcription_delay": pytest.approx(0.35),
        "end_of_turn_delay": pytest.approx(0.7),
    }  # fmt: skip


@pytest.mark.parametrize("last_voiced_at", [None, NOON + 0.1, NOON - 30])
def test_a_last_sample_of_another_turn_changes_nothing(last_voiced_at):
    assert since_last_voice(HEARD, last_voiced_at) == HEARD
    assert since_last_voice({}, last_voiced_at) == {}


def test_where_no_span_says_when_the_model_was_asked_its_stages_are_as_long_and_as_late_as_they_can_be():
    """Pins metrics without traces, and calls that are not sampled: they had no figure of model and voice."""
    at = Moments.of(HEARD, SAID, ModelTimes())
    lasted = {stage.name: stage.ended - stage.began for stage in stages(at, None)}
    assert lasted["model_first_token"] == pytest.approx(0.3, abs=1e-6)
    assert lasted["model_first_clause"] == pytest.approx(0.1, abs=1e-6)
    assert lasted["voice_first_byte"] == pytest.approx(0.2, abs=1e-6)
    assert sum(stage.waited for stage in stages(at, None)) == pytest.approx(1.22, abs=1e-6)


async def test_prometheus_alone_has_every_stage(told, receiver):
    _, received = receiver
    async with told("http://127.0.0.1:1", OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="prometheus") as (
        _,
        worker,
    ):
        call = Telemetry(Pipe(str(worker._server._path)), None)
        call._turn(finished(HEARD, SAID), NetworkDelay(Room()))
        async with asyncio.timeout(10):
            while "vaani_stage_duration_seconds_count" not in (text := worker.scraped.text()):
                await asyncio.sleep(0)  # noqa: TID251  the reader's turn
    assert 'vaani_stage_duration_seconds_count{vaani_stage="model_first_token"} 1' in text
    assert received.spans == []
