"""Limits what a tool reaches of its call: an operator's own tool gets no key, and nothing that can break a call."""

from __future__ import annotations

import aiohttp
from livekit.agents.voice import SpeechHandle

from worker.conversation.call import Call
from worker.settings import ToolSettings


class ToolServices:
    """Serves one call's tools: `worker.tools.context.CallServices` says what each member is for."""

    __slots__ = ("_call", "http", "settings")

    def __init__(self, call: Call, settings: ToolSettings, http: aiohttp.ClientSession) -> None:
        self._call = call
        self.settings = settings
        self.http = http

    @property
    def caller(self) -> str | None:
        return self._call.caller

    @property
    def language(self) -> str:
        return self._call.languages.replying

    def say(self, phrase: str) -> SpeechHandle:
        return self._call.speaker.say(phrase)

    def switch_language(self, language: str) -> None:
        self._call.languages.wish(language)

    def has_words(self, tool_call_id: str) -> bool:
        return tool_call_id in self._call.worded_calls

    def said_goodbye_before(self, tool_call_id: str) -> bool:
        return self._call.worded_calls.is_behind_goodbye(tool_call_id)

    def end(self, reason: str, phrase: str | None = None, *, goodbye_is_heard: bool = False) -> None:
        self._call.ending.end(reason, phrase, goodbye_is_heard=goodbye_is_heard)

    async def transfer(self, to: str, reason: str) -> bool:
        return await self._call.transfer(to, self.settings.transfer_seconds, reason)

    async def press_keys(self, keys: str) -> bool:
        return await self._call.phone.press_keys(keys)
