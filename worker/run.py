"""Runs the server: signals, drain, and an exit code that tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from worker import log_events
from worker.budget.checks import tell_budgets
from worker.conversation.phrase_audio import PhraseAudio, render_missing
from worker.conversation.phrases import phrases_of
from worker.end_of_turn.session_options import misses_sound
from worker.end_of_turn.sound.model import WEIGHTS
from worker.health import HealthServer
from worker.livekit_internals import hear_ctrl_c_always
from worker.load_log import log_load
from worker.outcome.building import beside_records
from worker.parent import Parts
from worker.providers.prices import price_of
from worker.providers.sarvam_tts import SarvamVoice, build_tts
from worker.record.lost import note_lost_call
from worker.record.shipping import RecordShipping
from worker.recovery.drain_signal import hand_over_calls
from worker.recovery.redispatch import Redispatcher, Watchdog
from worker.registration import Registration
from worker.settings import FailoverSettings, Settings
from worker.stopping import STOP_SIGNALS, STOPPED

if TYPE_CHECKING:
    from worker.telemetry.in_parent import WorkerTelemetry

log = logging.getLogger("vaani")
GAVE_UP = 1


def run(parts: Parts, settings: Settings, *, dev: bool) -> int:
    """Serve until told to stop; returns the process's exit code.

    livekit-agents' own runner exits 0 after it has given up on the server, and a platform that restarts only failed
    processes would then never bring the worker back: this one exits 1.
    """
    # Not asyncio.run: it waits for threads, and the caller leaves without them (worker.stopping).
    return _event_loop().run_until_complete(_serve(parts, settings, dev=dev))


def _event_loop() -> asyncio.AbstractEventLoop:
    """A loop whose threads block SIGINT, and with them the processes that they start: it is for this one alone."""
    resource_tracker.ensure_running()  # started later, in such a thread, it would unblock it there
    hear_ctrl_c_always()
    loop = asyncio.new_event_loop()
    block = partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGINT})
    loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio", initializer=block))
    return loop


async def _serve(parts: Parts, settings: Settings, *, dev: bool) -> int:
    server, failover = parts.server, settings.failover
    if misses_sound(settings.turns):
        log.info(log_events.WORKER_TURN_AUDIO_MISSING, extra={"missing": str(WEIGHTS), "do": "make setup"})
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    registration = Registration(server, settings.livekit.url)
    telemetry = telemetry_of(parts, settings) if settings.telemetry.is_on else None
    health = health_of(parts, settings, registration, telemetry)
    try:
        await health.start()
    except OSError as error:
        log.error(log_events.WORKER_GAVE_UP, extra={"why": f"WORKER_HEALTH_PORT: {error}"})
        return GAVE_UP
    if not await _keeps_budgets(parts, settings):
        await health.aclose()
        return GAVE_UP
    if telemetry is not None:
        await telemetry.start()
    redispatcher = _redispatcher(parts, settings)
    server.on("worker_started", lambda *_: follow_calls(parts, redispatcher))
    await parts.load.start()
    shipping = RecordShipping(settings.records, beside_records(settings))
    shipping.start()
    serving = asyncio.create_task(server.run(devmode=dev))
    beside = [
        asyncio.create_task(_render_phrases(settings, registration.done)),
        asyncio.create_task(registration.expect()),
        asyncio.create_task(log_load(parts.admission, registration.done)),
    ]
    if failover.watch_seconds:
        beside.append(asyncio.create_task(Watchdog(parts.client.rooms, redispatcher, failover.watch_seconds).run()))
    try:
        return await _until_stopped(parts, serving, stop, registration, None if dev else failover)
    finally:
        for task in (*beside, serving):
            task.cancel()
        await asyncio.gather(*beside, serving, return_exceptions=True)
        await redispatcher.aclose()
        if parts.teller is not None:
            await asyncio.to_thread(parts.teller.stop)
        await asyncio.to_thread(shipping.stop)  # when the calls' processes have written all they had to
        if telemetry is not None:
            await telemetry.aclose()
        await health.aclose()
        await parts.load.aclose()
        await parts.client.aclose()


def health_of(
    parts: Parts, settings: Settings, registration: Registration, telemetry: WorkerTelemetry | None
) -> HealthServer:
    """Build what says how this worker is."""
    return HealthServer(
        parts.server, parts.admission, parts.load, settings.health.health_host, settings.health.health_port,
        lambda: registration.why_not,
        metrics=telemetry.scraped.text if telemetry is not None and telemetry.scraped is not None else None,
        agent_name=settings.livekit.agent_name,
    )  # fmt: skip


def follow_calls(parts: Parts, redispatcher: Redispatcher) -> None:
    """Have everybody notice how calls come and go who has to."""
    for follower in (redispatcher, parts.admission, parts.warm):
        follower.follow(parts.server)


def _redispatcher(parts: Parts, settings: Settings) -> Redispatcher:
    note_lost = partial(note_lost_call, settings.records)
    return Redispatcher(parts.client.rooms, settings.livekit.agent_name, note_lost)


def telemetry_of(parts: Parts, settings: Settings) -> WorkerTelemetry:
    """Build what delivers traces and metrics."""
    from worker.telemetry.in_parent import WorkerTelemetry
    from worker.telemetry.pipe import SOCKET_VARIABLE

    admission = parts.admission
    socket = Path(os.environ[SOCKET_VARIABLE])
    return WorkerTelemetry(
        settings.telemetry, socket, admission.calls, lambda: admission.most, lambda: parts.load.reading.lag_seconds
    )


async def _keeps_budgets(parts: Parts, settings: Settings) -> bool:
    """Begin to keep the budgets, where there are any; False where that cannot be done."""
    if parts.teller is None:
        return True
    if not await asyncio.to_thread(parts.teller.start):
        why = f"no budget can be kept: calls cannot be listened to at {parts.teller.address}; set TMPDIR, or no budget"
        log.error(log_events.WORKER_GAVE_UP, extra={"why": why})
        return False
    tell_budgets(settings, price_of(settings.money))
    return True


async def _until_stopped(
    parts: Parts, serving: asyncio.Task[None], stop: asyncio.Event, registration: Registration,
    drained: FailoverSettings | None,
) -> int:  # fmt: skip
    server = parts.server
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if serving.done() and (error := serving.exception()) is not None:
        why = registration.why_not or f"{type(error).__name__}: {error}"
        log.error(log_events.WORKER_GAVE_UP, extra={"why": why})
        await server.aclose()
        return GAVE_UP
    if not registration.done.is_set():
        log.info(log_events.WORKER_STOPPING, extra={"calls": 0})
        return STOPPED  # there was never a call, and a server that has not started cannot be closed either
    log.info(log_events.WORKER_STOPPING, extra={"calls": len(server.active_jobs)})
    if drained is not None:
        draining = asyncio.create_task(server.drain())
        handing_over = asyncio.create_task(hand_over_calls(server, drained.drain_seconds - drained.handover_seconds))
        with contextlib.suppress(asyncio.TimeoutError):
            await draining
        handing_over.cancel()
    await server.aclose()
    return STOPPED


async def _render_phrases(settings: Settings, registered: asyncio.Event) -> None:
    """Fill the phrase cache beside the calls; a provider that is down costs only the ready audio."""
    await registered.wait()  # taking calls comes first: a start is seconds of CPU already
    said = phrases_of(settings.call, settings.consent, settings.tools)
    menu = [(language, said.text("menu", language, digit=key)) for key, language in settings.phone.menu.items()]
    phrases = [*said.every(settings.call.default_language), *menu]
    silent = SarvamVoice(None, settings.tts, settings.sarvam)  # enough to know which files there should be
    cache, rendered = PhraseAudio(settings.call.phrase_cache_dir, silent), 0
    if not all(cache.has(language, text) for language, text in phrases):
        async with aiohttp.ClientSession() as http:
            speaker = build_tts(settings.tts, settings.sarvam, settings.call.default_language, http)
            voice = SarvamVoice(speaker, settings.tts, settings.sarvam)
            try:
                rendered = await render_missing(cache, voice, speaker, phrases)
            except OSError as error:
                log.warning("no phrase can be kept: WORKER_PHRASE_CACHE_DIR", extra={"why": str(error)})
    log.info(log_events.PHRASE_RENDERED, extra={"count": rendered})
