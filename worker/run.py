"""Runs the server: signals, drain, and an exit code that tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

import aiohttp
from livekit.agents import AgentServer

from worker import log_events
from worker.conversation.phrase_audio import PhraseAudio, render_missing
from worker.providers.sarvam_tts import SarvamVoice, build_tts
from worker.server import phrases
from worker.settings import Settings

log = logging.getLogger("vaani")
GAVE_UP = 1


def run(server: AgentServer, settings: Settings, *, dev: bool) -> int:
    """Serve until told to stop; returns the process's exit code.

    livekit-agents' own runner exits 0 after it has given up on the server, and a platform that restarts only failed
    processes would then never bring the worker back: this one exits 1.
    """
    return asyncio.run(_serve(server, settings, dev=dev))


async def _serve(server: AgentServer, settings: Settings, *, dev: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server.on("worker_registered", lambda *_: log.info(log_events.WORKER_REGISTERED))
    serving = asyncio.create_task(server.run(devmode=dev))
    rendering = asyncio.create_task(_render_phrases(settings))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    rendering.cancel()
    if serving.done() and (error := serving.exception()) is not None:
        log.error(log_events.WORKER_GAVE_UP, extra={"why": f"{type(error).__name__}: {error}"})
        await server.aclose()
        return GAVE_UP
    log.info(log_events.WORKER_STOPPING, extra={"calls": len(server.active_jobs)})
    if not dev:
        with contextlib.suppress(asyncio.TimeoutError):
            await server.drain()
    await server.aclose()
    serving.cancel()
    await asyncio.gather(serving, rendering, return_exceptions=True)
    return 0


async def _render_phrases(settings: Settings) -> None:
    """Fill the phrase cache beside the calls; a provider that is down costs only the ready audio."""
    async with aiohttp.ClientSession() as http:
        speaker = build_tts(settings, settings.worker.default_language, http)
        voice = SarvamVoice(speaker, settings)
        cache = PhraseAudio(settings.worker.phrase_cache_dir, voice)
        await render_missing(cache, voice, speaker, phrases(settings).every(settings.worker.default_language))
