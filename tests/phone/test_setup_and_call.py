"""`python -m phone setup` and `call`, against LiveKit's API."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from aiohttp import ServerDisconnectedError
from aiohttp.test_utils import TestServer
from livekit import api
from livekit.protocol.models import ParticipantInfo

from phone import dialling
from phone.config import read_config
from phone.dialling import Dialler
from phone.errors import LiveKitRefused
from phone.journal import Journal
from phone.outcomes import TRY_AGAIN, Outcome
from phone.rules import Callee, Refusal
from phone.setup import set_up
from tests.phone.livekit_api import LiveKit, sip_error, twirp_error
from tests.phone.telephone_file import ENVIRON, RIGHT
from worker.phone.errand import read_errand

NOON = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
NUMBER = "+919812345678"
KEY, SECRET = "devkey", "a secret of more than 32 characters, made up"
pytestmark = pytest.mark.asyncio


class Nobody:
    """A do-not-call list."""

    def __init__(self, *numbers):
        self.numbers = numbers

    async def forbids(self, number):
        return number in self.numbers


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "phone.toml"
    path.write_text(RIGHT, encoding="utf-8")
    return read_config(path, ENVIRON)


@pytest.fixture
async def livekit():
    """(the API's stand-in, a client of it)."""
    stand_in = LiveKit()
    async with TestServer(stand_in.app()) as server, api.LiveKitAPI(str(server.make_url("/")), KEY, SECRET) as client:
        yield stand_in, client


@pytest.fixture
def dialler(livekit, config, tmp_path, monkeypatch):
    monkeypatch.setattr(dialling, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(dialling, "AGENT_SECONDS", 0.2)
    journal = Journal(tmp_path / "phone.db")

    def build(*, now=NOON, forbidden=()):
        return Dialler(
            livekit[1], config, config.outbound, "id-0", forbidden=Nobody(*forbidden), one_at_a_time=journal.hold,
            key=SECRET, now=lambda: now,
        )  # fmt: skip

    yield build
    journal.close()


# ---- setup


async def test_every_number_rings_in_every_form_and_in_its_language(livekit, config):
    """Pins `08012345678` that found no trunk: the phone was rung for ever, and nobody was told."""
    stand_in, client = livekit
    changes = await set_up(client, config)
    assert [change.how for change in changes] == ["created"] * 5
    first, second = stand_in.trunks_in.values()
    assert list(first.numbers) == ["+918012345678", "918012345678", "00918012345678", "08012345678", "8012345678"]
    assert "912212345678;ext=1" in second.numbers
    assert first.ringing_timeout.seconds == 30, "who rings where nobody comes is told busy, and not after three minutes"
    rules = list(stand_in.rules.values())
    assert [dict(rule.attributes) for rule in rules] == [{"language": "kn-IN"}, {}]
    assert [list(rule.trunk_ids) for rule in rules] == [["id-0"], ["id-1"]]
    assert rules[0].room_config.agents[0].agent_name == "vaani"
    [out] = stand_in.trunks_out.values()
    assert list(out.numbers) == ["+911600123456", "+911401234567"]
    assert (out.address, out.auth_password) == ("sip.carrier.example:5060", "hunter2")


async def test_no_room_is_named_after_a_callers_number(livekit, config):
    stand_in, client = livekit
    await set_up(client, config)
    assert {rule.rule.WhichOneof("rule") for rule in stand_in.rules.values()} == {"dispatch_rule_callee"}


async def test_a_second_setup_changes_nothing_and_a_changed_file_only_what_differs(livekit, config, tmp_path):
    _, client = livekit
    await set_up(client, config)
    assert [change.how for change in await set_up(client, config)] == ["unchanged"] * 5
    (tmp_path / "phone.toml").write_text(RIGHT.replace("kn-IN", "ta-IN"), encoding="utf-8")
    changed = await set_up(client, read_config(tmp_path / "phone.toml", ENVIRON))
    assert [change.what for change in changed if change.how == "updated"] == ["dispatch rule vaani-in +918012345678"]
    assert not any(change.how == "created" for change in changed)


async def test_a_livekit_without_telephone_is_told_with_what_it_lacks(livekit, config):
    stand_in, client = livekit
    stand_in.refuses = (503, "unavailable", {})
    with pytest.raises(LiveKitRefused, match="needs Redis and livekit-sip"):
        await set_up(client, config)


# ---- call


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (sip_error(486), Outcome.BUSY), (sip_error(600), Outcome.BUSY), (sip_error(603), Outcome.DECLINED),
        (sip_error(480), Outcome.UNAVAILABLE), (sip_error(404), Outcome.NO_SUCH_NUMBER),
        (sip_error(484), Outcome.NO_SUCH_NUMBER), (sip_error(487), Outcome.NO_ANSWER),
        (sip_error(500), Outcome.TRUNK_FAILED), ((408, "canceled", {}), Outcome.NO_ANSWER),
        ((404, "not_found", {}), Outcome.TRUNK_FAILED),
    ],
)  # fmt: skip
async def test_who_is_not_reached_is_told_why_and_no_agent_waits_for_them(livekit, config, dialler, answer, outcome):
    stand_in, _ = livekit
    stand_in.answers[NUMBER] = answer
    result = await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    assert result.outcome is outcome
    assert stand_in.rooms == {}, "the room is gone, and with it the agent"


