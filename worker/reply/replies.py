"""Keeps what belongs to a reply with its speech: two that are under way at once never take each other's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents.voice import SpeechHandle

from worker.reply.retry import Bridge
from worker.reply.speculation import Attempt


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent is saying, or about to say: an answer of the model's, or a ready phrase."""

    language: str
    bridge: Bridge
    """What is heard while it waits for a provider."""
    attempt: Attempt | None = None
    """What it costs, should nobody hear it; nothing is counted for phrases."""


class Replies:
    """The replies under way, each found by the framework's speech that carries it."""

    def __init__(self, speech_of_this_task: Callable[[], SpeechHandle | None]) -> None:
        self._speech_of_this_task = speech_of_this_task
        self._under_way: dict[str, Reply] = {}

    def begin(self, reply: Reply, speech: SpeechHandle | None = None) -> Reply:
        """Note what `speech`, or the speech that the running task belongs to, says from now on."""
        speech = speech or self._speech_of_this_task()
        if speech is not None:
            if speech.id not in self._under_way:
                speech.add_done_callback(self._is_over)
            self._under_way[speech.id] = reply
        return reply

    def _is_over(self, speech: SpeechHandle) -> None:
        self._under_way.pop(speech.id, None)

    def of(self, speech: SpeechHandle | None) -> Reply | None:
        """What this speech says; None for a speech that is over or was never begun here."""
        return None if speech is None else self._under_way.get(speech.id)

    def of_this_task(self) -> Reply | None:
        """What the speech says that the running task belongs to."""
        return self.of(self._speech_of_this_task())
