"""`make test` and `make check`: everything that proves the project, in lanes side by side.

What measures tens of milliseconds runs first, alone. Then two things go on side by side: what only computes, niced, and
what runs servers, which waits far more than it computes: first the calls that fill both cores by themselves, then all
others, the next part whenever one of three lanes is free. Every test runs once: what fails is a failure.
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
COUNTED = [str(BIN / "python"), "-m", "scripts.counted"]
CHECKS = {
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "imports": [str(BIN / "lint-imports")],
    "types": [str(BIN / "mypy")],
}
MEASURED = "tests/caller/test_measured_calls.py"
BUSIEST = "tests/recovery/test_three_workers.py"
# What runs servers, in parts of one to five minutes, the longest first: each has a stack of its own, whose start takes
# ten seconds and as many of CPU. A folder is all of its files that no other part names.
SERVED = (
    ("tests/calls/test_a_whole_call.py", "tests/calls/test_manners.py"),
    ("tests/calls/test_a_model_that_misbehaves.py", "tests/calls/test_what_is_heard.py"),
    ("tests/recovery",),
    ("tests/calls",),
    ("tests/faults",),
    ("tests/telephone",),
    ("tests/web",),
    ("tests/recovery/test_one_token_one_call.py", "tests/recovery/test_rude_callers.py"),
    ("tests/caller", "tests/sandbox", "tests/doctor"),
    ("tests/process",),
)
PARTS = ((MEASURED,), (BUSIEST,), *SERVED)
COMPUTED = ("tests/infra", "tests/bench", "tests/container")
# `make check` runs the rules in a few processes of about the same length: each process imports the worker or the
# database anew, which takes seconds. What is in no list is in the last. Those that wait for a clock take little CPU.
WAITING = ("tests/token/test_token_slow_senders.py", "tests/token/test_token_issuers.py")
# Ten seconds of CPU in three dozen lines of a telephone: `make test` runs them, `make check` leaves them out.
LONG = ("tests/phone/test_line_echo_conditions.py",)
TOGETHER = (
    (
        "tests/worker",
        "tests/conversation",
        "tests/hearing",
        "tests/reply",
        "tests/providers",
        "tests/tools",
        "tests/consent",
        "tests/recording",
        "tests/contracts",
    ),
    ("tests/records", "tests/outcome"),
    ("tests/console", "tests/phone"),
    ("tests/token", "tests/scripts"),
)
NO_PROCESSES = ("-m", "not nightly and not processes")
# Three lanes of calls take 60 % of two cores: with more, workers take longer to start and answer than callers wait.
SERVED_LANES, COMPUTED_LANES, FAST_LANES = 3, 1, 6
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
    cpu_seconds: float = 0.0
    """Of its process and of all that this has started."""

    @property
    def good(self) -> bool:
        return not any(case.outcome == "failed" for case in self.cases)


def check_job(name: str) -> Job:
    return Job(name, CHECKS[name])


def pytest_job(name: str, *paths: str, nice: int = 0, without: Sequence[str] = (), options: Sequence[str] = ()) -> Job:
    """A job that runs test files and folders in one process, without some of their files."""
    ignored = [f"--ignore={path}" for path in without if path not in paths]
    return Job(name, [*PYTEST, f"--junitxml={report_of(name)}", *options, *ignored, *paths], nice)


def report_of(name: str) -> Path:
    return REPORTS / f"{name.replace('/', '-')}.xml"


def rules() -> list[str]:
    """The folders of tests that need no server and no sound: all that no other list names."""
    named = {path for part in SERVED for path in part} | set(COMPUTED)
    folders = sorted({path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/*/test_*.py")})
    return [folder for folder in folders if folder not in named]


def fast_jobs() -> list[Job]:
    """What `make check` runs, the longest first."""
    others = [folder for folder in rules() if not any(folder in part for part in TOGETHER)]
    parts = [
        pytest_job(f"{part[0]} ...", *part, without=(*WAITING, *LONG), options=NO_PROCESSES)
        for part in (*TOGETHER, others)
    ]
    checks = {name: check_job(name) for name in CHECKS}
    return [checks.pop("types"), pytest_job("waiting", *WAITING, options=NO_PROCESSES), *parts, *checks.values()]


def served_jobs() -> list[Job]:
    """What runs servers and places calls, once the busiest are over."""
    files = [path for part in PARTS for path in part if path.endswith(".py")]
    return [pytest_job(" ".join(part), *part, without=files) for part in SERVED]


def computed_jobs() -> list[Job]:
    """What only computes, and leaves the cores to the calls."""
    checks = [Job(name, command, NICE) for name, command in CHECKS.items()]
    folders = [pytest_job(folder, folder, nice=NICE) for folder in COMPUTED]
    return [pytest_job("rules", *rules(), nice=NICE), *checks, *folders]


def run_all() -> list[Result]:
    """What `make test` runs."""
    results = [run(pytest_job(MEASURED, MEASURED))]
    with ThreadPoolExecutor(max_workers=1) as beside:
        computed = beside.submit(run_side_by_side, computed_jobs(), COMPUTED_LANES)
        results.append(run(pytest_job(BUSIEST, BUSIEST)))
        return results + run_side_by_side(served_jobs(), SERVED_LANES) + computed.result()


def run_side_by_side(jobs: Sequence[Job], lanes: int) -> list[Result]:
    """Run jobs in their order, the next one whenever a lane is free."""
    with ThreadPoolExecutor(max_workers=lanes) as pool:
        return list(pool.map(run, jobs))


def run(job: Job) -> Result:
    """Run one job and print what came of it."""
    report = report_of(job.name)
    report.unlink(missing_ok=True)
    started_at = time.monotonic()
    command = [*COUNTED, "nice", "-n", str(job.nice), *job.command]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)  # subprocess keeps to itself what a command used
        process.returncode = os.waitstatus_to_exitcode(status)
    result = Result(job, cases_of(job, process.returncode), used.ru_utime + used.ru_stime)
    skipped = any(case.outcome == "skipped" for case in result.cases)
    seconds = time.monotonic() - started_at
    with PRINTING:
        came_to = "ok" if result.good else "FAILED"
        print(f"\n=== {job.name}: {came_to} in {seconds:.0f} s, {result.cpu_seconds:.0f} s of CPU")
        # The reasons of what was skipped stand in the last lines; of what went well nobody reads more.
        print(output.rstrip() if not result.good or skipped else last_line(output), flush=True)
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
    """Print what took longest, what failed, and the closing lines; whether all is good."""
    cases = [case for result in results for case in result.cases]
    count = {outcome: sum(case.outcome == outcome for case in cases) for outcome in ("passed", "failed", "skipped")}
    print("\nmost CPU:")
    for result in sorted(results, key=lambda result: -result.cpu_seconds)[:SLOWEST_SHOWN]:
        print(f"  {result.cpu_seconds:6.1f} s  {result.job.name}")
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
    cpu_seconds, cores = sum(result.cpu_seconds for result in results), os.cpu_count() or 1
    share = f"{cpu_seconds:.0f} s of CPU, {cpu_seconds / (cores * seconds):.0%} of {cores} cores"
    print(f"\n{'all good' if good else 'NOT GOOD'} after {seconds:.0f} s, with {share}")
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
        results = [run(pytest_job("chosen", *options.paths))]
    elif options.fast:
        results = run_side_by_side(fast_jobs(), FAST_LANES)
    else:
        results = run_all()
    return 0 if tell(results, time.monotonic() - started_at) else 1


if __name__ == "__main__":
    sys.exit(main())