@pytest.mark.parametrize("heard", ["human", "voicemail", "announcement", "", "nonsense"])
async def test_who_picks_up_is_told_when_the_call_is_over(livekit, config, dialler, heard):
    stand_in, _ = livekit
    stand_in.answers[NUMBER], stand_in.heard[NUMBER] = 0.1, heard
    result = await dialler().call(Callee(NUMBER, "C-1", "ta-IN"), config.purposes["order-update"])
    assert result.outcome.value == (heard if heard in ("human", "voicemail", "announcement") else "answered")
    [asked] = stand_in.dialled
    assert (asked.sip_call_to, asked.sip_number) == (NUMBER, "+911600123456")
    assert "9812345678" not in asked.room_name + asked.participant_identity + asked.participant_name
    errand = read_errand(stand_in.metadata)
    assert (errand.company, errand.about, errand.language) == (
        "Asha Bakery", "the cake that was ordered for today", "ta-IN",
    )  # fmt: skip
    assert stand_in.rooms == {}


@pytest.mark.parametrize(
    ("callee", "how", "why"),
    [
        (Callee(NUMBER, ""), {}, Refusal.NO_CONSENT),
        (Callee(NUMBER, "C-1"), {"forbidden": (NUMBER,)}, Refusal.DO_NOT_CALL),
        (Callee(NUMBER, "C-1"), {"now": NOON.replace(hour=16)}, Refusal.OUTSIDE_HOURS),
    ],
)
async def test_who_may_not_be_called_is_not_dialled(livekit, config, dialler, callee, how, why):
    stand_in, _ = livekit
    result = await dialler(**how).call(callee, config.purposes["order-update"])
    assert result.outcome is why
    assert stand_in.asked == [], "LiveKit hears nothing of it"


async def test_nobody_is_rung_into_a_room_without_an_agent(livekit, config, dialler):
    stand_in, _ = livekit
    stand_in.agent_comes = False
    result = await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    assert result.outcome is Outcome.NO_AGENT
    assert (stand_in.dialled, stand_in.rooms) == ([], {})


@pytest.mark.parametrize("state", ["JOINING", "JOINED"])
async def test_nobody_is_rung_before_the_agent_is_connected(livekit, config, dialler, state):
    """Pins a busy phone's agent that was still connecting when the room was deleted, and opened it anew."""
    stand_in, _ = livekit
    stand_in.agent_state = ParticipantInfo.State.Value(state)
    result = await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    assert result.outcome is Outcome.NO_AGENT
    assert (stand_in.dialled, stand_in.rooms) == ([], {})


async def test_a_number_is_called_once_at_a_time(livekit, config, dialler):
    stand_in, _ = livekit
    stand_in.answers[NUMBER] = 0.3
    both = [dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"]) for _ in range(2)]
    outcomes = {result.outcome for result in await asyncio.gather(*both)}
    assert outcomes == {Outcome.ANSWERED, Refusal.ALREADY_CALLED}
    assert len(stand_in.dialled) == 1


async def test_a_number_that_another_machine_calls_is_left_alone(livekit, config, dialler):
    stand_in, _ = livekit
    name = dialler().name_of(Callee(NUMBER, "C-1"))
    stand_in.rooms[f"out-{name}-1"] = {"agent": api.ParticipantInfo(identity="agent")}
    result = await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    assert result.outcome is Refusal.ALREADY_CALLED
    assert len(stand_in.rooms) == 1


async def test_each_try_has_a_room_of_its_own(livekit, config, dialler):
    """Pins an agent that, tidying up after one try, could end the next: they were in rooms of one name."""
    stand_in, _ = livekit
    for _ in range(2):
        await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    first, second = (asked.room_name for asked in stand_in.dialled)
    assert first != second


async def test_a_livekit_that_stops_to_answer_in_mid_call_does_not_make_it_a_call_that_was_none(
    livekit, config, dialler, monkeypatch
):
    """Pins who was reached and called again: the call was told as one that could not be placed."""
    stand_in, _ = livekit
    stand_in.answers[NUMBER], stand_in.heard[NUMBER] = 0.3, "human"
    asked, listed = [], stand_in.ListParticipants

    def hiccup(body):
        asked.append(body)
        return twirp_error(503, "unavailable", {}) if stand_in.dialled and len(asked) % 3 else listed(body)

    monkeypatch.setattr(stand_in, "ListParticipants", hiccup)
    assert (await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])).outcome is Outcome.HUMAN
    assert len(asked) > 3


