"""The night's report says what ran, what failed, and what could not run."""

import json
import sys

import pytest

from scripts import nightly
from scripts.nightly import ROOT, STEPS, Step, run_all


@pytest.fixture(autouse=True)
def report(tmp_path, monkeypatch):
    monkeypatch.setattr(nightly, "OUT", tmp_path / "out" / "nightly.json")
    monkeypatch.setattr(nightly, "LOGS", tmp_path / "logs")
    return lambda: json.loads((tmp_path / "out" / "nightly.json").read_text())


def step(name, source, **more):
    return Step(name, (sys.executable, "-c", source), **more)


def test_a_night_in_which_all_went_well_is_good(report):
    assert run_all([step("soak", "pass", report="out/soak.json"), step("matrix", "pass")]) == 0
    assert report()["good"]
    assert report()["not_run"] == []
    assert [(each["name"], each["exit_code"], each["report"]) for each in report()["steps"]] == [
        ("soak", 0, "out/soak.json"),
        ("matrix", 0, None),
    ]


def test_a_step_that_failed_is_named_with_its_last_lines_and_the_others_run_all_the_same(report):
    assert run_all([step("soak", "raise SystemExit('2 calls were lost')"), step("matrix", "pass")]) == 1
    assert not report()["good"]
    assert [each["good"] for each in report()["steps"]] == [False, True]
    assert "2 calls were lost" in report()["steps"][0]["why"]


def test_a_tool_that_is_missing_is_a_failure_that_says_how_to_install_it(report, capsys):
    assert run_all([step("container", "pass", tools=("a-tool-nobody-has",))]) == 1
    assert report()["steps"][0]["why"] == "missing: apt-get install -y a-tool-nobody-has"
    assert "a-tool-nobody-has" in capsys.readouterr().out


def test_a_night_that_was_stopped_half_way_is_not_good(report, monkeypatch):
    steps = [step("soak", "pass"), step("matrix", "pass")]
    real = nightly.run

    def stopped_at_the_second(step):
        if step.name == "matrix":
            raise KeyboardInterrupt
        return real(step)

    monkeypatch.setattr(nightly, "run", stopped_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_all(steps)
    assert not report()["good"]
    assert report()["not_run"] == ["matrix"]


def test_what_the_gate_leaves_to_the_night_has_a_step():
    """A test marked `nightly` that no step runs would run nowhere."""
    marked = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/*/test_*.py") if is_nightly(path)}
    run = {part for each in STEPS if "nightly" in each.command for part in each.command if part.startswith("tests/")}
    assert marked == run


def is_nightly(path):
    return "pytest.mark.nightly" in path.read_text(encoding="utf-8").replace('"pytest.mark.nightly"', "")
