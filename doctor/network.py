"""Names, clocks and distances: what everything else rests on."""

from __future__ import annotations

import asyncio
import ipaddress
import statistics
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from doctor.checking import Finding, NotLooked, Wrong
from doctor.surroundings import Surroundings

NAME_SECONDS = 5.0
REQUEST_SECONDS = 5.0
DATE_SECONDS = 3.0
"""Who is mute says no time either, and is told of elsewhere: well below the check's own limit."""
LARGEST_OFFSET_SECONDS = 30.0
"""Half of what LiveKit allows a token's clock to be off."""
FAR_SECONDS = 0.15


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def dns(around: Surroundings) -> Finding:
    """Look up every name that the settings name."""
    hosts: dict[str, str] = {}
    for variable, url in around.named_urls().items():
        hosts.setdefault(urlsplit(url).hostname or "", variable)
    names = [host for host in hosts if host and not _is_address(host)]

    async def look_up(host: str) -> None:
        try:
            async with asyncio.timeout(NAME_SECONDS):
                await around.resolve(host)
        except TimeoutError:
            around.nameless[host] = f"no answer within {NAME_SECONDS:g} s"
        except OSError as error:
            around.nameless[host] = error.strerror or type(error).__name__

    await asyncio.gather(*map(look_up, names))
    if around.nameless:
        told = "; ".join(f"{host} (of {hosts[host]}): {why}" for host, why in around.nameless.items())
        raise Wrong(
            f"no address for {told}",
            f"Check the spelling of {', '.join(hosts[host] for host in around.nameless)}; if it is right, this "
            "machine's DNS does not work: try `getent hosts` with the name",
        )
    return Finding(f"{len(names)} names have addresses" if names else "no name to look up: only addresses are set")


async def clock(around: Surroundings) -> Finding:
    """Compare this machine's clock with the dates in the answers of LiveKit and the providers."""
    places = {
        "LiveKit": around.livekit_http, "Sarvam": around.settings.sarvam.base_url, "OpenAI": around.openai_url,
    }  # fmt: skip
    offsets = [
        each for each in await asyncio.gather(*(_offset(around, url) for url in places.values())) if each is not None
    ]
    if not offsets:
        raise NotLooked("nobody who was asked told the time")
    off = around.clock_off_seconds = statistics.median(offsets)
    figures = {"ahead_seconds": round(off, 1)}
    if abs(off) > LARGEST_OFFSET_SECONDS:
        raise Wrong(
            f"this machine's clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}",
            "Set it, and keep it right by NTP (`timedatectl set-ntp true`): LiveKit refuses tokens from another "
            "minute, and so do the token endpoint and webhook receivers",
        )
    return Finding(f"right, to {max(1.0, abs(off)):.0f} s", figures)


async def _offset(around: Surroundings, url: str) -> float | None:
    if around.address_problem(url):
        return None
    try:
        began_at = around.now()
        async with around.http.get(
            url, timeout=aiohttp.ClientTimeout(total=DATE_SECONDS), allow_redirects=False
        ) as answer:
            middle, said = (began_at + around.now()) / 2, answer.headers.get("Date")
        # A date has whole seconds: the moment is, on average, half a second later.
        return None if said is None else middle - (parsedate_to_datetime(said).timestamp() + 0.5)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return None  # that it cannot be reached is for others to tell


async def region(around: Surroundings) -> Finding:
    """Say how far away everybody is; a distance is no fault, but every turn pays for it."""
    urls = {"LiveKit": around.livekit_http, "Sarvam": around.stt_url, "OpenAI": around.openai_url}
    seconds = dict(zip(urls, await asyncio.gather(*(_distance(around, url) for url in urls.values())), strict=True))
    known = {name: each for name, each in seconds.items() if each is not None}
    server = around.server
    where = f"LiveKit in {server.region}" if server and server.region else "LiveKit does not name its region"
    told = ", ".join(f"{name} {each * 1000:.0f} ms" for name, each in known.items())
    far = [name for name, each in known.items() if each > FAR_SECONDS]
    advice = f"; {', '.join(far)} far away: run the worker nearer, every turn waits for it" if far else ""
    return Finding(
        f"{where}; to connect takes {told or 'unknown'}{advice}. Where Sarvam and OpenAI compute, they do not say",
        {f"{name.lower()}_connect_seconds": round(each, 4) for name, each in known.items()},
    )


async def _distance(around: Surroundings, url: str) -> float | None:
    """The least of three connections: one way there and back."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if around.address_problem(url):
        return None
    took = []
    for _ in range(3):
        began_at = time.monotonic()
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                _reader, writer = await asyncio.open_connection(parts.hostname, port)
        except (OSError, TimeoutError):
            return None
        took.append(time.monotonic() - began_at)
        writer.close()
    return min(took)
