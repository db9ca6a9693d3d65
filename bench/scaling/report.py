"""Writes out/scaling.json, the plots, and the tables of docs/scaling.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # it runs where there is no screen
from matplotlib import pyplot as plt

from bench.scaling.arrivals import SPIKE_AT_SECONDS
from bench.scaling.fleet import Outcome, Policy
from bench.scaling.parameters import Parameters
from bench.scaling.plan import STEPS, first_to_break
from bench.scaling.scenarios import Scenario, rupees

BEGIN, END = "<!-- scaling:begin -->", "<!-- scaling:end -->"
MOST_REFUSED = 0.001


@dataclass(frozen=True, slots=True)
class Run:
    """One policy through one scenario, over all seeds."""

    policy: Policy
    scenario: Scenario
    outcomes: Sequence[Outcome]

    @property
    def refused_share(self) -> float:
        return sum(each.refused for each in self.outcomes) / max(1, sum(each.asked for each in self.outcomes))

    @property
    def cut(self) -> int:
        """In the worst of the days."""
        return max(each.cut for each in self.outcomes)

    @property
    def shortage_seconds(self) -> float:
        return max(each.longest_shortage_seconds for each in self.outcomes)

    def rupees(self, parameters: Parameters) -> float:
        return sum(rupees(self.policy, each, parameters) for each in self.outcomes) / len(self.outcomes)

    def row(self, parameters: Parameters) -> dict[str, Any]:
        return {
            "policy": self.policy.name,
            "scenario": self.scenario.name,
            "days": len(self.outcomes),
            "refused_share": round(self.refused_share, 6),
            "cut": self.cut,
            "handed_over": max(each.handed_over for each in self.outcomes),
            "rescued": max(each.rescued for each in self.outcomes),
            "time_to_capacity_seconds": round(self.shortage_seconds, 1),
            "rupees_a_day": round(self.rupees(parameters)),
        }


def best(runs: Sequence[Run], parameters: Parameters) -> Policy | None:
    """The cheapest policy that refuses less than one in a thousand and cuts nobody on the day with the spike."""
    good = [
        run for run in runs if run.scenario.spike and run.refused_share < MOST_REFUSED and run.cut == 0
    ]  # fmt: skip
    return min(good, key=lambda run: run.rupees(parameters)).policy if good else None


def content(runs: Sequence[Run], parameters: Parameters) -> dict[str, Any]:
    """What out/scaling.json holds."""
    chosen = best(runs, parameters)
    return {
        "parameters": {
            name: {"value": each.value, "unit": each.unit, "source": each.source} for name, each in parameters.listed()
        },
        "runs": [run.row(parameters) for run in runs],
        "best": chosen.name if chosen else None,
        "plan": [
            {
                "part": part.name, "unit": part.unit, "breaks_at_calls": part.breaks_at,
                "needed": {str(calls): part.needed(calls) for calls in STEPS}, "then": part.then,
                "sources": [part.per_call.source, part.one_holds.source],
            }
            for part in first_to_break(parameters)
        ],
    }  # fmt: skip


def page(found: Mapping[str, Any]) -> str:
    """What stands between the markers of docs/scaling.md."""
    lines = [f"The best by these numbers: **{found['best'] or 'none of them'}**.", ""]
    for name in dict.fromkeys(row["scenario"] for row in found["runs"]):
        lines += [
            f"### {name[0].upper()}{name[1:]}", "",
            "| policy | refused | cut | handed over | rescued | without a free place | ₹ a day |",
            "|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        lines += [
            f"| {row['policy']} | {row['refused_share']:.2%} | {row['cut']} | {row['handed_over']} | {row['rescued']} "
            f"| {row['time_to_capacity_seconds']:.0f} s | {row['rupees_a_day']:,} |"
            for row in found["runs"]
            if row["scenario"] == name
        ]
        lines.append("")
    lines += [
        "![Calls and places on the day with the spike](images/scaling-spike.png)", "",
        "### Up to 100,000 calls at once", "",
        "| part | the first is full at | " + " | ".join(f"{calls:,} calls" for calls in STEPS) + " | then |",
        "|---|---|" + "---|" * len(STEPS) + "---|",
    ]  # fmt: skip
    lines += [
        f"| {part['part']} (each: {part['unit']}) | {part['breaks_at_calls']:,} calls | "
        + " | ".join(f"{part['needed'][str(calls)]:,}" for calls in STEPS)
        + f" | {part['then']} |"
        for part in found["plan"]
    ]
    lines += ["", "### What this rests on", "", "| parameter | value | source |", "|---|---|---|"]
    lines += [
        f"| {name.replace('_', ' ')} | {each['value']:,.4g} {each['unit']} | {each['source']} |"
        for name, each in found["parameters"].items()
    ]
    lines += [
        f"| {part['part']} | the first is full at {part['breaks_at_calls']:,} calls | {'; '.join(part['sources'])} |"
        for part in found["plan"]
    ]
    return "\n".join(lines)


def write(found: Mapping[str, Any], runs: Sequence[Run], out: Path) -> list[Path]:
    """out/scaling.json and the plot of the day with the spike. Returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = out / "scaling.json"
    written.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [written, _spike(runs, out / "scaling-spike.png")]


def _spike(runs: Sequence[Run], path: Path) -> Path:
    """Calls in progress and places around the spike, one panel a policy."""
    shown = [run for run in runs if run.scenario.spike]
    figure, panels = plt.subplots(len(shown), 1, figsize=(8, 1.5 * len(shown)), sharex=True, layout="constrained")
    for run, axes in zip(shown, [panels] if len(shown) == 1 else panels, strict=True):
        around = [each for each in run.outcomes[0].samples if -900 <= each[0] - SPIKE_AT_SECONDS <= 4500]
        minutes = [(at - SPIKE_AT_SECONDS) / 60 for at, _, _ in around]
        axes.fill_between(minutes, [places for _, _, places in around], color="#cfe3dc", step="post", label="places")
        axes.plot(minutes, [calls for _, calls, _ in around], color="#c8553d", label="calls in progress")
        axes.set_title(f"{run.policy.name}: {run.refused_share:.2%} refused", fontsize=8, loc="left")
        axes.tick_params(labelsize=7)
    figure.axes[0].legend(fontsize=7, frameon=False)
    figure.axes[-1].set_xlabel("minutes from the spike's beginning", fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def with_page(text: str, written: str) -> str:
    """The docs' page with the part between the markers replaced. Raises ValueError when a marker is missing."""
    if BEGIN not in text or END not in text:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{text.partition(BEGIN)[0]}{BEGIN}\n{written}\n{END}{text.partition(END)[2]}"
