"""A fleet of workers and its calls, second by second of simulated time.

A worker goes through these states:

    STARTING -> READY          it has registered
    READY    -> STOPPING       the fleet shrinks: no new calls, those it has go on as long as the platform lets them
    STOPPING -> GONE           empty, or the platform's time is over: what is left is handed over or cut
    any      -> GONE           its zone is lost
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.scaling.arrivals import Arrival
from bench.scaling.parameters import Parameters
from bench.scaling.rule import Autoscaler, Rule

Steps = Generator[simpy.Event, Any, None]
REDIALS = 3
SAMPLE_SECONDS = 10.0
ZONES = 3


class State(enum.Enum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a place to run workers does, apart from how many it is told to run."""

    name: str
    starts_seconds: Callable[[Parameters, bool], float]
    """From being asked for to registered; True where a warm node waits."""
    stop_seconds: Callable[[Parameters], float]
    """How long a worker that is told to stop may go on."""
    core_hour_rupees: Callable[[Parameters], float]


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to run the fleet."""

    name: str
    platform: Platform
    rule: Rule | None = None
    """None: `workers` of them, always."""
    workers: int = 0
    spare_nodes: int = 0
    """Warm nodes kept free by placeholder pods: a worker starts there at once, and the place is filled up again."""
    spare_hours: tuple[float, float] = (0.0, 24.0)
    """From when to when of the day they are kept: KEDA's cron scaler sizes the placeholders."""


@dataclass(slots=True)
class Worker:
    zone: int
    asked_at: float
    warm: bool
    state: State = State.STARTING
    calls: set[Call] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Call:
    """A call in progress; `over` ends its wait early."""

    ends_at: float
    over: simpy.Event


