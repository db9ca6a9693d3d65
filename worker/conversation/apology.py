"""Apologises without a session: for a call that failed before it could be built, with only a room and a file."""

from __future__ import annotations

import asyncio

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext

from worker.conversation.caller import opening_language
from worker.conversation.phrase_audio import PhraseAudio, tone
from worker.conversation.phrases import Phrases

TONE_RATE_HZ = 24000
MAX_SECONDS = 12.0
HEARD_SECONDS = 0.5  # the last packets are still on their way when the source has run empty


async def apologise(ctx: JobContext, phrases: Phrases, audio: PhraseAudio, default_language: str) -> None:
    """Say that something is not working, if the caller can be reached at all."""
    async with asyncio.timeout(MAX_SECONDS):
        if not ctx.room.isconnected():
            await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
        caller = await ctx.wait_for_participant()
        language = opening_language(caller.attributes, default_language)
        frames = audio.frames(language, phrases.text("give_up", language)) or tone(TONE_RATE_HZ)
        source: rtc.AudioSource | None = None
        async for frame in frames:
            if source is None:
                source = rtc.AudioSource(frame.sample_rate, frame.num_channels)
                track = rtc.LocalAudioTrack.create_audio_track("apology", source)
                options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
                publication = await ctx.room.local_participant.publish_track(track, options)
                await publication.wait_for_subscription()
            await source.capture_frame(frame)
        if source is not None:
            await source.wait_for_playout()
            await asyncio.sleep(HEARD_SECONDS)
