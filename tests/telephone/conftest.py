"""A telephone exchange on loopback: Redis, the real livekit-server, livekit-sip or its stand-in; and phones at it."""

import asyncio
import secrets

import numpy as np
import pytest
import pytest_asyncio
from livekit import api, rtc

from sandbox.phone.telephone import Telephone
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing

NUMBER = "+918012345678"
CALLER = "+919876543210"
LOUD = 200.0


async def until(condition, seconds=5.0):
    """Wait for something that another process shows."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.01)


async def until_nobody_is_left(livekit, seconds):
    """Wait until the server has no room any more."""
    async with asyncio.timeout(seconds):
        while (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)


def tone(seconds=1.0, hertz=300, rate=8000):
    return (4000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


def loudness(frame):
    return float(np.sqrt((frame.astype(np.float64) ** 2).mean()))


class Exchange(Stack):
    """The telephone half of the stack and nothing else: no worker, no token function, no stand-ins for providers."""

    async def start(self):
        await self.start_redis()
        await self.start_livekit()
        await self.start_sip()

    async def aclose(self):
        """Without the grace that livekit-server gives to rooms which a test left open."""
        for process in self.processes.values():
            await process.stop(grace_seconds=0.2)
        await super().aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def exchange():
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    async with Exchange(StackOptions(telephone=True)) as running:
        await running.telephone.give_number(NUMBER, agent_name="nobody", attributes={"language": "hi-IN"})
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def phone():
    telephone = Telephone(CALLER)
    await telephone.open()
    yield telephone
    await telephone.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def another_phone():
    """`await another_phone(number, answering=...)`."""
    phones = []

    async def switch_on(number, **options):
        telephone = Telephone(number, **options)
        phones.append(telephone)
        await telephone.open()
        return telephone

    yield switch_on
    for each in phones:
        await each.aclose()


class RoomSide:
    """Whoever talks to a phone in a room: publishes a tone, keeps what it sees and hears."""

    def __init__(self):
        self.room = rtc.Room()
        self.statuses, self.left, self.keys, self.attributes, self.kinds = [], {}, [], {}, {}
        self.hears_sound = asyncio.Event()
        self._tasks = []
        self.room.on("participant_connected", self._came)
        self.room.on("participant_attributes_changed", lambda changed, _: self._status(changed))
        self.room.on("participant_disconnected", self._gone)
        self.room.on("sip_dtmf_received", lambda pressed: self.keys.append(pressed.digit))
        self.room.on("track_subscribed", lambda track, *_: self._tasks.append(asyncio.create_task(self._hear(track))))

    async def join(self, network, room):
        grants = api.VideoGrants(room_join=True, room=room)
        token = api.AccessToken(network.api_key, network.api_secret).with_identity("agent").with_kind("agent")
        await self.room.connect(network.livekit_http_url, token.with_grants(grants).to_jwt())
        for participant in self.room.remote_participants.values():
            self._came(participant)
        source = rtc.AudioSource(24000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        await self.room.local_participant.publish_track(track)
        self._tasks.append(asyncio.create_task(self._hum(source)))
        return self

    async def leave(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()

    def _came(self, participant):
        self.kinds[participant.identity] = participant.kind
        self.attributes[participant.identity] = dict(participant.attributes)
        self._status(participant.attributes)

    def _status(self, attributes):
        if status := attributes.get("sip.callStatus"):
            self.statuses.append(status)

    def _gone(self, participant):
        self.left[participant.identity] = participant.disconnect_reason

    async def _hum(self, source):
        while True:
            await source.capture_frame(rtc.AudioFrame(tone(0.01, 400, 24000).tobytes(), 24000, 1, 240))

    async def _hear(self, track):
        async for event in rtc.AudioStream(track, sample_rate=8000, num_channels=1):
            if loudness(np.frombuffer(event.frame.data, dtype=np.int16)) > LOUD:
                self.hears_sound.set()


@pytest_asyncio.fixture(loop_scope="session")
async def room_side(exchange):
    """`await room_side(name)` joins a room; without a name, the one that is made next by a phone's call."""
    sides = []

    async def join(name=None):
        if name is None:
            name = await newest_phone_room(exchange.telephone)
        sides.append(await RoomSide().join(exchange.telephone, name))
        return sides[-1]

    yield join
    for side in sides:
        await side.leave()


async def newest_phone_room(network):
    """The room of a phone that rings."""
    async with asyncio.timeout(5), network.api() as client:
        while True:
            for room in (await client.room.list_rooms(api.ListRoomsRequest())).rooms:
                listed = await client.room.list_participants(api.ListParticipantsRequest(room=room.name))
                if any(each.attributes.get("sip.callStatus") == "ringing" for each in listed.participants):
                    return room.name


@pytest.fixture
def dialled(exchange, phone, room_side):
    """`async with dialled() as (call, side):` a call from the phone that somebody in the room has picked up."""

    async def dial(number=NUMBER):
        joining = asyncio.create_task(room_side())
        async with asyncio.timeout(10):
            call = await phone.dial(number, exchange.telephone.sip_address)
        return call, await joining

    return dial


@pytest.fixture
def place(exchange):
    """`await place(phone, room, ...)`: livekit-server's own CreateSIPParticipant towards a phone."""

    async def create(phone, room=None, number="+919999999999", **options):
        trunk = await exchange.telephone.trunk_to(phone.endpoint.address)
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=trunk, sip_call_to=number, room_name=room or f"room-{secrets.token_hex(4)}",
            participant_identity="callee", wait_until_answered=True, **options,
        )  # fmt: skip
        async with exchange.telephone.api() as client:
            return await client.sip.create_sip_participant(request)

    return create