@dataclass(slots=True)
class Outcome:
    """What a day came to."""

    asked: int = 0
    """Tries to begin a call, redials counted."""
    refused: int = 0
    cut: int = 0
    handed_over: int = 0
    rescued: int = 0
    worker_seconds: float = 0.0
    spare_seconds: float = 0.0
    longest_shortage_seconds: float = 0.0
    """The longest time without a free place: how long capacity took to come."""
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    """Seconds, calls in progress, places of ready workers."""

    @property
    def refused_share(self) -> float:
        return self.refused / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong in a day."""

    zone_lost_at: float | None = None
    outage_at: float | None = None
    outage_seconds: float = 0.0

    def out(self, now: float) -> bool:
        """Whether a provider is away now: a call then is short, and the caller tries again."""
        return self.outage_at is not None and self.outage_at <= now < self.outage_at + self.outage_seconds


class Fleet:
    """One day of one policy."""

    def __init__(self, policy: Policy, parameters: Parameters, trouble: Trouble, seed: int) -> None:
        self.policy, self.parameters, self.trouble = policy, parameters, trouble
        self.places = parameters.calls_per_worker
        self.outcome = Outcome()
        self.workers: list[Worker] = []
        self._draw = random.Random(seed)
        self._spare = 0
        self._zones = list(range(ZONES))
        self._spares_wanted = False
        self._seconds = 0.0
        self._no_place_since: float | None = None
        self.env = simpy.Environment()

    def run(self, arrivals: Iterable[Arrival], seconds: float) -> Outcome:
        self._seconds = seconds
        first = self.policy.rule.least if self.policy.rule else self.policy.workers
        for _ in range(first):
            self._add(State.READY)
        self.env.process(self._callers(arrivals))
        self.env.process(self._sampled())
        if self.policy.spare_nodes:
            self.env.process(self._spares())
        if self.policy.rule:
            self.env.process(self._scaled(self.policy.rule))
        if self.trouble.zone_lost_at is not None:
            self.env.process(self._zone_lost(self.trouble.zone_lost_at))
        if self.trouble.outage_at is not None:
            self.env.process(self._outage(self.trouble.outage_at))
        self.env.run(until=seconds)
        for worker in self.workers:
            if worker.state is not State.GONE:
                self.outcome.worker_seconds += self.env.now - worker.asked_at
        return self.outcome

    def in_progress(self) -> int:
        return sum(len(worker.calls) for worker in self.workers)

    def _of(self, *states: State) -> list[Worker]:
        return [worker for worker in self.workers if worker.state in states]

    def _free(self) -> Worker | None:
        """Where LiveKit would send a call: the ready worker with the lowest load."""
        ready = [worker for worker in self._of(State.READY) if len(worker.calls) < self.places]
        return min(ready, key=lambda worker: len(worker.calls), default=None)

    # Callers

    def _callers(self, arrivals: Iterable[Arrival]) -> Steps:
        for arrival in arrivals:
            yield self.env.timeout(max(0.0, arrival.at - self.env.now))
            self.env.process(self._caller(arrival))

    def _caller(self, arrival: Arrival) -> Steps:
        for tried in range(1 + REDIALS):
            self.outcome.asked += 1
            worker = self._free()
            self._notice(worker)
            if worker is not None:
                answered = not self.trouble.out(self.env.now)
                # In an outage the caller hears what is wrong, waits a little, and gives up.
                yield from self._talks(worker, arrival.talks_seconds if answered else self._draw.uniform(20, 40))
                if answered:
                    return
            else:
                self.outcome.refused += 1
            if tried == REDIALS or self._draw.random() > self.parameters.redial_share.value:
                return
            yield self.env.timeout(self._draw.expovariate(1 / self.parameters.redial_mean_seconds.value))

    def _notice(self, worker: Worker | None) -> None:
        """Remember since when nobody had a place, and how long it lasted."""
        if worker is None:
            since = self._no_place_since = self._no_place_since or self.env.now
            self.outcome.longest_shortage_seconds = max(self.outcome.longest_shortage_seconds, self.env.now - since)
        elif self._no_place_since is not None:
            # A place that a call has just left is no new capacity: the shortage ends once a tenth of them is free.
            ready = self._of(State.READY)
            if sum(len(each.calls) for each in ready) <= 0.9 * self.places * len(ready):
                self._no_place_since = None

    def _talks(self, worker: Worker, seconds: float) -> Steps:
        call = Call(self.env.now + seconds, self.env.event())
        worker.calls.add(call)
        yield self.env.timeout(seconds) | call.over
        for each in self.workers:
            each.calls.discard(call)

    # Workers

    def _add(self, state: State = State.STARTING) -> None:
        warm = self._spare > 0
        worker = Worker(self._zones[len(self.workers) % len(self._zones)], self.env.now, warm, state)
        self.workers.append(worker)
        if state is State.STARTING:
            self.env.process(self._starts(worker))
        if warm and state is State.STARTING:
            self._spare -= 1
            self.env.process(self._spare_comes_back())

    def _starts(self, worker: Worker) -> Steps:
        seconds = self.policy.platform.starts_seconds(self.parameters, worker.warm)
        yield self.env.timeout(seconds * self._draw.uniform(0.8, 1.2))
        if worker.state is State.STARTING:
            worker.state = State.READY

    def _spare_comes_back(self) -> Steps:
        parameters = self.parameters
        yield self.env.timeout(parameters.node_start_seconds.value + parameters.image_pull_seconds.value)
        if self._spares_wanted:
            self._spare += 1

    def _spares(self) -> Steps:
        """Keep warm nodes in their hours; they are paid for while they are kept, taken or not."""
        begin, end = (hour * 3600 for hour in self.policy.spare_hours)
        yield self.env.timeout(begin)
        self._spares_wanted, self._spare = True, self.policy.spare_nodes
        self.outcome.spare_seconds = self.policy.spare_nodes * (end - begin)
        if end < self._seconds:
            yield self.env.timeout(end - begin)
            self._spares_wanted, self._spare = False, 0

    def _stops(self, worker: Worker) -> Steps:
        worker.state = State.STOPPING
        until = self.env.now + self.policy.platform.stop_seconds(self.parameters)
        while worker.calls and self.env.now < until:
            yield self.env.timeout(min(5.0, until - self.env.now))
        if worker.state is State.STOPPING:
            self._leave(worker)

    def _leave(self, worker: Worker, *, died: bool = False) -> None:
        """The worker is gone; its calls move where there is room, and are cut where there is none."""
        worker.state = State.GONE
        self.outcome.worker_seconds += self.env.now - worker.asked_at
        for call in list(worker.calls):
            worker.calls.discard(call)
            other = self._free()
            if other is None:
                self.outcome.cut += 1
                call.over.succeed()
            else:
                other.calls.add(call)
                if died:
                    self.outcome.rescued += 1
                else:
                    self.outcome.handed_over += 1

    def _scaled(self, rule: Rule) -> Steps:
        scaler = Autoscaler(rule, self.places)
        seen: list[tuple[float, int]] = []
        age = self.parameters.metric_age_seconds.value
        while True:
            seen.append((self.env.now, self.in_progress()))
            # The autoscaler sees what was true a little earlier.
            old = [calls for at, calls in seen if at <= self.env.now - age] or [seen[0][1]]
            running = self._of(State.STARTING, State.READY)
            wanted = scaler.decide(self.env.now, old[-1], len(running))
            for _ in range(wanted - len(running)):
                self._add()
            # Kubernetes takes those that are not ready first, then no order that a fleet could count on.
            leaving = sorted(running, key=lambda worker: (worker.state is State.READY, self._draw.random()))
            for worker in leaving[: max(0, len(running) - wanted)]:
                self.env.process(self._stops(worker))
            del seen[:-4]
            yield self.env.timeout(rule.every_seconds)

    # What goes wrong

    def _zone_lost(self, at: float) -> Steps:
        yield self.env.timeout(at)
        gone = self._zones.pop(0)
        lost = [worker for worker in self._of(State.STARTING, State.READY, State.STOPPING) if worker.zone == gone]
        for worker in lost:  # all at once: none of them is a place for another's calls
            worker.state = State.GONE
        if not self.policy.rule:  # a constant pool is filled up again in the zones that are left
            for _ in lost:
                self._add()
        yield self.env.timeout(self.parameters.rescue_seconds.value)
        for worker in lost:
            self._leave(worker, died=True)

    def _outage(self, at: float) -> Steps:
        """Half of those in a call hang up within half a minute when the provider goes, and call again."""
        yield self.env.timeout(at)
        for call in [call for worker in self.workers for call in worker.calls]:
            if self._draw.random() < 0.5:
                self.env.process(self._gives_up(call))

    def _gives_up(self, call: Call) -> Steps:
        yield self.env.timeout(self._draw.uniform(5, 30))
        left = call.ends_at - self.env.now
        if left > 0 and not call.over.triggered:
            call.over.succeed()
            self.env.process(self._caller(Arrival(self.env.now, left)))

    def _sampled(self) -> Steps:
        while True:
            ready = len(self._of(State.READY)) * self.places
            self.outcome.samples.append((self.env.now, self.in_progress(), ready))
            yield self.env.timeout(SAMPLE_SECONDS)
