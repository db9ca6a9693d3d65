"""`make nightly`: what proves the project and is too long for the gate. Every step runs, whatever the others came to.

    python -m scripts.nightly [--only NAME ...]

Leaves out/nightly.json; what a step prints goes to out/logs/nightly/. Exits with 1 when a step failed or lacks a tool.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.run_tests import environment

ROOT = Path(__file__).parents[1]
OUT = ROOT / "out" / "nightly.json"
LOGS = ROOT / "out" / "logs" / "nightly"
COULD_NOT_RUN = 3
LAST_LINES_SHOWN = 15


@dataclass(frozen=True)
class Step:
    """One command of the night, and the tools that it needs beside the venv."""

    name: str
    command: Sequence[str]
    tools: Sequence[str] = ()
    report: str | None = None
    """What the step itself leaves for a reader."""


NIGHTLY_TESTS = (sys.executable, "-m", "pytest", "-q", "-ra", "-m", "nightly")
STEPS = (
    Step("soak", (sys.executable, "-m", "faults.soak", "--minutes", "30", "--calls", "2"), report="out/soak.json"),
    Step("matrix", (sys.executable, "-m", "faults.matrix"), report="out/matrix.json"),
    Step(
        "container",
        (*NIGHTLY_TESTS, "tests/container"),
        tools=("buildah", "mmdebstrap"),
        report="out/container.json",
    ),
    Step("records", (*NIGHTLY_TESTS, "tests/records", "tests/recovery")),
    Step("recorded-call", (*NIGHTLY_TESTS, "tests/calls", "tests/recording")),
    Step("telephone", (*NIGHTLY_TESTS, "tests/telephone")),
    Step("terraform", (*NIGHTLY_TESTS, "tests/infra"), tools=("terraform",)),
    Step("witness", (sys.executable, "-m", "bench.witness"), report="out/witness.json"),
    Step("newest-dependencies", (sys.executable, "-m", "scripts.upgrade_check")),
)


@dataclass(frozen=True)
class Outcome:
    """What became of a step, as out/nightly.json has it."""

    name: str
    exit_code: int
    seconds: float
    why: str | None
    report: str | None

    @property
    def good(self) -> bool:
        return self.exit_code == 0


def run(step: Step) -> Outcome:
    """Run one step to its end; a tool that is missing is a failure with the line that installs it."""
    if lacking := [tool for tool in step.tools if shutil.which(tool) is None]:
        return Outcome(step.name, COULD_NOT_RUN, 0.0, f"missing: apt-get install -y {' '.join(lacking)}", None)
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{step.name}.log"
    started_at = time.monotonic()
    with log.open("wb") as output:
        # Under the gate's rule: a tool that a test finds missing is a failure there, too.
        done = subprocess.run(
            step.command, cwd=ROOT, env=environment() | {"VAANI_CI": "1"}, stdout=output, stderr=output, check=False
        )
    seconds = round(time.monotonic() - started_at, 1)
    why = None if done.returncode == 0 else "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES_SHOWN:])
    return Outcome(step.name, done.returncode, seconds, why, step.report)


def run_all(steps: Sequence[Step]) -> int:
    """Run steps one after another, write the report after each, and return the exit code."""
    outcomes: list[Outcome] = []
    for step in steps:
        print(f"{step.name}: started", flush=True)
        outcomes.append(outcome := run(step))
        print(f"{step.name}: {'ok' if outcome.good else 'FAILED'} after {outcome.seconds:.0f} s", flush=True)
        if outcome.why:
            print(outcome.why, flush=True)
        write_report(steps, outcomes)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def write_report(steps: Sequence[Step], outcomes: Sequence[Outcome]) -> None:
    """Write out/nightly.json; a night that was stopped half-way is not good."""
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "good": len(outcomes) == len(steps) and all(outcome.good for outcome in outcomes),
        "steps": [{**asdict(outcome), "good": outcome.good} for outcome in outcomes],
        "not_run": [step.name for step in steps[len(outcomes) :]],
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.nightly", description="Run what is too long for the gate.")
    parser.add_argument("--only", nargs="+", choices=[step.name for step in STEPS], help="only these steps")
    options = parser.parse_args()
    return run_all([step for step in STEPS if not options.only or step.name in options.only])


if __name__ == "__main__":
    sys.exit(main())
