"""A call is written down while it lives, whatever is said in it and whatever goes wrong with one writing."""

import asyncio
from types import SimpleNamespace

from livekit.agents import ChatMessage

from worker.conversation import handoff
from worker.conversation.handoff import Handoff
from worker.language import LanguageState
from worker.recovery.snapshot import LONGEST_SEALED_CHARACTERS, Seal
from worker.reply.summaries import LONGEST_SUMMARY_CHARACTERS

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


def followed(monkeypatch, summary=lambda: ""):
    """A call that is written down, the API it is written to, and its session."""
    monkeypatch.setattr(handoff, "BEAT_SECONDS", 0.01)
    room = SimpleNamespace(
        name="room", metadata="", isconnected=lambda: True, on=lambda *_: None,
        local_participant=SimpleNamespace(identity="agent-1"),
    )  # fmt: skip
    settings = SimpleNamespace(default_language="en-IN", alone_seconds=1.0)
    rooms, session = Rooms(), Session()
    thread = Handoff(
        SimpleNamespace(room=room), session, rooms, settings, SimpleNamespace(handover_seconds=8.0), "vaani"
    )
    thread.follow(lambda: LanguageState.start("en-IN"), summary)
    return thread, rooms, session


async def test_a_writing_that_fails_as_nobody_foresaw_is_not_the_last(monkeypatch):
    """Pins the trap that a stray exception ended the sign of life, and a living agent was replaced."""
    thread, rooms, session = followed(monkeypatch)
    session.hears(f"ok {HALF}")
    try:
        state = await asyncio.wait_for(rooms.states.get(), 5)
    finally:
        thread.close()

    assert state.messages == (("user", "ok ?"),)


async def test_what_the_thirtieth_minute_writes_down_is_bounded(monkeypatch):
    """A rescue costs everybody in the room its size, after every turn: it must not grow with the call."""
    thread, rooms, session = followed(monkeypatch, summary=lambda: "x" * LONGEST_SUMMARY_CHARACTERS)
    rooms.broken = False
    seal, sizes = Seal("secret"), []
    try:
        for turn in range(30 * 4):
            session.hears(f"{turn}: मेरा ऑर्डर 4521 कहाँ है, और क्या मैं उसका पता बदल सकता हूँ? " * 2)
            while (state := await asyncio.wait_for(rooms.states.get(), 5)).turns <= turn:
                pass
            sizes.append(len(seal.seal(state, "room")))
    finally:
        thread.close()

    assert state.turns == 30 * 4
    assert state.messages[-1][1].startswith("119: ")
    assert max(sizes) < LONGEST_SEALED_CHARACTERS / 2
    assert max(sizes[-20:]) <= 1.3 * max(sizes[len(sizes) // 2 :][:20])
