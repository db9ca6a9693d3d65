"""The gate tells the truth: each test runs once, and what fails, crashes or is left out is seen."""

import re
import sys
import threading

import pytest

from scripts import run_tests
from scripts.run_tests import (
    COMPUTED,
    PARTS,
    ROOT,
    SERVED_LANES,
    Job,
    Result,
    fast_jobs,
    pytest_job,
    run,
    run_all,
    tell,
)

pytestmark = pytest.mark.processes


@pytest.fixture
def run_file(tmp_path, monkeypatch):
    """Run a file of tests as a job of the gate."""
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)

    def run_source(source):
        path = tmp_path / "test_sample.py"
        path.write_text(source)
        return run(pytest_job("sample", str(path)))

    return run_source


def outcomes(result):
    return [case.outcome for case in result.cases]


def test_a_test_that_would_pass_at_the_second_try_has_failed(run_file, tmp_path, capsys):
    """Pins a gate that ran what failed once more and took the failure off the count."""
    marker = tmp_path / "tried"
    source = f"import pathlib\ndef test_it():\n    m = pathlib.Path({str(marker)!r})\n"
    source += "    tried, _ = m.exists(), m.touch()\n    assert tried\n"
    result = run_file(source)
    assert marker.exists()
    assert not result.good
    assert outcomes(result) == ["failed"]
    assert not tell([result], 1.0)
    assert capsys.readouterr().out.endswith("tests: 0 passed, 1 failed, 0 skipped\n")


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef test_it():\n    os._exit(0)\n",
        "import os\ndef test_it():\n    os._exit(3)\n",
        "import nothing_here\n",
        "",
    ],
    ids=["ends well half-way", "dies", "cannot be read", "has no test"],
)
def test_a_process_that_did_not_run_its_tests_is_a_failure(run_file, source):
    result = run_file(source)
    assert not result.good
    assert "failed" in outcomes(result)


def test_a_fixture_that_fails_on_the_way_out_is_a_failure(run_file):
    result = run_file(
        "import pytest\n@pytest.fixture\ndef f():\n    yield\n    assert False\ndef test_it(f):\n    pass\n"
    )
    assert not result.good
    assert "failed" in outcomes(result)


@pytest.mark.parametrize(("under_ci", "good"), [("1", False), ("", True)])
def test_what_is_skipped_fails_the_gate_of_ci_and_only_there(run_file, monkeypatch, capsys, under_ci, good):
    monkeypatch.setenv("VAANI_CI", under_ci)
    result = run_file("import pytest\ndef test_it():\n    pytest.skip('terraform is missing')\n")
    assert tell([result], 1.0) is good
    printed = capsys.readouterr().out
    assert "terraform is missing" in printed
    assert printed.endswith("tests: 0 passed, 0 failed, 1 skipped\n")


def test_a_check_that_fails_is_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    assert not tell([run(Job("lint", ["false"])), run(Job("format", ["true"]))], 1.0)
    assert capsys.readouterr().out.endswith("tests: 0 passed, 1 failed, 0 skipped\n")


def test_the_slowest_tests_are_printed_slowest_first(run_file, monkeypatch, capsys):
    monkeypatch.setattr(run_tests, "SLOWEST_SHOWN", 1)
    result = run_file(
        "import threading\ndef test_quick():\n    pass\ndef test_slow():\n    threading.Event().wait(0.3)\n"
    )
    tell([result], 1.0)
    shown = capsys.readouterr().out.split("slowest tests:")[1]
    assert "test_slow" in shown
    assert "test_quick" not in shown


def test_what_a_part_computes_is_counted_with_all_that_it_has_started(tmp_path, monkeypatch, capsys):
    """Pins parts known by their length alone: what waits for calls is long, and what computes slows the calls down."""
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    # As a worker's fork server: whoever has started it is gone when it ends.
    left_behind = ["sh", "-c", '"$0" -c "$1" &', sys.executable, busy]
    child = f"import subprocess\nsubprocess.run({left_behind!r}, stdout=subprocess.PIPE, check=True)"
    computed = run(Job("computes", [sys.executable, "-c", child]))
    waited = run(Job("waits", ["sleep", "0.6"]))
    assert 0.5 <= computed.cpu_seconds < 5
    assert waited.cpu_seconds < 0.5
    tell([waited, computed], 10.0)
    printed = capsys.readouterr().out
    assert re.search(r"=== computes: ok in \d+ s, \d+ s of CPU\n", printed)
    assert re.search(r"most CPU:\n +[\d.]+ s  computes\n +[\d.]+ s  waits\n", printed)
    assert re.search(r"after 10 s, with \d+ s of CPU, \d+% of \d+ cores\n", printed)


