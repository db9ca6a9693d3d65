"""`make dev`: the token function, a worker and the console with your own keys, from `.env`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from dotenv import dotenv_values

from sandbox.stack.processes import free_port, python

ROOT = Path(__file__).parents[2]


async def run_dev() -> int:
    """Run all in the foreground, their output on this terminal, until one ends or Ctrl-C."""
    if not (ROOT / ".env").is_file():
        print("There is no .env: copy .env.example to .env and fill in its five variables.", file=sys.stderr)
        return 2
    port = os.environ.get("PORT") or str(free_port())
    framework = str(Path(python()).parent / "functions-framework")
    source = str(ROOT / "functions" / "token" / "main.py")
    environment = {"TOKEN_AUTH": "none", "TOKEN_ALLOW_ANONYMOUS": "true", **os.environ}
    print(f"token endpoint: http://127.0.0.1:{port}/   (anonymous: this is your own machine)", flush=True)
    records = _records()
    console_port = str(free_port())
    print(f"the console, with every call: http://127.0.0.1:{console_port}/", flush=True)
    children = [
        await asyncio.create_subprocess_exec(
            framework, "--target=token", f"--source={source}", "--host=127.0.0.1", f"--port={port}", env=environment,
            cwd=ROOT,
        ),
        await asyncio.create_subprocess_exec(python(), "-m", "worker", "dev", cwd=ROOT, env={**os.environ, **records}),
        await asyncio.create_subprocess_exec(
            python(), "-m", "console", cwd=ROOT, env={**os.environ, **records, "PORT": console_port}
        ),
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


def _records() -> dict[str, str]:
    """Where what remains of calls is kept on one's own machine, unless `.env` or the environment says another place."""
    said = {**dotenv_values(ROOT / ".env", interpolate=False), **os.environ}
    defaults = {"WORKER_RECORDS_URL": "sqlite+aiosqlite:///out/calls.db", "WORKER_RECORDS_WORDS": "true"}
    return {name: value for name, value in defaults.items() if not said.get(name)}
