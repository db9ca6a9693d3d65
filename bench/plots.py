"""Draws what a table hides: the spread of the waits, where they come from, and what speed costs in cut-offs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")  # a bench runs where there is no screen
from matplotlib import pyplot as plt

from bench.contenders import CONTENDERS
from bench.figures import percentile
from bench.records import Measured
from bench.rows import finished_turns, waits
from bench.stages import STAGES

COLOURS = {"vaani": "#0b6e4f", "vaani_streaming": "#4fb286", "seed_pattern": "#c8553d", "starter": "#f2a541"}
STAGE_COLOURS = ("#8d99ae", "#457b9d", "#1d3557", "#e76f51", "#2a9d8f", "#83c5be", "#6a4c93", "#bcb8b1")


def draw(measured: Measured, out: Path) -> list[Path]:
    """Returns the files; a plot without figures is left out."""
    drawn = [_waterfall(measured, out), _spread(measured, out), _speed_against_cut_offs(measured, out)]
    return [path for path in drawn if path is not None]


def _waterfall(measured: Measured, out: Path) -> Path | None:
    found = {
        each.name: [turn.stages for turn in measured.turns if turn.contender == each.name and turn.stages]
        for each in CONTENDERS
    }
    names = [name for name, turns in found.items() if turns]
    if not names:
        return None
    figure, axes = plt.subplots(figsize=(9, 1.4 + 0.7 * len(names)), layout="constrained")
    left = np.zeros(len(names))
    for stage, colour in zip(STAGES, STAGE_COLOURS, strict=True):
        # Means, not medians: only they add up to a bar that is as long as a turn.
        width = np.array([float(np.mean([turn[stage] for turn in found[name]])) for name in names])
        axes.barh(names, width, left=left, color=colour, label=stage.replace("_", " "))
        left += width
    axes.axvline(measured.floor_seconds, color="black", linestyle=":", label="floor")
    axes.invert_yaxis()
    axes.set_xlabel("seconds from the caller's last voiced sample to the agent's first audible one, mean")
    figure.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, fontsize=8, frameon=False)
    return _save(figure, out / "bench-waterfall.png")


def _spread(measured: Measured, out: Path) -> Path | None:
    turns = finished_turns(measured)
    figure, axes = plt.subplots(figsize=(8, 4.5))
    for each in CONTENDERS:
        values = sorted(waits(turns, each.name))
        if values:
            shares = np.arange(1, len(values) + 1) / len(values)
            axes.step(
                values, shares, where="post", label=f"{each.name} (n={len(values)})", color=COLOURS.get(each.name)
            )
    axes.axvline(measured.floor_seconds, color="black", linestyle=":", label="floor")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("voice to voice, seconds")
    axes.set_ylabel("share of finished turns answered by then")
    axes.grid(alpha=0.3)
    axes.legend()
    return _save(figure, out / "bench-spread.png")


def _speed_against_cut_offs(measured: Measured, out: Path) -> Path | None:
    turns = finished_turns(measured)
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for each in CONTENDERS:
        own, paused = waits(turns, each.name), [t for t in measured.turns if t.contender == each.name and t.paused]
        middle, late = percentile(own, 0.5), percentile(own, 0.95)
        if middle is None or late is None or not paused:
            continue
        share = 100 * sum(turn.cut_off for turn in paused) / len(paused)
        colour = COLOURS.get(each.name)
        above = np.array([[0.0], [late - middle]])
        axes.errorbar(share, middle, yerr=above, fmt="o", capsize=4, color=colour, markersize=9)
        axes.annotate(each.name, (share, middle), xytext=(9, -4), textcoords="offset points", color=colour)
    axes.axhline(measured.floor_seconds, color="black", linestyle=":", label="floor")
    axes.axvspan(0, 15, color="#0b6e4f", alpha=0.07, label="goal: at most 15 %")
    axes.set_xlim(-2, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("paused utterances cut off, %")
    axes.set_ylabel("voice to voice, seconds: median, bar to the 95th percentile")
    axes.legend()
    return _save(figure, out / "bench-cut-offs.png")


def _save(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=130, bbox_inches="tight")
    plt.close(figure)
    return path
