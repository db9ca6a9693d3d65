"""What the simulation rests on: every number with its unit and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, its unit, and its source: measured here, read at a source, or assumed."""

    value: float
    unit: str
    source: str


def measured(value: float, unit: str, where: str) -> Figure:
    return Figure(value, unit, f"measured: {where}")


def read(value: float, unit: str, where: str) -> Figure:
    return Figure(value, unit, f"read: {where}")


def assumed(value: float, unit: str, why: str) -> Figure:
    return Figure(value, unit, f"assumed: {why}")


RUPEES_PER_DOLLAR = 92.0  # invoices of October 2026


@dataclass(frozen=True)
class Parameters:
    """The model's numbers; `Parameters.of(capacity)` takes the calls a core from a run of `make capacity`."""

    busiest_hour_calls: Figure = field(
        default_factory=lambda: assumed(100, "calls at once", "a company with one busy line of business")
    )
    call_mean_seconds: Figure = field(
        default_factory=lambda: assumed(170, "s", "mean handling time of short service calls; log-normal")
    )
    call_sigma: Figure = field(
        default_factory=lambda: assumed(0.8, "log-normal sigma", "one call in twenty over 7 min")
    )
    longest_call_seconds: Figure = field(
        default_factory=lambda: read(3600, "s", "WORKER_CALL_SECONDS and a pod's grace period bound a call")
    )
    cores_per_worker: Figure = field(default_factory=lambda: read(2, "cores", "infra/: a worker's limit"))
    calls_per_core: Figure = field(
        default_factory=lambda: read(4, "calls", "WORKER_MAX_CALLS' default; out/capacity.json replaces it")
    )
    worker_start_seconds: Figure = field(
        default_factory=lambda: measured(12, "s", "container's start to registered, 10 to 12 s on two cores")
    )
    node_start_seconds: Figure = field(
        default_factory=lambda: read(100, "s", "80 to 120 s a node, Google's page on spare capacity, 2026-11")
    )
    image_pull_seconds: Figure = field(
        default_factory=lambda: assumed(20, "s", "an image of 670 MB on a fresh node, from a registry in the region")
    )
    pool_instance_seconds: Figure = field(
        default_factory=lambda: assumed(30, "s", "a Cloud Run instance with the image pulled, before its own start")
    )
    metric_age_seconds: Figure = field(
        default_factory=lambda: assumed(10, "s", "half a scrape interval of 15 s, and the query")
    )
    rescue_seconds: Figure = field(
        default_factory=lambda: measured(30, "s", "tests/recovery: another worker carries a dead machine's call on")
    )
    pool_stop_seconds: Figure = field(
        default_factory=lambda: read(10, "s", "Cloud Run kills 10 s after SIGTERM; no field changes it")
    )
    pool_core_hour_rupees: Figure = field(
        default_factory=lambda: read(
            (0.000018 + 2 * 0.000002) * 3600 * RUPEES_PER_DOLLAR,
            "₹",
            "infra/README.md's upper bound, with 2 GiB a core",
        )
    )
    pod_core_hour_rupees: Figure = field(
        default_factory=lambda: assumed(
            (0.0535 + 2 * 0.0059) * RUPEES_PER_DOLLAR,
            "₹",
            "Autopilot's list price of Iowa and 20 % for Mumbai, 2 GiB a core",
        )
    )
    redial_share: Figure = field(default_factory=lambda: assumed(0.7, "share", "of those who were refused call again"))
    redial_mean_seconds: Figure = field(default_factory=lambda: assumed(45, "s", "until they do"))

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
        return replace(cls(), calls_per_core=measured(calls, "calls", f"{capacity.name}, by `make capacity`"))

    def listed(self) -> Iterator[tuple[str, Figure]]:
        """Every parameter by name, for the page."""
        for each in fields(self):
            yield each.name, getattr(self, each.name)
