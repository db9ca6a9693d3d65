"""A colleague is rung from a caller's room through the real livekit-server: who hears whom, and who is left behind."""

import asyncio
import itertools
import secrets

import pytest
import pytest_asyncio
from livekit import api, rtc

from sandbox.phone.telephone import Answering
from tests.telephone.conftest import LOUD, RoomSide, loudness, tone, until
from worker.phone.colleague import TRACK_NAME, Colleague
from worker.phone.hold_music import HoldMusic
from worker.phone.transfer import Transfer

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBER = "+911140001234"
LONGEST_GAP_SECONDS = 1.0


class Ear:
    """What one telephone hears."""

    def __init__(self, call):
        self.levels = []
        call.on_frame = lambda frame, at: self.levels.append((at, loudness(frame)))

    def loudest(self):
        return max((level for _, level in self.levels), default=0.0)

    def longest_gap_seconds(self):
        """Between two moments at which something was heard."""
        loud = [at for at, level in self.levels if level > LOUD / 2]
        return max((later - at for at, later in itertools.pairwise(loud)), default=float("inf"))


@pytest_asyncio.fixture(loop_scope="session")
async def on_hold(exchange, phone, place):
    """(the agent's side of a room, the caller's call, how a colleague is made, LiveKit's API)."""
    name = f"room-{secrets.token_hex(4)}"
    side = RoomSide()
    grants = api.VideoGrants(room_join=True, room=name)
    network = exchange.telephone
    token = api.AccessToken(network.api_key, network.api_secret).with_identity("agent").with_kind("agent")
    options = rtc.RoomOptions(auto_subscribe=False)
    await side.room.connect(network.livekit_http_url, token.with_grants(grants).to_jwt(), options)
    ringing = asyncio.create_task(place(phone, name))
    async with asyncio.timeout(10):
        caller = await phone.answered_calls.get()
        await ringing

    async with network.api() as livekit:

        async def colleague(another):
            trunk = await network.trunk_to(another.endpoint.address)
            return Colleague(livekit, side.room, "callee", trunk)

        yield side, caller, colleague, livekit
    await side.leave()


async def publish(side, name, hertz):
    """Publish a tone under a name, as an agent that speaks does."""
    source = rtc.AudioSource(24000, 1)
    await side.room.local_participant.publish_track(rtc.LocalAudioTrack.create_audio_track(name, source))

    async def hum():
        while True:
            await source.capture_frame(rtc.AudioFrame(tone(0.01, hertz, 24000).tobytes(), 24000, 1, 240))

    side._tasks.append(asyncio.create_task(hum()))


async def test_caller_and_colleague_do_not_hear_each_other_until_they_may(on_hold, another_phone):
    """The caller hears music without a gap and nothing of the colleague; the colleague hears the agent alone."""
    side, caller, colleague_of, _ = on_hold
    desk = await another_phone(NUMBER, answering=Answering(after_seconds=0.3))
    colleague = await colleague_of(desk)
    music = HoldMusic(side.room)
    await music.start()
    caller_ear = Ear(caller)
    await until(lambda: caller_ear.loudest() > LOUD)
    ringing = asyncio.create_task(colleague.ring(f"tel:{NUMBER}", 20))
    async with asyncio.timeout(10):
        desk_call = await desk.answered_calls.get()
        desk_ear = Ear(desk_call)
        assert await ringing is None
    assert await colleague.is_apart(5)
    caller.say(tone(2.0))
    await until(lambda: not caller.unspoken_samples)
    assert desk_ear.loudest() < LOUD, "the colleague hears neither the music nor the caller"
    await publish(side, TRACK_NAME, 900)
    await until(lambda: desk_ear.loudest() > LOUD)
    assert caller_ear.longest_gap_seconds() < LONGEST_GAP_SECONDS

    await music.aclose()
    caller_ear.levels.clear()
    desk_call.say(tone(1.5))
    await until(lambda: not desk_call.unspoken_samples)
    quiet = [level for at, level in caller_ear.levels if at > caller_ear.levels[0][0] + 0.6]
    assert max(quiet) < LOUD, "the caller hears neither the colleague nor what the agent says to them"

    assert await colleague.connect()
    for speaking, ear in ((caller, Ear(desk_call)), (desk_call, Ear(caller))):
        speaking.say(tone(1.0))
        await until(lambda ear=ear: ear.loudest() > LOUD)


@pytest.mark.parametrize(
    ("status", "outcome"), [(486, Transfer.BUSY), (603, Transfer.DECLINED), (480, Transfer.NO_ANSWER)]
)
async def test_a_colleague_who_does_not_take_the_call_is_told_apart(on_hold, another_phone, status, outcome):
    _, caller, colleague_of, _ = on_hold
    colleague = await colleague_of(await another_phone(NUMBER, answering=Answering(status=status)))
    assert await colleague.ring(f"tel:{NUMBER}", 20) is outcome
    await colleague.release()
    assert not caller.ended.is_set()


async def test_a_colleague_who_still_rings_is_let_go_and_nobody_is_left(on_hold, another_phone):
    side, caller, colleague_of, _ = on_hold
    desk = await another_phone(NUMBER, answering=Answering(status=None))
    colleague = await colleague_of(desk)
    ringing = asyncio.create_task(colleague.ring(f"tel:{NUMBER}", 20))
    await until(lambda: desk.times_rung)
    ringing.cancel()
    await colleague.release()
    assert set(side.room.remote_participants) == {"callee"}
    await until(lambda: desk.given_up_at is not None)
    assert not caller.ended.is_set()


async def test_a_trunk_that_does_not_exist_is_a_failure(on_hold):
    side, _, _, livekit = on_hold
    colleague = Colleague(livekit, side.room, "callee", "ST_nothing")
    assert await colleague.ring(f"tel:{NUMBER}", 20) is Transfer.FAILED
    await colleague.release()
