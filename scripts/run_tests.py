"""`make test` and `make check`: everything that proves the project, in lanes side by side.

What measures tens of milliseconds runs first, alone. Then two things go on side by side: what only computes, niced, and
what places calls, which waits far more than it computes: first the calls that fill both cores by themselves, then three
lanes of all others. Every test runs once: what fails is a failure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = ROOT / ".venv" / "bin"
REPORTS = ROOT / ".cache" / "tests"
PYTEST = [
    str(BIN / "python"),
    "-m",
    "pytest",
    "-q",
    "-ra",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-m",
    "not nightly",
]
CHECKS = {
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "imports": [str(BIN / "lint-imports")],
    "types": [str(BIN / "mypy")],
}
MEASURED = "tests/caller/test_measured_calls.py"
BUSIEST = "tests/recovery/test_three_workers.py"
APART = (MEASURED, BUSIEST)
CALL_LANES = (("tests/calls",), ("tests/recovery",), ("tests/faults", "tests/web"))  # each about ten minutes
SOUND = ("tests/sandbox", "tests/caller")  # stand-ins and the caller: calls among them, but none with a worker
SLOW = ("tests/bench", "tests/process", "tests/infra", "tests/container")
NICE = 19
SLOWEST_SHOWN = 10


@dataclass(frozen=True)
class Job:
    """One command, and what it is called in the output."""

    name: str
    command: Sequence[str]
    nice: int = 0


@dataclass(frozen=True)
class Case:
    """One test as pytest reported it."""

    name: str
    seconds: float
    outcome: str
    """passed, failed or skipped."""


@dataclass(frozen=True)
class Result:
    """What a job came to; a check that went well has no cases."""

    job: Job
    cases: Sequence[Case]

    @property
    def good(self) -> bool:
        return not any(case.outcome == "failed" for case in self.cases)


def check_job(name: str) -> Job:
    return Job(name, CHECKS[name])


def pytest_job(name: str, *paths: str, nice: int = 0) -> Job:
    """A job that runs test files and folders in one process."""
    return Job(name, [*PYTEST, f"--junitxml={report_of(name)}", *ignored(paths), *paths], nice)


def ignored(paths: Sequence[str]) -> list[str]:
    return [f"--ignore={path}" for path in APART if path not in paths]


def report_of(name: str) -> Path:
    return REPORTS / f"{name.replace('/', '-')}.xml"


def rules() -> list[str]:
    """The folders of tests that need no server and no sound: all that no other list names."""
    named = {folder for lane in (*CALL_LANES, SOUND, SLOW) for folder in lane}
    folders = sorted({path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/*/test_*.py")})
    return [folder for folder in folders if folder not in named]


def fast_lanes() -> list[list[Job]]:
    """What `make check` runs: as many lanes as give two cores work until the end."""
    return [
        [check_job("types"), check_job("imports")],
        [check_job("format"), check_job("lint"), pytest_job("rules", *rules())],
    ]


def call_lanes() -> list[list[Job]]:
    """Calls that run side by side, once the busiest are over."""
    return [[pytest_job(folder, folder) for folder in lane] for lane in CALL_LANES]


def computed_lane() -> list[Job]:
    """What only computes, and leaves the cores to the calls."""
    computed = [Job(name, command, NICE) for name, command in CHECKS.items()]
    folders = (pytest_job(folder, folder, nice=NICE) for folder in (*SOUND, *SLOW))
    return [*computed, pytest_job("rules", *rules(), nice=NICE), *folders]


def run_all() -> list[Result]:
    """What `make test` runs."""
    results = [run(pytest_job(MEASURED, MEASURED))]
    with ThreadPoolExecutor(max_workers=1) as beside:
        computed = beside.submit(run_lane, computed_lane())
        results.append(run(pytest_job(BUSIEST, BUSIEST)))
        return results + run_lanes(call_lanes()) + computed.result()


def run_lane(lane: Sequence[Job]) -> list[Result]:
    """Run jobs one after another."""
    return [run(job) for job in lane]


def run_lanes(lanes: Sequence[Sequence[Job]]) -> list[Result]:
    """Run lanes side by side."""
    with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
        return [result for results in pool.map(run_lane, lanes) for result in results]


def run(job: Job) -> Result:
    """Run one job and print what came of it."""
    report = report_of(job.name)
    report.unlink(missing_ok=True)
    started_at = time.monotonic()
    done = subprocess.run(
        ["nice", "-n", str(job.nice), *job.command], cwd=ROOT, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    result = Result(job, cases_of(job, done.returncode))
    skipped = any(case.outcome == "skipped" for case in result.cases)
    with PRINTING:
        print(f"\n=== {job.name}: {'ok' if result.good else 'FAILED'} in {time.monotonic() - started_at:.0f} s")
        # The reasons of what was skipped stand in the last lines; of what went well nobody reads more.
        print(done.stdout.rstrip() if not result.good or skipped else last_line(done.stdout), flush=True)
    return result


PRINTING = threading.Lock()


def last_line(output: str) -> str:
    return output.rstrip().rpartition("\n")[2]


def cases_of(job: Job, exit_code: int) -> list[Case]:
    """What pytest wrote about each test; a process that died, or found no test, is a failure of its own."""
    if job.command[: len(PYTEST)] != PYTEST:
        return [] if exit_code == 0 else [Case(job.name, 0.0, "failed")]
    report = report_of(job.name)
    cases = [case_of(found) for found in ElementTree.parse(report).iter("testcase")] if report.is_file() else []
    if (exit_code != 0 or not cases) and not any(case.outcome == "failed" for case in cases):
        cases.append(Case(f"{job.name} (pytest ended with exit code {exit_code})", 0.0, "failed"))
    return cases


def case_of(found: ElementTree.Element) -> Case:
    if found.find("failure") is not None or found.find("error") is not None:
        outcome = "failed"
    else:
        outcome = "passed" if found.find("skipped") is None else "skipped"
    return Case(f"{found.get('classname')}::{found.get('name')}", float(found.get("time", 0)), outcome)


def environment() -> dict[str, str]:
    """No caller's `.env`, no keys: what a developer has set must not change a result."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"VAANI_IGNORE_ENV_FILE": "true", "PYTHONPATH": f"{ROOT}:{ROOT / 'functions' / 'token'}"}


