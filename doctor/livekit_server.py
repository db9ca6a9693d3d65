"""LiveKit: is it there, does it take the key, is it new enough, does it hand out jobs, and would it record.

Asked over HTTP and over the socket that workers use, by hand: a token of our own is signed with the clock that is
checked, and a refusal is told apart by its words, which the SDK drops.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import jwt
from livekit.protocol import agent, models

from doctor.checking import Finding, NotLooked, Wrong
from doctor.network import LARGEST_OFFSET_SECONDS
from doctor.refusals import unreachable
from doctor.surroundings import ServerSeen, Surroundings

OLDEST_SERVER = (1, 8, 0)
"""The first with agents that are asked for by name in a token, AgentDispatchService included."""
PROVEN_SERVER = "1.13.5"
TOKEN_SECONDS = 120
REQUEST_SECONDS = 8.0
JOB_SECONDS = 6.0
ROOM_PREFIX = "doctor-"
WHERE = "cloud.livekit.io > Settings > Keys (or `keys` of your own server's config)"


def room_name() -> str:
    """A room that nobody else has."""
    return ROOM_PREFIX + secrets.token_hex(6)


def token(around: Surroundings, grants: Mapping[str, Any], **more: Any) -> str:
    """Sign a token with the worker's own key."""
    now = int(around.now())
    claims = {"iss": around.settings.livekit.api_key, "sub": "doctor", "nbf": now, "exp": now + TOKEN_SECONDS}
    secret = around.settings.livekit.api_secret.get_secret_value()
    return jwt.encode({**claims, "video": dict(grants), **more}, secret, algorithm="HS256")


async def ask(around: Surroundings, method: str, body: Mapping[str, Any], grants: Mapping[str, Any]) -> dict[str, Any]:
    """Call LiveKit's API.

    Raises:
        Wrong: It refuses, with what that means.
        NotLooked: It refuses because of the clock, which is told elsewhere.
    """
    url = f"{around.livekit_http}/twirp/livekit.{method}"
    headers = {"Authorization": f"Bearer {token(around, grants)}"}
    limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    try:
        async with around.http.post(url, json=dict(body), headers=headers, timeout=limit) as answer:
            text = await answer.text()
            if answer.status == 200:
                return dict(await answer.json(content_type=None))
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise unreachable("LIVEKIT_URL", around.livekit_http, error) from None
    except ValueError:
        raise _no_livekit(around, answer.status) from None
    raise _refusal(around, answer.status, text)


def _refusal(around: Surroundings, status: int, text: str) -> Exception:
    if status == 401 and abs(around.clock_off_seconds) > LARGEST_OFFSET_SECONDS:
        return NotLooked("LiveKit takes no token from this machine's clock: see clock")
    if status in (401, 403):  # the text is not quoted: it repeats the token
        if "signature" in text or "cryptographic" in text:
            return Wrong(
                "LiveKit knows LIVEKIT_API_KEY, but LIVEKIT_API_SECRET is not its secret (HTTP 401)",
                f"Set LIVEKIT_API_SECRET to the one that belongs to this key: {WHERE}",
            )
        return Wrong(
            f"LiveKit does not take the key (HTTP {status})",
            f"Set LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a pair of this very project or server: {WHERE}",
        )
    if status >= 500:
        return Wrong(f"LiveKit has an error of its own (HTTP {status})", "Wait, and look at its log or status page")
    return _no_livekit(around, status)


def _no_livekit(around: Surroundings, status: int) -> Wrong:
    return Wrong(
        f"what answers at LIVEKIT_URL is no LiveKit server (HTTP {status})",
        "Set LIVEKIT_URL to wss://PROJECT.livekit.cloud or your own server, not to a page or a proxy's error",
    )


