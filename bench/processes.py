"""What a call costs its worker: the process that carries it, its CPU time and its private memory."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class CpuOfTree:
    """CPU seconds used so far by every process of one worker, by process id."""

    seconds: dict[int, float]

    @classmethod
    def of(cls, worker_pid: int) -> CpuOfTree:
        seconds = {}
        for process in tree(worker_pid):
            with contextlib.suppress(psutil.Error):
                seconds[process.pid] = cpu_seconds(process)
        return cls(seconds)

    def since(self, earlier: CpuOfTree, pid: int | None = None) -> float:
        """Used since then by one process, or by all of them."""
        pids = self.seconds if pid is None else [pid]
        return sum(self.seconds.get(each, 0.0) - earlier.seconds.get(each, 0.0) for each in pids)


def tree(worker_pid: int) -> list[psutil.Process]:
    """The worker and everything it has started."""
    try:
        worker = psutil.Process(worker_pid)
        return [worker, *worker.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def process_of_call(worker_pid: int, before: CpuOfTree) -> int | None:
    """The process that carries the call: of those with media sockets, the one that has worked most since `before`."""
    busiest: tuple[float, int] | None = None
    for process in _with_media_sockets(worker_pid):
        with contextlib.suppress(psutil.Error):
            used = cpu_seconds(process) - before.seconds.get(process.pid, 0.0)
            busiest = max(busiest or (0.0, 0), (used, process.pid))
    return busiest[1] if busiest else None


def private_megabytes(pid: int) -> float | None:
    """Memory that would be free if the process ended."""
    try:
        return float(psutil.Process(pid).memory_full_info().uss) / MEGABYTE
    except psutil.Error:
        return None


def pids_of_calls(worker_pid: int) -> list[int]:
    """The processes that carry calls: those with media sockets."""
    return [process.pid for process in _with_media_sockets(worker_pid)]


def _with_media_sockets(worker_pid: int) -> list[psutil.Process]:
    found = []
    for process in tree(worker_pid):
        with contextlib.suppress(psutil.Error):
            if process.net_connections("udp"):
                found.append(process)
    return found


def private_megabytes_of_pages(rollup: str) -> float:
    """What `/proc/PID/smaps_rollup` says of pages that nobody else has."""
    lines = (line.split() for line in rollup.splitlines())
    return sum(int(words[1]) for words in lines if words[0] in ("Private_Clean:", "Private_Dirty:")) * 1024 / MEGABYTE


def cpu_seconds_by_thread(pid: int) -> dict[str, float]:
    """CPU time of a process so far, by the name of its threads: what is not Python shows only here."""
    seconds: dict[str, float] = {}
    tick = os.sysconf("SC_CLK_TCK")
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            user, system = rest.split()[11:13]
            seconds[name] = seconds.get(name, 0.0) + (int(user) + int(system)) / tick
    return seconds
