"""`python -m sandbox.phone --config FILE`: the stand-in for livekit-sip as a process, with livekit-sip's own settings.

FILE holds livekit-sip's configuration in JSON, which is YAML as well: the same file starts the real one.
Exit codes: 0 stopped, 2 bad settings.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.phone.bridge import Bridge, BridgeSettings

GOOD, BAD_SETTINGS = 0, 2


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.phone", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        raw = json.loads(options.config.read_text(encoding="utf-8"))
        settings, health_port = read_settings(raw), int(raw["health_port"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{options.config} cannot be used: {error!r}", file=sys.stderr)
        return BAD_SETTINGS
    asyncio.run(_run(settings, health_port))
    return GOOD


def read_settings(raw: dict[str, Any]) -> BridgeSettings:
    """The part of livekit-sip's settings that the stand-in has a use for. Raises KeyError, ValueError."""
    host, _, port = str(raw["redis"]["address"]).rpartition(":")
    return BridgeSettings(
        redis=(host, int(port)),
        livekit_url=raw["ws_url"],
        api_key=raw["api_key"],
        api_secret=raw["api_secret"],
        host=raw["listen_ip"],
        sip_port=int(raw["sip_port"]),
    )


async def _run(settings: BridgeSettings, health_port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    bridge = Bridge(settings)
    await bridge.open()
    app = web.Application()
    app.router.add_get("/", _healthy)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.host, health_port).start()
    try:
        await stop.wait()
    finally:
        await bridge.aclose()
        await runner.cleanup()


async def _healthy(_: web.Request) -> web.Response:
    """Open means ready, as with livekit-sip."""
    return web.Response(text="OK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