def tell(results: Sequence[Result], seconds: float) -> bool:
    """Print the slowest tests, what failed, and the closing line; whether all is good."""
    cases = [case for result in results for case in result.cases]
    count = {outcome: sum(case.outcome == outcome for case in cases) for outcome in ("passed", "failed", "skipped")}
    print("\nslowest tests:")
    for case in sorted(cases, key=lambda case: -case.seconds)[:SLOWEST_SHOWN]:
        print(f"  {case.seconds:6.1f} s  {case.name}")
    for case in cases:
        if case.outcome == "failed":
            print(f"FAILED: {case.name}")
    good = all(result.good for result in results)
    if count["skipped"] and os.environ.get("VAANI_CI") == "1":
        print("FAILED: the gate skips nothing; see the reasons above")
        good = False
    print(f"\n{'all good' if good else 'NOT GOOD'} after {seconds:.0f} s")
    print(f"tests: {count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the tests.")
    parser.add_argument("--fast", action="store_true", help="only what needs no server")
    parser.add_argument("paths", nargs="*", help="only these test folders or files")
    options = parser.parse_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    started_at = time.monotonic()
    if options.paths:
        results = run_lanes([[pytest_job("chosen", *options.paths)]])
    elif options.fast:
        results = run_lanes(fast_lanes())
    else:
        results = run_all()
    return 0 if tell(results, time.monotonic() - started_at) else 1


if __name__ == "__main__":
    sys.exit(main())