@pytest.fixture
def ran(monkeypatch):
    """The jobs of `make test`, none of them really run, in the order in which they began."""
    jobs = []
    monkeypatch.setattr(run_tests, "run", lambda job: jobs.append(job) or Result(job, []))
    assert len(run_all()) == len(jobs), "the result of each counts"
    return jobs


def files_of(job):
    """The files of tests that a job really runs."""
    paths = [ROOT / part for part in job.command if part.startswith("tests/")]
    left_out = {ROOT / part.removeprefix("--ignore=") for part in job.command if part.startswith("--ignore=")}
    found = [file for path in paths for file in (path.glob("test_*.py") if path.is_dir() else [path])]
    assert found
    assert all(file.is_file() for file in [*found, *left_out])
    return [file for file in found if file not in left_out]


def test_every_file_of_tests_runs_once_in_the_gate(ran):
    ran_files = [
        file for job in ran if job.command[: len(run_tests.PYTEST)] == run_tests.PYTEST for file in files_of(job)
    ]
    assert sorted(ran_files) == sorted(ROOT.glob("tests/*/test_*.py"))
    assert {job.name for job in ran} >= set(run_tests.CHECKS)
    for folder in COMPUTED:
        assert list((ROOT / folder).glob("test_*.py")), f"{folder} has no tests"


def test_what_measures_runs_before_anything_else_has_begun(ran):
    """Pins the instrument of every latency figure, which no gate ran."""
    assert files_of(ran[0]) == [ROOT / run_tests.MEASURED]


def test_what_only_computes_leaves_the_cores_to_the_calls(ran):
    served = {path for part in PARTS for path in part}
    assert all((job.nice == 0) == bool(served & set(job.command)) for job in ran)


def test_each_part_begins_when_a_lane_is_free_the_longest_first(monkeypatch):
    """Pins three lanes of fixed folders: one of them went on alone for six minutes."""
    begun, lanes_are_full = [], threading.Barrier(SERVED_LANES, timeout=10)

    def run_part(job):
        if not job.nice:
            begun.append(job.name)
            if job.name in first:
                lanes_are_full.wait()
        return Result(job, [])

    names = [job.name for job in run_tests.served_jobs()]
    first = names[:SERVED_LANES]
    monkeypatch.setattr(run_tests, "run", run_part)
    run_all()
    alone, begun = begun[:2], begun[2:]
    assert alone == [run_tests.MEASURED, run_tests.BUSIEST]
    assert sorted(begun[:SERVED_LANES]) == sorted(first)
    assert sorted(begun) == sorted(names)


def test_what_places_calls_is_no_rule():
    """A folder that no list names is run niced, beside the calls, where no call can be held."""
    folders = run_tests.rules()
    files = [file for folder in folders for file in (ROOT / folder).glob("test_*.py")]
    calling = [file for file in files if re.search(r"^\S.*pytest\.mark\.calls", file.read_text(), re.MULTILINE)]
    assert calling == [], "name its folder in SERVED"


def test_the_fast_part_holds_every_rule_and_check_once_but_what_takes_long():
    jobs = fast_jobs()
    files = [file for job in jobs if job.name not in run_tests.CHECKS for file in files_of(job)]
    rules = {file for folder in run_tests.rules() for file in (ROOT / folder).glob("test_*.py")}
    assert sorted(files) == sorted(rules - {ROOT / path for path in run_tests.LONG})
    assert all((ROOT / path) in rules for path in run_tests.LONG)
    assert {job.name for job in jobs} >= set(run_tests.CHECKS)
    assert "tests/token" in run_tests.rules()
