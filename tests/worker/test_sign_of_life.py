"""A call is written down while it lives, whatever is said in it and whatever goes wrong with one writing."""

import asyncio
from types import SimpleNamespace

from livekit.agents import ChatMessage

from worker.conversation import continuity
from worker.conversation.continuity import Continuity
from worker.language import LanguageState

HALF = "\ud83d"


class Session:
    """A session that tells its listeners what the test says."""

    def __init__(self):
        self.listeners = {}

    def on(self, name, listener):
        self.listeners[name] = listener

    def hears(self, text):
        item = ChatMessage(role="user", content=[text])
        self.listeners["conversation_item_added"](SimpleNamespace(item=item))


class Rooms:
    """LiveKit's API, which fails in its first writing."""

    def __init__(self):
        self.states = asyncio.Queue()
        self.broken = True

    async def write_state(self, room, existing_metadata, state):
        if self.broken:
            self.broken = False
            raise UnicodeEncodeError("utf-8", HALF, 0, 1, "surrogates not allowed")
        await self.states.put(state)


async def test_a_writing_that_fails_as_nobody_foresaw_is_not_the_last(monkeypatch):
    """Pins the trap that a stray exception ended the sign of life, and a living agent was replaced."""
    monkeypatch.setattr(continuity, "BEAT_SECONDS", 0.01)
    room = SimpleNamespace(
        name="room", metadata="", isconnected=lambda: True, on=lambda *_: None,
        local_participant=SimpleNamespace(identity="agent-1"),
    )  # fmt: skip
    settings = SimpleNamespace(default_language="en-IN", alone_seconds=1.0)
    rooms, session = Rooms(), Session()
    thread = Continuity(
        SimpleNamespace(room=room), session, rooms, settings, SimpleNamespace(handover_seconds=8.0), "vaani"
    )
    thread.follow(lambda: LanguageState.start("en-IN"))
    session.hears(f"ok {HALF}")
    try:
        state = await asyncio.wait_for(rooms.states.get(), 5)
    finally:
        thread.close()

    assert state.messages == (("user", "ok ?"),)
