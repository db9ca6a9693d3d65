"""Calls at once to one worker that has a core to itself: who was answered, how late, and what it cost the worker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.contenders import WORKER, Contender
from bench.cores import Cores, CoreTimes, pinned
from bench.processes import CpuOfTree, pids_of_calls, private_megabytes_of_pages
from bench.running import BRISK, environment, join_token, steady_port
from sandbox.caller import CallEvent, CallPlan, CallResult, Control, Turn, place_call
from sandbox.stack.processes import Process, free_port
from sandbox.stack.stack import ROOT, START_SECONDS, Stack, StackOptions

BETWEEN_CALLERS_SECONDS = 0.7
BETWEEN_STEPS_SECONDS = 3.0  # processes that replace those of the last calls have their start behind them
BUSY = "busy"
# Every caller says the same: the stand-in recogniser is told what it will hear in one queue for all of them.
SAID = Turn("I would like to know what your opening hours are on Sundays.", "en-IN")


@dataclass(slots=True)
class Cost:
    """What the calls cost while all of them were going on."""

    seconds: float = 0.0
    cpu_per_call: float = 0.0
    """Cores that a call's own process used."""
    worker_cpu: float = 0.0
    """Cores that all of the worker's processes used."""
    memory_per_call_mb: float = 0.0
    worker_core_idle: float = 1.0
    other_cores_idle: float = 1.0
    loop_lag_p99_ms: float = 0.0


@dataclass
class Crowd:
    """Calls that were placed at once, and what became of them."""

    calls: int
    results: list[CallResult] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Voice to voice, of turns that began while all calls were going on."""
    cost: Cost = field(default_factory=Cost)

    @property
    def missed(self) -> int:
        """Callers who were not greeted, not answered, or left alone."""
        return sum(not result.good for result in self.results)

    @property
    def greetings(self) -> list[float]:
        return [result.greeting_seconds for result in self.results if result.greeting_seconds is not None]


def was_refused(result: CallResult) -> bool:
    """Whether the caller was told that all lines are busy."""
    return any(notice.get("code") == BUSY for notice in result.notices)


class LonelyWorker:
    """A worker on its own core, on a stack that has the others."""

    def __init__(self, stack: Stack, process: Process, contender: Contender, health_port: int, cores: Cores) -> None:
        self.stack = stack
        self.process = process
        self.contender = contender
        self.cores = cores
        self._health_url = f"http://127.0.0.1:{health_port}/"

    async def health(self) -> Mapping[str, float]:
        """What it says of itself."""
        async with self.stack.http.get(self._health_url) as reply:
            content: Mapping[str, float] = await reply.json()
        return content

    async def call(self, plan: CallPlan, on_event: Callable[[CallEvent], None] | None = None) -> CallResult:
        """One call to it."""
        return await place_call(
            plan,
            join=join_token(self.stack, self.contender),
            control=Control(self.stack.sandbox_url, self.contender.scope),
            on_event=on_event,
            patience=BRISK,
        )

    async def crowd(self, calls: int, turns: int) -> Crowd:
        """So many callers, one shortly after the other, each with so many turns."""
        return await _Gathering(self, calls, turns).run()


@contextlib.asynccontextmanager
async def lonely_worker(cores: Cores, name: str, settings: Mapping[str, str]) -> AsyncIterator[LonelyWorker]:
    """Start the stack on the other cores, and on the worker's core a worker with these settings, ready for calls."""
    health_port = free_port()
    own = {"WORKER_HEALTH_PORT": str(health_port), **settings}
    contender = Contender(name, WORKER, "this worker on one core", environment=own)
    options = StackOptions(
        worker=False, logs=ROOT / ".cache" / "bench", scope=contender.scope, ports={"sandbox": steady_port()}
    )
    with pinned(cores.others):
        async with Stack(options) as stack:
            process = Process(
                f"worker-{name}", contender.command, ROOT / ".cache" / "bench" / f"{name}.log",
                environment(stack, contender), ROOT,
            )  # fmt: skip
            process.log.unlink(missing_ok=True)
            stack.processes[process.name] = process
            with pinned(cores.worker):
                await process.start()
            worker = LonelyWorker(stack, process, contender, health_port, cores)
            await process.until_logged("worker.registered", START_SECONDS)
            await process.until_phrases_are_rendered()
            await asyncio.sleep(BETWEEN_STEPS_SECONDS)
            yield worker


