"""Shows where a worker's time goes: a flame graph of its Python, and the time of all its threads."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.processes import cpu_seconds_by_thread

FLAME_SECONDS, FLAME_HZ = 20, 40
THREADS_SECONDS = 20.0
NUMBERED = re.compile(r"[-_ #:]*\d+$")


async def record_flame(pid: int, svg: Path) -> str:
    """Sample a process and all it has started for 20 s; returns what came of it, in a line."""
    beside = Path(sys.executable).with_name("py-spy")
    sampler = str(beside) if beside.exists() else shutil.which("py-spy")
    if sampler is None:
        return "no flame graph: py-spy is not installed (`make setup`)"
    command = ["record", "--pid", str(pid), "--subprocesses", "--rate", str(FLAME_HZ)]
    command += ["--duration", str(FLAME_SECONDS), "--nonblocking", "--format", "flamegraph", "--output", str(svg)]
    child = await asyncio.create_subprocess_exec(
        sampler, *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await child.communicate()
    if child.returncode or not svg.exists():
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        return f"no flame graph: py-spy failed ({last[0]}); it needs the right to trace: kernel.yama.ptrace_scope"
    return f"wrote {svg}"


def thread_shares(pids: Sequence[int], seconds: float = THREADS_SECONDS) -> list[tuple[str, float]]:
    """Cores that the threads of each name used, a process on average, the largest first. Blocks for so long."""
    before = [cpu_seconds_by_thread(pid) for pid in pids]
    began_at = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began_at
    shares: dict[str, float] = {}
    for pid, earlier in zip(pids, before, strict=True):
        for name, used in cpu_seconds_by_thread(pid).items():
            kind = NUMBERED.sub("", name)
            shares[kind] = shares.get(kind, 0.0) + (used - earlier.get(name, 0.0)) / passed / len(pids)
    return sorted(shares.items(), key=lambda share: -share[1])
