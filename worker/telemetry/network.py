"""Asks WebRTC how long sound is on its way between the caller and here."""

from __future__ import annotations

import asyncio

from livekit import rtc

STATS_SECONDS = 2.0


class NetworkDelay:
    """Knows how long the last packets took, there and back, with the wait in the buffer against jitter."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._asking: asyncio.Task[None] | None = None
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
        buffered = [
            stat.inbound_rtp.inbound.jitter_buffer_delay / stat.inbound_rtp.inbound.jitter_buffer_emitted_count
            for stat in all_stats
            if stat.WhichOneof("stats") == "inbound_rtp" and stat.inbound_rtp.inbound.jitter_buffer_emitted_count
        ]
        if there_and_back:
            # The buffer at the caller's end is not to be seen from here: it is taken to be as deep as ours.
            self.seconds = max(there_and_back) + 2 * max(buffered, default=0.0)
