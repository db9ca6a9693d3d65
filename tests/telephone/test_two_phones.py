"""Two phones call each other without anything in between: the SIP that everything else rests on."""

import asyncio

import pytest
import pytest_asyncio

from sandbox.phone import sdp
from sandbox.phone.sip_endpoint import SipEndpoint
from sandbox.phone.telephone import Answering, CallRefused, Referral, Telephone
from tests.telephone.conftest import loudness, tone, until


@pytest_asyncio.fixture
async def two():
    """A caller and a callee."""
    phones = Telephone("+919876543210"), Telephone("+911140001234")
    for each in phones:
        await each.open()
    yield phones
    for each in phones:
        await each.aclose()


async def connected(caller, callee):
    async with asyncio.timeout(5):
        call = await caller.dial(callee.number, callee.endpoint.address)
        return call, await callee.answered_calls.get()


@pytest.mark.parametrize("code", [sdp.PCMU, sdp.PCMA])
async def test_sound_and_keys_go_both_ways(two, code):
    caller, callee = two
    callee.codes = (code,)
    call, other = await connected(caller, callee)
    heard = {call: [], other: []}
    for each in heard:
        each.on_frame = lambda frame, _, each=each: heard[each].append(loudness(frame))
        each.say(tone(0.2))
        each.press("7*")
    await until(lambda: all(max(levels, default=0) > 2000 for levels in heard.values()))
    await until(lambda: call.keys_heard == other.keys_heard == ["7", "*"])


async def test_whoever_picks_up_may_speak_first(two):
    """A voicemail, or a network that says that the number is switched off."""
    caller, callee = two
    callee.answering = Answering(speech=tone(0.3))
    call, _ = await connected(caller, callee)
    levels = []
    call.on_frame = lambda frame, _: levels.append(loudness(frame))
    await until(lambda: max(levels, default=0) > 2000)
    await until(lambda: levels[-1] < 10)


@pytest.mark.parametrize("who", [0, 1])
async def test_either_hangs_up(two, who):
    calls = await connected(*two)
    await calls[who].hang_up()
    async with asyncio.timeout(5):
        await calls[1 - who].ended.wait()
    assert (calls[who].ended_by_other_side, calls[1 - who].ended_by_other_side) == (False, True)


@pytest.mark.parametrize("status", [486, 603, 480, 404])
async def test_a_call_is_refused_in_the_callees_words(two, status):
    caller, callee = two
    callee.answering = Answering(status)
    with pytest.raises(CallRefused) as refusal:
        await caller.dial(callee.number, callee.endpoint.address)
    assert refusal.value.status == status


async def test_a_phone_in_a_call_is_busy(two):
    caller, callee = two
    await connected(caller, callee)
    third = Telephone("+910000000000")
    await third.open()
    with pytest.raises(CallRefused) as refusal:
        await third.dial(callee.number, callee.endpoint.address)
    assert refusal.value.status == 486
    await third.aclose()


async def test_it_rings_until_the_caller_gives_up(two):
    caller, callee = two
    callee.answering = Answering(None)
    rings = asyncio.Event()
    dialling = asyncio.create_task(caller.dial(callee.number, callee.endpoint.address, on_ringing=rings.set))
    async with asyncio.timeout(5):
        await rings.wait()
    dialling.cancel()
    await until(lambda: callee.given_up_at is not None)
    assert callee.answered_calls.empty()


async def test_hold_and_back(two):
    call, other = await connected(*two)
    await call.hold()
    assert call.direction == "sendonly"
    await call.resume()
    assert (call.direction, other.ended.is_set()) == ("sendrecv", False)


async def test_a_phone_that_is_not_there(two, monkeypatch):
    monkeypatch.setattr("sandbox.phone.sip_endpoint.FIRST_RESEND_SECONDS", 0.01)
    monkeypatch.setattr("sandbox.phone.sip_endpoint.GIVE_UP_SECONDS", 0.1)
    silent = SipEndpoint(lambda _: None)
    await silent.open()
    with pytest.raises(CallRefused) as refusal:
        await two[0].dial("+911111111111", silent.address)
    assert refusal.value.status == 408
    silent.close()


async def test_a_request_that_was_lost_is_sent_again_and_answered_once(two, monkeypatch):
    """The first response is lost: the request comes again, and it is not a second call."""
    monkeypatch.setattr("sandbox.phone.sip_endpoint.FIRST_RESEND_SECONDS", 0.05)
    caller, callee = two
    sent, real = [], callee.endpoint.send
    monkeypatch.setattr(callee.endpoint, "send", lambda data, to: real(data, to) if sent else sent.append(data))
    call, _ = await connected(caller, callee)
    assert sent
    assert callee.times_rung == 1
    assert not call.ended.is_set()


async def test_a_refer_is_carried_out_and_told_of(two):
    call, other = await connected(*two)
    call.referral = Referral(outcome=486, after_seconds=0.05)
    told, received = [], other.receive

    def receive(transaction):
        if transaction.request.method == "NOTIFY":
            told.append(transaction.request.body.split(b"\r\n")[0])
        received(transaction)

    other.receive = receive
    response = await other.dialog.request("REFER", [("Refer-To", "<tel:+911140009999>")]).final()
    assert response.status == 202
    await until(lambda: len(told) == 3)
    assert told == [b"SIP/2.0 100 Trying", b"SIP/2.0 180 Ringing", b"SIP/2.0 486 Busy Here"]
    assert call.referred_to == ["tel:+911140009999"]
