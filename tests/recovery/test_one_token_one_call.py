"""A token is good for one call, a caller for two at once, and a line for somebody who can be heard."""

import asyncio
import base64
import json
import os
import time

import aiohttp
import pytest
from livekit import api, rtc

from tests.recovery.conftest import Guest

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]
SPOKEN_WITHIN_SECONDS = 20


def token(stack, *, caller="asha-1", room=None, age_seconds=0):
    """A token as the token function makes it, with a ticket for the worker."""
    made = api.AccessToken(stack.api_key, stack.api_secret).with_identity(f"caller-{os.urandom(4).hex()}")
    made = made.with_grants(api.VideoGrants(room_join=True, room=room or f"once-a{os.urandom(4).hex()}"))
    ticket = json.dumps({"at": int(time.time() - age_seconds), "caller": caller})
    agent = api.RoomAgentDispatch(agent_name="vaani", metadata=ticket)
    return made.with_room_config(api.RoomConfiguration(agents=[agent])).to_jwt()


class Caller(Guest):
    """A guest who notes what the worker tells the page, and what of their own is listened to."""

    def __init__(self, stack):
        super().__init__(stack)
        self.notices, self.listened_to = [], []
        self.told = asyncio.Event()
        self.tasks = set()
        self.room.register_text_stream_handler("vaani.notice", self._notice)
        self.room.on("local_track_subscribed", lambda track: self.listened_to.append(track.sid))

    def _notice(self, reader, _identity):
        async def read():
            self.notices.append(json.loads(await reader.read_all())["code"])
            self.told.set()

        task = asyncio.create_task(read())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def publish(self, kind="audio"):
        if kind == "audio":
            track = rtc.LocalAudioTrack.create_audio_track("sound", rtc.AudioSource(48000, 1))
        else:
            track = rtc.LocalVideoTrack.create_video_track("picture", rtc.VideoSource(320, 240))
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        return await self.room.local_participant.publish_track(track, options)


async def calls(stack):
    async with stack.http.get(stack.health_url()) as reply:
        return (await reply.json())["calls"]


async def until_idle(stack, seconds):
    """Wait until no line is held."""
    async with asyncio.timeout(seconds):
        while await calls(stack):
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)


async def a_whole_call(stack, jwt):
    caller = await Caller(stack).join(jwt)
    await asyncio.wait_for(caller.agent_spoke.wait(), SPOKEN_WITHIN_SECONDS)
    await caller.leave()
    await until_idle(stack, 30)
    return caller


async def is_refused(stack, operator, jwt, reason):
    """Join; assert that the caller hears and sees why this is no call, and that it then ends."""
    before = len(operator.events("call.refused"))
    caller = await Caller(stack).join(jwt)
    try:
        await asyncio.wait_for(caller.agent_spoke.wait(), SPOKEN_WITHIN_SECONDS)
        await asyncio.wait_for(caller.told.wait(), SPOKEN_WITHIN_SECONDS)
        await asyncio.wait_for(caller.ended.wait(), 30)
    finally:
        await caller.leave()
    assert caller.notices == [reason]
    assert [event["reason"] for event in operator.events("call.refused")[before:]] == [reason]


async def refreshed(stack, jwt):
    """The token that LiveKit hands out in place of the caller's own when they join."""
    async with aiohttp.ClientSession() as http:
        url = f"{stack.livekit_url.replace('ws', 'http', 1)}/rtc?access_token={jwt}&protocol=15&auto_subscribe=1&sdk=js"
        async with http.ws_connect(url) as socket, asyncio.timeout(10):
            async for message in socket:
                found = message.data.find(b"eyJ")
                if found < 0 or b".eyJ" not in message.data:
                    continue
                again = message.data[found:].decode("ascii", "ignore").split("\x00")[0]
                if again != jwt:
                    return again
    raise AssertionError("LiveKit refreshed no token")


async def test_the_same_token_begins_no_second_call(sandbox, operator):
    jwt = token(sandbox)
    await a_whole_call(sandbox, jwt)
    await is_refused(sandbox, operator, jwt, "used")


async def test_a_token_that_livekit_has_refreshed_begins_no_second_call_either(sandbox, operator):
    """Pins the trap that LiveKit hands out a fresh token at every join, with the same dispatch in it."""
    room = f"once-a{os.urandom(4).hex()}"
    jwt = token(sandbox, room=room)
    again = await refreshed(sandbox, jwt)
    claims = json.loads(base64.urlsafe_b64decode(again.split(".")[1] + "=="))
    assert claims["roomConfig"]["agents"][0]["metadata"]
    await until_idle(sandbox, 30)
    await a_whole_call(sandbox, again)
    await is_refused(sandbox, operator, again, "used")


async def test_a_token_of_yesterday_begins_no_call(sandbox, operator):
    await is_refused(sandbox, operator, token(sandbox, age_seconds=2000), "expired")


async def test_a_caller_has_two_calls_at_once(sandbox, operator):
    callers = [await Caller(sandbox).join(token(sandbox, caller="ravi")) for _ in range(2)]
    try:
        for caller in callers:
            await asyncio.wait_for(caller.agent_spoke.wait(), SPOKEN_WITHIN_SECONDS)
        await is_refused(sandbox, operator, token(sandbox, caller="ravi"), "too_many_calls")
        assert not any(caller.ended.is_set() for caller in callers)
    finally:
        for caller in callers:
            await caller.leave()


async def test_lines_are_not_held_by_sockets_that_never_speak_webrtc(sandbox):
    """Pins the trap that an agent waited 15 s for a caller who had made the room and never came into it."""
    url = f"{sandbox.livekit_url.replace('ws', 'http', 1)}/rtc?protocol=15&auto_subscribe=1&sdk=js&access_token="
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(url + token(sandbox, caller="")) for _ in range(2)]
        async with asyncio.timeout(10):
            while await calls(sandbox) < 2:
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)
        await until_idle(sandbox, 14)
        for socket in sockets:
            await socket.close()


async def test_of_many_tracks_one_microphone_is_listened_to(sandbox, operator):
    """Pins the trap that "microphone" is a source: video and 82 sounds went through, and to the call's process."""
    logged = len(sandbox.processes["worker"].log_text())
    caller = await Caller(sandbox).join(token(sandbox))
    try:
        tracks = [await caller.publish() for _ in range(20)] + [await caller.publish("video") for _ in range(3)]
        await asyncio.wait_for(caller.agent_spoke.wait(), SPOKEN_WITHIN_SECONDS)
        await operator.until(lambda: caller.listened_to)
        await caller.room.local_participant.unpublish_track(caller.listened_to[0])
        await operator.until(lambda: len(caller.listened_to) > 1)
        assert len(set(caller.listened_to)) == 2
        assert set(caller.listened_to) <= {track.sid for track in tracks[:20]}
    finally:
        await caller.leave()
    await until_idle(sandbox, 30)
    assert "Traceback" not in sandbox.processes["worker"].log_text()[logged:]
