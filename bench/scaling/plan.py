"""What breaks first on the way to 100,000 calls at once, and what to do at each step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.scaling.parameters import Figure, Parameters

STEPS = (100, 1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that calls use up."""

    name: str
    unit: str
    per_call: Figure
    one_holds: Figure
    """How much of it one account, node or instance has."""
    then: str
    """What to do when one is not enough."""

    def needed(self, calls: int) -> int:
        return math.ceil(calls * self.per_call.value / self.one_holds.value)

    @property
    def breaks_at(self) -> int:
        """Calls at once that the first one still carries."""
        return int(self.one_holds.value / self.per_call.value)


def parts(parameters: Parameters) -> list[Part]:
    """In no order: `first_to_break` sorts."""
    calls_a_second = 1 / parameters.call_mean_seconds.value
    return [
        Part(
            "Sarvam STT sockets",
            "account",
            Figure(1, "sockets", "read: one a call for as long as it lasts"),
            Figure(100, "sockets", "read: Sarvam's docs, plan Business: 100 at once"),
            "A contract: the listed plans end here. Have the limit in writing, and keep the fleet's places below it.",
        ),
        Part(
            "Sarvam TTS sockets",
            "account",
            Figure(0.5, "sockets", "assumed: the agent speaks half of the time"),
            Figure(
                30, "sockets", "read: Sarvam's docs, bulbul:v3 on plan Starter: 30 at once; larger plans are not listed"
            ),
            "The same contract; ready phrases are rendered once and cost no socket.",
        ),
        Part(
            "OpenAI requests",
            "account",
            Figure(8, "requests a minute", "assumed: four turns a minute, each begun twice"),
            Figure(10_000, "requests a minute", "read: OpenAI's usage tier 4 for small models, as listed"),
            "A higher tier, or a model in India (Sarvam 105B) for a share of the calls.",
        ),
        Part(
            "LiveKit nodes",
            "node of 16 cores",
            Figure(1 / 0.8, "calls", "assumed: 80 % of a node is used"),
            Figure(1_500, "calls", "assumed: two participants and two Opus tracks a room, 3,000 of them a node"),
            "LiveKit Cloud, or more nodes behind one Redis: a room lives on one node, so nodes add up.",
        ),
        Part(
            "PostgreSQL for records",
            "instance",
            Figure(calls_a_second, "records a second", "assumed: they end as they begin"),
            Figure(
                93, "records a second", "measured: records_per_second of `make bench`, one writing process on two cores"
            ),
            "The spool waits, writers are many: a larger instance, then partitions by month, then a second one.",
        ),
        Part(
            "SIP channels",
            "trunk",
            Figure(1, "channels", "read: one a call"),
            Figure(
                500, "channels", "assumed: what Indian carriers give a customer without a project; they sell in tens"
            ),
            "Several trunks, several carriers; `python -m phone campaign` keeps a rate per trunk.",
        ),
        Part(
            "Worker cores",
            "core",
            Figure(1, "calls", "read: a call's process"),
            parameters.calls_per_core,
            "GKE with KEDA, spare nodes; quota of CPUs asked for before the day of the spike.",
        ),
        Part(
            "Addresses of pods",
            "/17 of pods",
            Figure(1 / parameters.calls_per_worker, "addresses", "assumed: one a worker"),
            Figure(128 * 32, "addresses", "read: 128 nodes of a /24 each; Autopilot runs 32 pods a node"),
            "A /14 for pods from the start: it cannot be widened later, only added to.",
        ),
        Part(
            "Token function",
            "instance",
            Figure(calls_a_second, "requests a second", "assumed: one token a call"),
            Figure(732, "requests a second", "measured: vaani_oidc in token_requests_per_second of `make bench`"),
            "Raise max_instance_count; nothing is shared between instances.",
        ),
    ]


def first_to_break(parameters: Parameters) -> list[Part]:
    return sorted(parts(parameters), key=lambda part: part.breaks_at)
