"""`make dev`: the token function and a worker with your own keys, from `.env`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from sandbox.stack.processes import free_port, python

ROOT = Path(__file__).parents[2]


async def run_dev() -> int:
    """Run both in the foreground, their output on this terminal, until one ends or Ctrl-C."""
    if not (ROOT / ".env").is_file():
        print("There is no .env: copy .env.example to .env and fill in its five variables.", file=sys.stderr)
        return 2
    port = os.environ.get("PORT") or str(free_port())
    framework = str(Path(python()).parent / "functions-framework")
    source = str(ROOT / "functions" / "token" / "main.py")
    environment = {"TOKEN_AUTH": "none", "TOKEN_ALLOW_ANONYMOUS": "true", **os.environ}
    print(f"token endpoint: http://127.0.0.1:{port}/   (anonymous: this is your own machine)", flush=True)
    children = [
        await asyncio.create_subprocess_exec(
            framework, "--target=token", f"--source={source}", "--host=127.0.0.1", f"--port={port}", env=environment,
            cwd=ROOT,
        ),
        await asyncio.create_subprocess_exec(python(), "-m", "worker", "dev", cwd=ROOT),
    ]  # fmt: skip
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for child in children:
            if child.returncode is None:
                child.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    waits = [asyncio.create_task(child.wait()) for child in children]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    stop()
    codes = await asyncio.gather(*waits)
    return next((code for code in codes if code > 0), 0)
