"""The policies that are compared: constant pools, Cloud Run with an external autoscaler, GKE with KEDA."""

from __future__ import annotations

import math

from bench.scaling.fleet import Platform, Policy
from bench.scaling.parameters import Parameters
from bench.scaling.rule import Rule


def _pod_starts(parameters: Parameters, warm: bool) -> float:
    own = parameters.worker_start_seconds.value
    return own if warm else own + parameters.node_start_seconds.value + parameters.image_pull_seconds.value


CLOUD_RUN = Platform(
    "Cloud Run worker pool",
    lambda parameters, warm: parameters.pool_instance_seconds.value + parameters.worker_start_seconds.value,
    lambda parameters: parameters.pool_stop_seconds.value,
    lambda parameters: parameters.pool_core_hour_rupees.value,
)
GKE = Platform(
    "GKE Autopilot",
    _pod_starts,
    lambda parameters: parameters.longest_call_seconds.value,
    lambda parameters: parameters.pod_core_hour_rupees.value,
)
EXTERNAL_EVERY_SECONDS = 60.0  # Google's external-metrics autoscaler runs as a job, not a loop: once a minute


def policies(parameters: Parameters) -> list[Policy]:
    """From the simplest to the best; sized for the busiest hour of an ordinary day."""
    places, busiest = parameters.calls_per_worker, parameters.busiest_hour_calls.value
    # Three deviations of a Poisson count above the busiest hour: an ordinary day refuses nobody.
    enough = math.ceil((busiest + 3 * math.sqrt(busiest)) / places)
    most = math.ceil(30 * busiest / places)
    spare = math.ceil(5.2 * busiest / places)
    return [
        Policy("constant, for the busiest hour", CLOUD_RUN, workers=enough),
        Policy("constant, for the spike", CLOUD_RUN, workers=math.ceil(18 * busiest / places)),
        Policy(
            "Cloud Run, external autoscaler", CLOUD_RUN,
            Rule(target=0.5, least=2, most=most, every_seconds=EXTERNAL_EVERY_SECONDS),
        ),
        Policy("GKE, KEDA at 0.6", GKE, Rule(target=0.6, least=3, most=most)),
        Policy("GKE, KEDA at 0.5", GKE, Rule(target=0.5, least=3, most=most)),
        Policy("GKE, KEDA at 0.5, spare nodes", GKE, Rule(target=0.5, least=3, most=most), spare_nodes=spare),
        Policy(
            "GKE, KEDA at 0.5, spare nodes 8 to 22 h", GKE, Rule(target=0.5, least=3, most=most),
            spare_nodes=spare, spare_hours=(8, 22),
        ),
        Policy(
            "GKE, KEDA at 0.5, fewer spare nodes, looks ahead", GKE,
            Rule(target=0.5, least=3, most=most, ahead_seconds=120.0), spare_nodes=spare * 5 // 6, spare_hours=(8, 22),
        ),
    ]  # fmt: skip
