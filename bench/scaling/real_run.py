"""Twenty real workers scaled by the rule that the simulation uses, and the simulation of the very same callers.

What it shows: that the simulated fleet behaves as real processes do, registered at a real livekit-server, given real
calls and told to stop by SIGTERM. What it does not: nodes, images and another machine's network; their times are
parameters with a source.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from livekit import rtc

from bench.scaling.arrivals import Arrival
from bench.scaling.fleet import Fleet, Outcome, Platform, Policy, Trouble
from bench.scaling.parameters import Figure, Parameters
from bench.scaling.rule import Autoscaler, Rule
from sandbox.stack.processes import Process, ProcessFailed
from sandbox.stack.stack import Stack, StackOptions

RULE = Rule(target=0.5, least=3, most=20, every_seconds=5.0, up_workers=2, up_share=0.5, down_window_seconds=40.0)
SECONDS = 300.0
CALM, PEAK = 1 / 20, 1 / 4  # calls a second, before and in the spike
SPIKE_FROM, SPIKE_TO = 60.0, 180.0
TALK_SECONDS = 24.0
STOP_SECONDS = 60.0
JOIN_SECONDS = 15.0
BUSY_ATTRIBUTE = "vaani.busy"
SIMULATED_DAYS = 30
ENVIRONMENT = {
    "WORKER_MAX_CALLS": "1",
    "WORKER_IDLE_PROCESSES": "1",
    "WORKER_DRAIN_SECONDS": str(int(STOP_SECONDS)),
    "WORKER_TURN_AUDIO": "off",
    "WORKER_SILENCE_SECONDS": "120",  # these callers say nothing: a goodbye would be taken for a cut
}
AGREES_SHARE, AGREES_WORKERS = 0.10, 3


def callers(seed: int) -> list[Arrival]:
    """Few callers, then five times as many for two minutes, then few again; all talk about as long."""
    draw, now, found = random.Random(seed), 0.0, []
    while (now := now + draw.expovariate(PEAK)) < SECONDS - 2 * TALK_SECONDS:
        if SPIKE_FROM <= now < SPIKE_TO or draw.random() < CALM / PEAK:
            found.append(Arrival(now, draw.uniform(0.6, 1.4) * TALK_SECONDS))
    return found


@dataclass(slots=True)
class Seen:
    """What the real run came to."""

    asked: int = 0
    refused: int = 0
    cut: int = 0
    start_seconds: list[float] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)


class RealFleet:
    """Real workers, told to start and stop by the rule."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._running: dict[str, Process | None] = {}
        """By name; None while it starts."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        self.calls = 0
        self.seen = Seen()

    async def run(self, arrivals: Sequence[Arrival]) -> Seen:
        for _ in range(RULE.least):
            self._start()
        await asyncio.gather(*self._tasks)
        self.seen.start_seconds.clear()  # nobody waited for the first ones
        began_at, scaler = time.monotonic(), Autoscaler(RULE, 1)
        calls = [asyncio.create_task(self._call(arrival, began_at)) for arrival in arrivals]
        for step in range(int(SECONDS / RULE.every_seconds)):
            await asyncio.sleep(max(0.0, began_at + step * RULE.every_seconds - time.monotonic()))
            wanted = scaler.decide(time.monotonic() - began_at, self.calls, len(self._running))
            for _ in range(wanted - len(self._running)):
                self._start()
            for name in list(self._running)[: max(0, len(self._running) - wanted)]:
                self._stop(name)
            self.seen.workers.append(len(self._running))
            print(
                f"[{step * RULE.every_seconds:5.0f} s] {self.calls} calls, {len(self._running)} workers, "
                f"{sum(each is None for each in self._running.values())} of them starting, {self.seen.refused} refused",
                flush=True,
            )
        await asyncio.gather(*calls)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return self.seen

    def _start(self) -> None:
        self._number += 1
        self._spawn(self._starts(f"worker-{self._number}"))

    async def _starts(self, name: str) -> None:
        self._running[name] = None
        began_at = time.monotonic()
        try:
            process = await self._stack.start_worker(name, ENVIRONMENT)
        except ProcessFailed as failure:
            print(f"{name}: {failure}")
            self._running.pop(name, None)
            return
        self.seen.start_seconds.append(time.monotonic() - began_at)
        if name in self._running:
            self._running[name] = process
        else:  # it was told to stop while it started
            await process.stop()

    def _stop(self, name: str) -> None:
        process = self._running.pop(name)
        if process is not None:
            process.signal(signal.SIGTERM)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _call(self, arrival: Arrival, began_at: float) -> None:
        """One caller, silent: joins, waits for an agent with a voice, stays, leaves."""
        await asyncio.sleep(max(0.0, began_at + arrival.at - time.monotonic()))
        self.seen.asked += 1
        async with self._stack.http.post(self._stack.token_url, json={}) as reply:
            given = await reply.json()
        room, answered, gone = rtc.Room(), asyncio.get_running_loop().create_future(), asyncio.Event()

        def published(publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
            if not answered.done():
                answered.set_result(not participant.attributes.get(BUSY_ATTRIBUTE))

        room.on("track_published", published)
        room.on("disconnected", lambda *_: gone.set())
        await room.connect(given["server_url"], given["participant_token"], rtc.RoomOptions(auto_subscribe=False))
        try:
            served = False
            with contextlib.suppress(TimeoutError):
                served = await asyncio.wait_for(answered, JOIN_SECONDS)
            if not served:
                self.seen.refused += 1
                return
            self.calls += 1
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), arrival.talks_seconds)
                self.seen.cut += gone.is_set()
            finally:
                self.calls -= 1
        finally:
            await room.disconnect()


def simulated(arrivals: Sequence[Arrival], start_seconds: float) -> list[Outcome]:
    """The same callers on the simulated fleet, with the start time that was measured; nobody calls again."""
    parameters = replace(
        Parameters(),
        cores_per_worker=Figure(1, "cores", "assumed: one call a worker here"),
        calls_per_core=Figure(1, "calls", "assumed: one call a worker here"),
        worker_start_seconds=Figure(start_seconds, "s", "measured: in this run"),
        metric_age_seconds=Figure(0, "s", "assumed: the rule sees the calls themselves"),
        redial_share=Figure(0, "share", "assumed: nobody calls again here"),
    )
    platform = Platform(
        "this machine",
        lambda found, warm: found.worker_start_seconds.value,
        lambda found: STOP_SECONDS,
        lambda found: 0.0,
    )
    policy = Policy("the same rule", platform, RULE)
    return [Fleet(policy, parameters, Trouble(), seed).run(arrivals, SECONDS) for seed in range(SIMULATED_DAYS)]


def verdict(seen: Seen, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Both sides, and whether they agree: refused within ten calls of a hundred, the most workers within three."""
    refused = statistics.fmean(each.refused for each in outcomes) / max(1, outcomes[0].asked)
    most = statistics.fmean(max(places for _, _, places in each.samples) for each in outcomes)
    real_refused = seen.refused / max(1, seen.asked)
    return {
        "callers": seen.asked,
        "worker_start_seconds": round(statistics.median(seen.start_seconds), 1) if seen.start_seconds else None,
        "real": {"refused_share": round(real_refused, 3), "cut": seen.cut, "most_workers": max(seen.workers)},
        "simulated": {
            "refused_share": round(refused, 3),
            "cut": statistics.fmean(each.cut for each in outcomes),
            "most_workers": round(most, 1),
        },
        "agrees": abs(refused - real_refused) <= AGREES_SHARE and abs(most - max(seen.workers)) <= AGREES_WORKERS,
    }


async def _run(seed: int) -> dict[str, Any]:
    arrivals = callers(seed)
    options = StackOptions(scope="sandbox-scaling", worker=False, on_progress=print)
    async with Stack(options) as stack:
        seen = await RealFleet(stack).run(arrivals)
    start = statistics.median(seen.start_seconds) if seen.start_seconds else Parameters().worker_start_seconds.value
    return verdict(seen, simulated(arrivals, start))


def compare(out: Path, seed: int) -> int:
    """Run both, print and write out/scaling-real.json. Returns the exit code."""
    found = asyncio.run(_run(seed))
    out.mkdir(parents=True, exist_ok=True)
    (out / "scaling-real.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0 if found["agrees"] else 1
