"""Asks WebRTC how long sound is on its way between the caller and here."""

from __future__ import annotations

import asyncio

from livekit import rtc

STATS_SECONDS = 2.0
PACKET_SECONDS = 0.02
"""A packet holds so much sound, and is not sent before it is full."""
SOURCE_SECONDS = 0.005
"""WebRTC takes sound from its source in steps of 10 ms: half of one is waited for it, on average."""


class NetworkDelay:
    """Knows how long sound was on its way lately, there and back, with the wait in the buffers against jitter."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._asking: asyncio.Task[None] | None = None
        self._delay_so_far, self._emitted_so_far = 0.0, 0
        self.seconds: float | None = None
        """Caller's mouth to here, and from here to the caller's ear; None until it is known."""

    def look_again(self) -> None:
        """Ask once more, without waiting for it."""
        if self._room.isconnected() and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._look())

    def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(STATS_SECONDS):
                stats = await self._room.get_rtc_stats()
        except (TimeoutError, RuntimeError):
            return
        all_stats = [*stats.publisher_stats, *stats.subscriber_stats]  # one connection carries both ways, or two do
        there_and_back = [
            stat.candidate_pair.candidate_pair.current_round_trip_time
            for stat in all_stats
            if stat.WhichOneof("stats") == "candidate_pair" and stat.candidate_pair.candidate_pair.nominated
        ]
        heard = [stat.inbound_rtp.inbound for stat in all_stats if stat.WhichOneof("stats") == "inbound_rtp"]
        if there_and_back and heard:
            buffered = self._lately_buffered(
                sum(each.jitter_buffer_delay for each in heard), sum(each.jitter_buffer_emitted_count for each in heard)
            )
            # The buffer at the caller's end is not to be seen from here: it is taken to be as deep as ours.
            self.seconds = max(there_and_back) + 2 * (SOURCE_SECONDS + PACKET_SECONDS + buffered)

    def _lately_buffered(self, delay_seconds: float, emitted: int) -> float:
        """Return how long sound waited in our buffer since the last look; both figures count from the call's start."""
        before_seconds, before = self._delay_so_far, self._emitted_so_far
        self._delay_so_far, self._emitted_so_far = delay_seconds, emitted
        if emitted <= before or delay_seconds < before_seconds:
            return delay_seconds / emitted if emitted else 0.0
        return (delay_seconds - before_seconds) / (emitted - before)