async def test_a_livekit_that_is_gone_in_mid_call_ends_the_wait(livekit, config, dialler, monkeypatch):
    monkeypatch.setattr(dialling, "UNSEEN_SECONDS", 0.2)
    stand_in, _ = livekit
    stand_in.answers[NUMBER], listed = 60.0, stand_in.ListParticipants

    def gone(body):
        return twirp_error(503, "unavailable", {}) if stand_in.dialled else listed(body)

    monkeypatch.setattr(stand_in, "ListParticipants", gone)
    assert (await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])).outcome is Outcome.ANSWERED


async def test_what_livekit_does_not_tell_of_a_phone_that_was_rung_is_unknown_and_not_tried_again(
    livekit, config, dialler, monkeypatch
):
    stand_in, client = livekit

    async def cut(request):
        stand_in.dialled.append(request)
        raise ServerDisconnectedError

    monkeypatch.setattr(client.sip, "create_sip_participant", cut)
    assert (await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])).outcome is Outcome.UNKNOWN
    assert Outcome.UNKNOWN not in TRY_AGAIN
    assert stand_in.rooms == {}


# ---- after a crash


def left_behind(stand_in, name, *, status=None, heard=None, seconds=0.2):
    """A room that a process which was killed has left: an agent, and a phone that rings, talks, or was never rung."""
    people = stand_in.rooms[f"out-{name}-1"] = {}
    people["agent"] = ParticipantInfo(identity="agent", kind=ParticipantInfo.Kind.AGENT)
    if heard:
        people["agent"].attributes["vaani.answered_by"] = heard
    if status:
        people["phone"] = ParticipantInfo(identity="phone", kind=ParticipantInfo.Kind.SIP)
        people["phone"].attributes["sip.callStatus"] = status
        asyncio.get_running_loop().call_later(seconds, people.pop, "phone", None)


@pytest.mark.parametrize(
    ("left", "outcome"),
    [
        ({"status": "active", "heard": "human"}, Outcome.HUMAN),
        ({"status": "active", "heard": "voicemail"}, Outcome.VOICEMAIL),
        ({"status": "active"}, Outcome.ANSWERED),
        ({"status": "ringing"}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
    ],
)
async def test_a_call_that_goes_on_without_its_process_is_followed_to_an_honest_end(
    livekit, config, dialler, monkeypatch, caplog, left, outcome
):
    """Pins a phone that only rang, or was never rung, told as `answered`; and an agent that stayed in its room."""
    monkeypatch.setattr(dialling, "JOINING_SECONDS", 0.1)
    caplog.set_level("INFO", "vaani.phone")
    stand_in, _ = livekit
    dials = dialler()
    if left is not None:
        left_behind(stand_in, dials.name_of(Callee(NUMBER, "C-1")), **left)
    result = await dials.follow(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    assert result.outcome is outcome
    assert (stand_in.rooms, stand_in.dialled) == ({}, [])
    [record] = [each for each in caplog.records if each.message == "phone.call_placed"]
    assert record.outcome == outcome.value


async def test_what_is_logged_of_a_call_has_no_number_in_it(livekit, config, dialler, caplog):
    caplog.set_level("INFO", "vaani.phone")
    await dialler().call(Callee(NUMBER, "C-1"), config.purposes["order-update"])
    [record] = [each for each in caplog.records if each.message == "phone.call_placed"]
    assert (record.outcome, record.purpose, record.consent) == ("answered", "order-update", "C-1")
    assert "9812345678" not in json.dumps(vars(record), default=str)
