"""The days that every policy is put through."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.scaling.arrivals import SPIKE_AT_SECONDS, Day, as_ever, spike
from bench.scaling.fleet import Fleet, Outcome, Policy, Trouble
from bench.scaling.parameters import Parameters

SPIKE_TIMES = 20.0


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    trouble: Trouble = field(default_factory=Trouble)
    spike: bool = False

    def day(self, parameters: Parameters) -> Day:
        shape = (spike(SPIKE_TIMES), SPIKE_TIMES) if self.spike else (as_ever, 1.0)
        return Day(
            parameters.busiest_hour_calls.value, parameters.call_mean_seconds.value, parameters.call_sigma.value,
            parameters.longest_call_seconds.value, *shape,
        )  # fmt: skip


SCENARIOS = (
    Scenario("an ordinary day"),
    Scenario("a spike of 20x in 5 minutes", spike=True),
    Scenario("a provider away for 4 minutes", Trouble(outage_at=SPIKE_AT_SECONDS, outage_seconds=240.0)),
    Scenario("a zone lost at the busiest hour", Trouble(zone_lost_at=SPIKE_AT_SECONDS)),
)


def simulate(policy: Policy, scenario: Scenario, parameters: Parameters, seed: int) -> Outcome:
    """One policy through one day."""
    day = scenario.day(parameters)
    return Fleet(policy, parameters, scenario.trouble, seed).run(day.arrivals(seed), day.seconds)


def rupees(policy: Policy, outcome: Outcome, parameters: Parameters) -> float:
    """What the day's machines cost, spare ones included."""
    seconds = outcome.worker_seconds + outcome.spare_seconds
    return seconds / 3600 * parameters.cores_per_worker.value * policy.platform.core_hour_rupees(parameters)
