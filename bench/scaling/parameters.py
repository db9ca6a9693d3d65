"""What the simulation rests on: every number with its unit and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and its unit."""

    value: float
    unit: str
    source: str
    """"measured: ...", "read: ..." or "assumed: ...", and where or why."""


RUPEES_PER_DOLLAR = 92.0  # invoices of October 2026


@dataclass(frozen=True)
class Parameters:
    """The model's numbers; `Parameters.of(capacity)` takes the calls a core from a run of `make capacity`."""

    busiest_hour_calls: Figure = Figure(100, "calls at once", "assumed: a company with one busy line of business")
    call_mean_seconds: Figure = Figure(170, "s", "assumed: mean handling time of short service calls; log-normal")
    call_sigma: Figure = Figure(0.8, "log-normal sigma", "assumed: one call in twenty over 7 min")
    longest_call_seconds: Figure = Figure(3600, "s", "read: WORKER_CALL_SECONDS and a pod's grace period bound a call")
    cores_per_worker: Figure = Figure(2, "cores", "read: infra/: a worker's limit")
    calls_per_core: Figure = Figure(4, "calls", "read: WORKER_MAX_CALLS' default; out/capacity.json replaces it")
    worker_start_seconds: Figure = Figure(12, "s", "measured: container's start to registered, 10 to 12 s on two cores")
    node_start_seconds: Figure = Figure(100, "s", "read: 80 to 120 s a node, Google's page on spare capacity, 2026-11")
    image_pull_seconds: Figure = Figure(
        20, "s", "assumed: an image of 670 MB on a fresh node, from a registry in the region"
    )
    pool_instance_seconds: Figure = Figure(
        30, "s", "assumed: a Cloud Run instance with the image pulled, before its own start"
    )
    metric_age_seconds: Figure = Figure(10, "s", "assumed: half a scrape interval of 15 s, and the query")
    rescue_seconds: Figure = Figure(
        30, "s", "measured: tests/recovery: another worker carries a dead machine's call on"
    )
    pool_stop_seconds: Figure = Figure(10, "s", "read: Cloud Run kills 10 s after SIGTERM; no field changes it")
    pool_core_hour_rupees: Figure = Figure(
        (0.000018 + 2 * 0.000002) * 3600 * RUPEES_PER_DOLLAR,
        "₹",
        "read: infra/README.md's upper bound, with 2 GiB a core",
    )
    pod_core_hour_rupees: Figure = Figure(
        (0.0535 + 2 * 0.0059) * RUPEES_PER_DOLLAR,
        "₹",
        "assumed: Autopilot's list price of Iowa and 20 % for Mumbai, 2 GiB a core",
    )
    redial_share: Figure = Figure(0.7, "share", "assumed: of those who were refused call again")
    redial_mean_seconds: Figure = Figure(45, "s", "assumed: until they do")

    @property
    def calls_per_worker(self) -> int:
        return int(self.calls_per_core.value * self.cores_per_worker.value)

    @classmethod
    def of(cls, capacity: Path | None) -> Parameters:
        """The defaults, with the calls a core of `out/capacity.json` where there is one. Raises ValueError."""
        if capacity is None:
            return cls()
        try:
            calls = int(json.loads(capacity.read_text(encoding="utf-8"))["calls_a_core"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{capacity} is no file of `make capacity` with calls_a_core: {error!r}") from error
        if calls < 1:
            raise ValueError(f"{capacity}: calls_a_core is {calls}; a worker that carries no call cannot be scaled")
        return replace(cls(), calls_per_core=Figure(calls, "calls", f"measured: {capacity.name}, by `make capacity`"))

    def listed(self) -> Iterator[tuple[str, Figure]]:
        """Every parameter by name, for the page."""
        for each in fields(self):
            yield each.name, getattr(self, each.name)
