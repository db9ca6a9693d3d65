"""Collect what the room says in text: both sides' transcripts, the agent's account of each turn, and its notices."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc

TRANSCRIPTION_TOPIC = "lk.transcription"
TURN_TOPIC = "vaani.turn"
NOTICE_TOPIC = "vaani.notice"


@dataclass(slots=True)
class Line:
    """One transcript segment, growing until it is final."""

    by_caller: bool
    opened_at: float
    text: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One `vaani.turn` message as the worker sent it."""

    received_at: float
    fields: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        value = self.fields.get(name)
        return value if isinstance(value, str) else None


@dataclass
class Transcripts:
    """Everything that came over the room's text streams in one call."""

    lines: list[Line] = field(default_factory=list)
    reports: list[TurnReport] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    on_notice: Callable[[dict[str, Any]], None] | None = None
    _segments: dict[tuple[bool, str], Line] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def attach(self, room: rtc.Room, caller_identity: str | None = None) -> None:
        """Register on a room before it connects, so that nothing is missed.

        Args:
            caller_identity: Who the caller is, where that is not this room's own participant.
        """
        room.register_text_stream_handler(
            TRANSCRIPTION_TOPIC,
            lambda reader, sender: self._start(
                self._read_line(reader, by_caller=sender == (caller_identity or room.local_participant.identity))
            ),
        )
        room.register_text_stream_handler(TURN_TOPIC, lambda reader, _: self._start(self._read_report(reader)))
        room.register_text_stream_handler(NOTICE_TOPIC, lambda reader, _: self._start(self._read_notice(reader)))

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def said(self, *, by_caller: bool, since: float, until: float) -> str:
        """What one side said in segments that opened in that time."""
        texts = [
            line.text.strip()
            for line in self.lines
            if line.by_caller == by_caller and since <= line.opened_at < until and line.text.strip()
        ]
        return " ".join(texts)

    def _start(self, reading: Any) -> None:
        task = asyncio.get_running_loop().create_task(reading)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read_line(self, reader: rtc.TextStreamReader, *, by_caller: bool) -> None:
        attributes = reader.info.attributes or {}
        key = (by_caller, attributes.get("lk.segment_id") or reader.info.stream_id)
        line = self._segments.get(key)
        if line is None:
            line = self._segments[key] = Line(by_caller, time.monotonic())
            self.lines.append(line)
        text = ""
        try:
            async for chunk in reader:
                text += chunk
                line.text = text  # a later stream of the same segment replaces the text: interim results
        except rtc.StreamError:
            return  # cut by an interruption or the end of the call: what has arrived stays
        line.final = (reader.info.attributes or {}).get("lk.transcription_final") == "true"

    async def _read_report(self, reader: rtc.TextStreamReader) -> None:
        fields = await _read_object(reader)
        if fields is not None:
            self.reports.append(TurnReport(time.monotonic(), fields))

    async def _read_notice(self, reader: rtc.TextStreamReader) -> None:
        notice = await _read_object(reader)
        if notice is not None:
            self.notices.append(notice)
            if self.on_notice:
                self.on_notice(notice)


async def _read_object(reader: rtc.TextStreamReader) -> dict[str, Any] | None:
    try:
        parsed = json.loads(await reader.read_all())
    except (rtc.StreamError, ValueError):
        return None
    return parsed if isinstance(parsed, dict) else None


def assign_reports(reports: list[TurnReport], heard: list[str], started_at: list[float]) -> list[TurnReport | None]:
    """Which report belongs to which of the caller's turns; the last one of several.

    A report of an interrupted reply arrives when the next turn has begun, so words decide before time does.
    """
    assigned: list[TurnReport | None] = [None] * len(heard)
    for report in reports:
        begun = [i for i, at in enumerate(started_at) if at <= report.received_at]
        words = _normal(report.text("heard") or "")
        by_words = [i for i in begun if words and (words in _normal(heard[i]) or _normal(heard[i]) == words)]
        if by_words or begun:
            assigned[(by_words or begun)[-1]] = report
    return assigned


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())