async def livekit(around: Surroundings) -> Finding:
    """Reach LiveKit, have the key accepted, and learn its version."""
    if problem := around.address_problem(around.livekit_http):
        raise NotLooked(problem)
    await ask(around, "RoomService/ListRooms", {"names": [room_name()]}, {"roomList": True})
    began_at = time.monotonic()
    await ask(around, "RoomService/ListRooms", {"names": [room_name()]}, {"roomList": True})
    seconds = time.monotonic() - began_at
    async with _as_a_worker(around, secrets.token_hex(8)) as (_, info):
        around.server = ServerSeen(info.version, info.region, info.edition == models.ServerInfo.Edition.Cloud)
    figures = {"request_seconds": round(seconds, 3), "version": info.version}
    if (version := _numbers(info.version)) is not None and version < OLDEST_SERVER:
        raise Wrong(
            f"livekit-server {info.version} is older than {'.'.join(map(str, OLDEST_SERVER))}",
            f"Upgrade it (this release is proven with {PROVEN_SERVER}): an older one does not send agents by name",
        )
    kind = "LiveKit Cloud" if around.server.is_cloud else "livekit-server"
    return Finding(
        f"{kind} {info.version or 'of unknown version'} takes the key and answers in {seconds:.2f} s", figures
    )


def _numbers(version: str) -> tuple[int, ...] | None:
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else None


@contextlib.asynccontextmanager
async def _as_a_worker(
    around: Surroundings, name: str
) -> AsyncIterator[tuple[aiohttp.ClientWebSocketResponse, models.ServerInfo]]:
    """Register as a worker under a name that nobody asks for, as long as it lasts."""
    headers = {"Authorization": f"Bearer {token(around, {'agent': True})}"}
    url = f"{around.livekit_http}/agent"
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            socket = await around.http.ws_connect(url, headers=headers)
    except (aiohttp.ClientError, OSError, TimeoutError):
        raise Wrong(
            "LiveKit lets no worker register (its /agent socket does not open)",
            "A proxy before LiveKit must pass WebSockets at /agent; a key must be allowed to register agents",
        ) from None
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            register = agent.RegisterWorkerRequest(type=agent.JobType.JT_ROOM, agent_name=name, version="doctor")
            await socket.send_bytes(agent.WorkerMessage(register=register).SerializeToString())
            answer = await _message(socket, "register")
        yield socket, answer.register.server_info
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await socket.close()


async def _message(socket: aiohttp.ClientWebSocketResponse, kind: str) -> agent.ServerMessage:
    """Wait for a message of a kind."""
    async for frame in socket:
        if frame.type is aiohttp.WSMsgType.BINARY:
            message = agent.ServerMessage.FromString(frame.data)
            if message.HasField(kind):
                return message
    raise Wrong("LiveKit closes the socket of a worker", "Look at LiveKit's log; a proxy may cut WebSockets off")


async def recording(around: Surroundings) -> Finding:
    """Have a job handed to this very process, and read in it whether the project wants calls recorded."""
    name, room = f"doctor-{secrets.token_hex(8)}", room_name()
    grants = {"roomCreate": True, "roomAdmin": True, "room": room}
    async with _as_a_worker(around, name) as (socket, _):
        await ask(around, "AgentDispatchService/CreateDispatch", {"room": room, "agentName": name}, grants)
        try:
            async with asyncio.timeout(JOB_SECONDS):
                job = (await _message(socket, "availability")).availability.job
        except TimeoutError:
            raise Wrong(
                f"LiveKit took a dispatch and offered no job within {JOB_SECONDS:g} s",
                "Workers would get no calls: look at LiveKit's log; with several nodes, at its Redis",
            ) from None
        finally:
            with contextlib.suppress(Wrong, NotLooked):
                await ask(around, "RoomService/DeleteRoom", {"room": room}, grants)
        refusal = agent.WorkerMessage(availability=agent.AvailabilityResponse(job_id=job.id, available=False))
        await socket.send_bytes(refusal.SerializeToString())
    ours = "our worker uploads nothing either way"
    if job.enable_recording:
        return Finding(
            f"the project's switch is on (Agent observability); {ours}, other agents of the project do. "
            "Whether egress records rooms cannot be known from here",
            {"project_records": True},
        )
    return Finding(
        f"the project's switch is off; {ours}. Whether egress records rooms cannot be known from here",
        {"project_records": False},
    )
