"""Measure how many calls' records one process writes a second, and what a turn costs the call's event loop.

Whole calls of ten turns, told through the real spool: by as many writers as calls, read and written by one shipper.
PostgreSQL where it is installed (a server of its own, on loopback), SQLite in any case.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from records.engine import new_engine, upgrade
from records.events import call_id_of
from records.shipping import Shipper
from records.spool import SpoolWriter
from sandbox.stack.processes import free_port

NEEDED_PER_SECOND = 50.0
GOAL_LOOP_SECONDS = 0.001
CALLS, QUICK_CALLS = 400, 100
TURNS = 10
SAID = "मुझे अपने ऑर्डर के बारे में जानना है, वो कब तक आएगा? " * 2
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return the rows records_per_second and record_loop_p99."""
    calls = QUICK_CALLS if quick else CALLS
    with tempfile.TemporaryDirectory(prefix="vaani-bench-") as folder:
        costs = _tell(Path(folder) / "sqlite", calls)
        per_second: dict[str, float | None] = {
            "vaani": _rate(f"sqlite+aiosqlite:///{folder}/calls.db", Path(folder) / "sqlite", calls)
        }
    per_second["vaani_postgresql"] = _with_postgres(calls) if BINARIES else None
    p99 = sorted(costs)[int(0.99 * (len(costs) - 1))]
    slowest = min(value for value in per_second.values() if value is not None)
    needed = {"kind": "ratio_to", "against": "needed", "value": 1.0, "bound": "at_least"}
    return [
        {
            "name": "records_per_second", "unit": "calls per second", "n": calls,
            "values": {**per_second, "needed": NEEDED_PER_SECOND}, "goal": needed, "met": slowest >= NEEDED_PER_SECOND,
        },
        {
            "name": "record_loop_p99", "unit": "seconds", "n": len(costs), "values": {"vaani": p99},
            "goal": {"kind": "at_most", "value": GOAL_LOOP_SECONDS}, "met": p99 <= GOAL_LOOP_SECONDS,
        },
    ]  # fmt: skip


def _tell(folder: Path, calls: int) -> list[float]:
    """Tell whole calls to a spool; returns the processor time of each turn in the telling thread."""
    costs = []
    for number in range(calls):
        writer = SpoolWriter(folder, call_id_of(f"RM_{number}"), 0, 1_000_000_000)
        writer.append("begun", {"room": f"room-{number}", "channel": "page", "direction": "in", "words_kept": True})
        for turn in range(1, TURNS + 1):
            begun_at = time.thread_time()
            writer.append("heard", {"turn": turn, "heard": SAID, "heard_language": "hi-IN"})
            writer.append("tool", {"turn": turn, "name": "order_status", "outcome": "ok", "ms": 12})
            writer.append(
                "replied",
                {"turn": turn, "reply": SAID, "reply_language": "hi-IN", "stages_seconds": {"llm": 0.2, "tts": 0.2}},
            )
            writer.append("usage", {"usage": {"llm:m": {"output_tokens": turn}}, "rupees": 0.1 * turn})
            costs.append(time.thread_time() - begun_at)
        writer.append("ended", {"reason": "goodbye", "failed": False})
        writer.close()
    return costs


def _rate(url: str, folder: Path, calls: int) -> float:
    async def ship() -> float:
        engine = new_engine(url)
        try:
            await upgrade(engine)
            begun_at = time.perf_counter()
            await Shipper(engine, folder).ship()
            return calls / (time.perf_counter() - begun_at)
        finally:
            await engine.dispose()

    return asyncio.run(ship())


def _with_postgres(calls: int) -> float:
    """Measure on a server of one's own, as durable as it is by default."""
    folder = Path(tempfile.mkdtemp(prefix="vaani-bench-"))
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    as_user: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        command = [str(BINARIES[-1] / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=90, **as_user)

    run("initdb", "-U", "vaani", "-A", "trust", "-E", "UTF8", "--locale=C")
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        _tell(folder.with_suffix(".spool"), calls)
        return _rate(f"postgresql+asyncpg://vaani@127.0.0.1:{port}/postgres", folder.with_suffix(".spool"), calls)
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder.with_suffix(".spool"), ignore_errors=True)
