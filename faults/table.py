"""Writes docs/faults.md from the rows of a run; a cell without a row is a hole, and a hole is a failure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from faults.cells import (
    FAULT_NAMES,
    FAULTS,
    PHASE_NAMES,
    PHASES,
    PROVIDER_NAMES,
    PROVIDERS,
    Cell,
    runnable,
    why_not,
)
from faults.line_up import GIVE_UP_SECONDS, LATE_SECONDS, USUAL_SECONDS
from faults.one_call import LONGEST_SILENCE_SECONDS, RECOVERS_AFTER_SECONDS, Row

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
HEAD = f"""# What a caller hears when something breaks

Written by `make matrix` (`python -m faults.matrix`) from real calls; do not edit. Each row is one call through
LiveKit against the stand-ins, with `WORKER_USUAL_LATENCY_SECONDS={USUAL_SECONDS:g}`,
`WORKER_REPLY_LATE_SECONDS={LATE_SECONDS:g}` and `WORKER_GIVE_UP_SECONDS={GIVE_UP_SECONDS:g}` (by default 1, 1.5, 20).
A fault that recovers lasts {RECOVERS_AFTER_SECONDS:g} s. A row fails when the caller waits in silence for more than
{LONGEST_SILENCE_SECONDS:g} s, when a call that could go on ends, when the turn is not answered after recovery, or when
nothing is logged. `silence` is the longest one of the call, from the end of the caller's first turn on.

How it works: [retry.py](../worker/reply/retry.py) for model and voice,
[stt_supervisor.py](../worker/hearing/stt_supervisor.py) for the recogniser;
the phrases are rendered ahead of time, so that an apology needs no provider. A voice that was never reachable
(rows `tls` and `dns`) leaves two soft beeps instead.
"""


def holes(rows: Mapping[str, Row]) -> list[str]:
    """Cells that should have been run and were not."""
    return [cell.name for cell in runnable() if cell.name not in rows]


def cells_in(text: str) -> set[str]:
    """The cells that a page has a good row for."""
    found = set()
    provider = ""
    for line in text.splitlines():
        if line.startswith("## "):
            provider = next((key for key, name in PROVIDER_NAMES.items() if name == line[3:]), "")
        parts = [part.strip() for part in line.split("|")]
        if provider and len(parts) > 4 and "**" not in line:
            fault = next((key for key, name in FAULT_NAMES.items() if name == parts[1]), "")
            phase = next((key for key, name in PHASE_NAMES.items() if name == parts[2]), "")
            if fault and phase:
                found.add(Cell(provider, fault, phase).name)
    return found


def write_page(rows: Mapping[str, Row]) -> None:
    PAGE.write_text(page(rows), encoding="utf-8")


def page(rows: Mapping[str, Row]) -> str:
    parts = [HEAD]
    for provider in PROVIDERS:
        parts.append(f"\n## {PROVIDER_NAMES[provider]}\n")
        parts.append("| fault | when | the caller hears | after | silence | the call | logged |")
        parts.append("|---|---|---|---|---|---|---|")
        parts += [_line(rows[cell.name]) for cell in runnable() if cell.provider == provider and cell.name in rows]
    parts += ["\n## Cells that make no sense\n", *_reasons(), ""]
    if missing := holes(rows):
        parts += ["## Holes: not run yet\n", ", ".join(f"`{name}`" for name in missing), ""]
    return "\n".join(parts)


def _line(row: Row) -> str:
    after = "-" if row.heard_after_seconds is None else f"{row.heard_after_seconds:.1f} s"
    call = "goes on" if row.goes_on else f"ended by the agent: `{row.end_reason}`" if row.ended_by == "agent" else "-"
    heard = row.heard if row.good else f"**{row.heard} ({'; '.join(row.problems)})**"
    logged = "; ".join(f"`{entry}`" for entry in row.logged) or "-"
    return (
        f"| {FAULT_NAMES[row.fault]} | {PHASE_NAMES[row.phase]} | {heard} | {after} "
        f"| {row.longest_silence_seconds:.1f} s | {call} | {logged} |"
    )


def _reasons() -> list[str]:
    found: dict[str, list[str]] = {}
    for provider in PROVIDERS:
        for fault in FAULTS:
            for phase in PHASES:
                cell = Cell(provider, fault, phase)
                if reason := why_not(cell):
                    found.setdefault(reason, []).append(cell.name)
    return [f"- {reason}: {', '.join(f'`{name}`' for name in names)}." for reason, names in found.items()]
