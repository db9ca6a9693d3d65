"""A call without a word: does media get through, and does a worker of this name come and greet?"""

from __future__ import annotations

import asyncio
import contextlib
import time

import aiohttp
import numpy as np
from livekit import rtc

from doctor.checking import Finding, NotLooked, Wrong
from doctor.livekit_server import ask, room_name, token
from doctor.surroundings import CallSeen, Surroundings

JOIN_SECONDS = 8.0
AGENT_SECONDS = 8.0
GREETING_SECONDS = 6.0
HEALTH_SECONDS = 2.0
SAMPLE_RATE_HZ, FRAME_MS = 24_000, 10
AUDIBLE_RMS = 200.0
BENCH_GREETING_SECONDS = 0.75
"""The goal that `make bench` holds the greeting to, on one machine."""


async def join_silently(url: str, join_token: str) -> CallSeen:
    """Join as a caller without a microphone; leave at the first sound, or when nobody comes."""
    room = rtc.Room()
    agent_came, sounded = asyncio.Event(), asyncio.Event()
    listening: list[asyncio.Task[None]] = []

    @room.on("participant_connected")
    def _came(who: rtc.RemoteParticipant) -> None:
        if who.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            agent_came.set()

    @room.on("track_subscribed")
    def _subscribed(track: rtc.Track, _: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        _came(who)
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            listening.append(asyncio.create_task(_until_audible(track, sounded)))

    try:
        try:
            await asyncio.wait_for(room.connect(url, join_token), JOIN_SECONDS)
        except (rtc.ConnectError, TimeoutError):
            return CallSeen(connected=False)
        began_at = time.monotonic()
        for who in room.remote_participants.values():
            _came(who)
        agent_seconds = await _seconds_until(agent_came, began_at, AGENT_SECONDS)
        greeting = None
        if agent_seconds is not None:
            greeting = await _seconds_until(sounded, began_at, agent_seconds + GREETING_SECONDS)
        return CallSeen(True, await _transport(room), agent_seconds, greeting)
    finally:
        for task in listening:
            task.cancel()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(room.disconnect(), 2.0)


async def _seconds_until(event: asyncio.Event, began_at: float, limit_seconds: float) -> float | None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), max(0.0, began_at + limit_seconds - time.monotonic()))
        return time.monotonic() - began_at
    return None


async def _until_audible(track: rtc.Track, sounded: asyncio.Event) -> None:
    async for event in rtc.AudioStream(track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=FRAME_MS):
        samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
        if np.sqrt(np.mean(samples**2)) > AUDIBLE_RMS:
            sounded.set()
            return


async def _transport(room: rtc.Room) -> str:
    """What the chosen pair of candidates travels by."""
    with contextlib.suppress(Exception):
        stats = await asyncio.wait_for(room.get_rtc_stats(), 2.0)
        for side in (stats.subscriber_stats, stats.publisher_stats):
            candidates = {
                each.local_candidate.rtc.id: each.local_candidate.candidate
                for each in side
                if each.HasField("local_candidate")
            }
            for each in side:
                pair = each.candidate_pair.candidate_pair
                if each.HasField("candidate_pair") and pair.nominated and pair.local_candidate_id in candidates:
                    return str(candidates[pair.local_candidate_id].protocol)
    return ""


async def _call(around: Surroundings) -> CallSeen:
    """Place the call, once for all who ask about it."""
    if around.silent_call is None:
        around.silent_call = asyncio.create_task(_place(around))
    return await asyncio.shield(around.silent_call)


async def _place(around: Surroundings) -> CallSeen:
    room, name = room_name(), around.settings.livekit.agent_name
    grants = {"roomJoin": True, "room": room, "canPublish": True, "canSubscribe": True}
    join_token = token(around, grants, roomConfig={"agents": [{"agentName": name}]})
    try:
        return await around.join(around.settings.livekit.url, join_token)
    finally:
        with contextlib.suppress(Wrong, NotLooked):
            await ask(around, "RoomService/DeleteRoom", {"room": room}, {"roomCreate": True})


async def udp(around: Surroundings) -> Finding:
    """See whether sound gets through, and by what."""
    seen = await _call(around)
    ports = "UDP 50000 to 60000 (LiveKit Cloud) or your server's `rtc` ports"
    if not seen.connected:
        raise Wrong(
            "LiveKit takes the call, but no sound would get through (ICE fails): UDP is blocked, and so is TCP",
            f"Open {ports}, and TCP 7881 or 443 for TURN, in the firewall between; a server of your own must "
            "announce an address that can be reached (`rtc.use_external_ip` or `node_ip`)",
        )
    if seen.transport not in ("udp", ""):
        raise Wrong(
            f"sound travels by {seen.transport.upper()}: UDP is blocked",
            f"Open {ports} in the firewall: over TCP every lost packet is a gap that is heard",
        )
    return Finding("sound travels by UDP" if seen.transport else "sound gets through; by what is not known")


async def dispatch(around: Surroundings) -> Finding:
    """See whether a worker of this name comes, and greets."""
    seen = await _call(around)
    name = around.settings.livekit.agent_name
    if not seen.connected:
        raise NotLooked("the silent call was not connected: see udp")
    if seen.agent_seconds is None:
        raise await _nobody_came(around, name)
    around.spending.greeted(around.settings)
    figures = {"agent_seconds": round(seen.agent_seconds, 2)}
    if seen.greeting_seconds is None:
        raise Wrong(
            f"an agent came after {seen.agent_seconds:.1f} s and was silent for {GREETING_SECONDS:g} s",
            "Look at the worker's log: the voice fails there, or its greeting is empty (WORKER_PHRASES_FILE)",
        )
    figures["greeting_seconds"] = round(seen.greeting_seconds, 2)
    return Finding(
        f"an agent came and greeted after {seen.greeting_seconds:.2f} s (bench: {BENCH_GREETING_SECONDS:g} s)",
        figures,
    )


async def _nobody_came(around: Surroundings, name: str) -> Wrong:
    """Tell a worker that does not run from one that listens to another name, where it runs on this machine."""
    health = around.settings.health
    host = "127.0.0.1" if health.health_host in ("0.0.0.0", "") else health.health_host  # noqa: S104
    said: dict[str, object] = {}
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
        limit = aiohttp.ClientTimeout(total=HEALTH_SECONDS)
        async with around.http.get(f"http://{host}:{health.health_port}/", timeout=limit) as answer:
            body = await answer.json(content_type=None)
            said = body if isinstance(body, dict) else {}
    other = said.get("agent_name")
    if other and other != name:
        return Wrong(
            f"nobody came: the worker on this machine answers to AGENT_NAME={other}, calls ask for {name}",
            "Give the worker, the token function and this machine's .env the same AGENT_NAME",
        )
    if said.get("status") not in (None, "ok"):
        return Wrong(
            f"nobody came: the worker on this machine is {said['status']} ({said.get('why') or 'no reason given'})",
            "Look at the worker's log: LiveKit offers it no calls",
        )
    if other == name:
        return Wrong(
            f"nobody came within {AGENT_SECONDS:g} s, though a worker runs here as {name}",
            "It may be full (calls, most_calls in its health endpoint), or registered at another LiveKit project",
        )
    return Wrong(
        f"nobody came within {AGENT_SECONDS:g} s: no worker runs as AGENT_NAME={name} at this LiveKit",
        "Start one (`make dev`, or `python -m worker start`); one that runs elsewhere must have this AGENT_NAME and "
        "this LIVEKIT_URL",
    )