@dataclass(frozen=True, slots=True)
class _Look:
    """The worker's processes and the cores at one moment."""

    at: float
    cpu: CpuOfTree
    cores: CoreTimes

    @staticmethod
    def now(worker_pid: int) -> _Look:
        return _Look(time.monotonic(), CpuOfTree.of(worker_pid), CoreTimes.now())


class _Gathering:
    """Places the calls of one crowd, and looks at the worker from the last greeting to the first goodbye."""

    def __init__(self, worker: LonelyWorker, calls: int, turns: int) -> None:
        self._worker = worker
        self._crowd = Crowd(calls)
        self._plan = CallPlan(turns=(SAID,) * turns, name="crowd")
        self._greeted = 0
        self._turns_began: dict[tuple[int, int], float] = {}
        self._all_there = asyncio.Event()
        self._first_over = asyncio.Event()

    async def run(self) -> Crowd:
        watching = asyncio.create_task(self._watch())
        placing = [asyncio.create_task(self._caller(number)) for number in range(self._crowd.calls)]
        self._crowd.results = list(await asyncio.gather(*placing))
        since, until = await watching
        for number, result in enumerate(self._crowd.results):
            for index, turn in enumerate(result.turns):
                began_at = self._turns_began.get((number, index), 0.0)
                if since <= began_at < until and turn.voice_to_voice_seconds is not None:
                    self._crowd.waits.append(turn.voice_to_voice_seconds)
        await asyncio.sleep(BETWEEN_STEPS_SECONDS)
        return self._crowd

    async def _caller(self, number: int) -> CallResult:
        await asyncio.sleep(number * BETWEEN_CALLERS_SECONDS)
        try:
            return await self._worker.call(self._plan, lambda event: self._note(number, event))
        finally:
            self._all_there.set()  # whoever is over cannot be waited for
            self._first_over.set()

    def _note(self, number: int, event: CallEvent) -> None:
        if event.kind == "greeted":
            self._greeted += 1
            if self._greeted == self._crowd.calls:
                self._all_there.set()
        elif event.kind == "turn_started" and event.turn is not None:
            self._turns_began[number, event.turn] = time.monotonic()
        elif event.kind == "turn_done" and event.turn == len(self._plan.turns) - 1:
            self._first_over.set()

    async def _watch(self) -> tuple[float, float]:
        """Returns since when and until when all calls were going on."""
        await self._all_there.wait()
        pid = self._worker.process.pid
        before = await asyncio.to_thread(_Look.now, pid)
        await self._first_over.wait()
        after, pids, memory = await asyncio.to_thread(_look_at_calls, pid)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            self._crowd.cost.loop_lag_p99_ms = float((await self._worker.health()).get("loop_lag_p99_ms", 0.0))
        self._reckon(before, after, pids, memory)
        return before.at, after.at

    def _reckon(self, before: _Look, after: _Look, pids: list[int], memory: list[float]) -> None:
        cost, cores = self._crowd.cost, self._worker.cores
        cost.seconds = after.at - before.at
        cost.worker_core_idle = after.cores.idle_since(before.cores, cores.worker)
        cost.other_cores_idle = after.cores.idle_since(before.cores, cores.others)
        cost.memory_per_call_mb = sum(memory) / len(memory) if memory else 0.0
        if pids and cost.seconds:
            cost.cpu_per_call = sum(after.cpu.since(before.cpu, pid) for pid in pids) / len(pids) / cost.seconds
            cost.worker_cpu = after.cpu.since(before.cpu) / cost.seconds


def _look_at_calls(worker_pid: int) -> tuple[_Look, list[int], list[float]]:
    look = _Look.now(worker_pid)
    pids = pids_of_calls(worker_pid)
    memory = []
    for pid in pids:
        with contextlib.suppress(OSError):
            memory.append(private_megabytes_of_pages(Path(f"/proc/{pid}/smaps_rollup").read_text()))
    return look, pids, memory
