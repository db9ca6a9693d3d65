"""`python -m doctor`: bad settings are all told at once and nothing is asked; lines or JSON, never mixed."""

import json

import pytest

from doctor.__main__ import BAD_SETTINGS, GOOD, WRONG, main
from doctor.checking import Check, Finding, NotLooked, Result, Verdict, Wrong, chosen, run
from doctor.checks import CHECKS
from doctor.report import Report
from doctor.spending import Cost, estimate
from worker.environment import load_settings

REQUIRED = {
    "LIVEKIT_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "livekit-secret",
    "SARVAM_API_KEY": "sarvam-key", "OPENAI_API_KEY": "openai-key",
}  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("VAANI_IGNORE_ENV_FILE", "true")
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_every_bad_setting_is_told_and_nothing_is_asked(environment, capsys):
    environment.delenv("LIVEKIT_API_KEY")
    environment.setenv("TTS_MODEL", "bulbul:v9")
    environment.setenv("WORKER_MAX_CALL", "3")
    environment.setenv("CALL_TOKEN_URL", "ftp://example.in")
    assert main([]) == BAD_SETTINGS
    told = capsys.readouterr()
    for words in ("LIVEKIT_API_KEY is not set", "TTS_MODEL", "WORKER_MAX_CALL is not a setting", "CALL_TOKEN_URL"):
        assert words in told.err
    assert told.out == ""


def test_whoever_has_no_env_file_is_told_how_to_make_one(environment, capsys, tmp_path):
    environment.chdir(tmp_path)
    environment.delenv("SARVAM_API_KEY")
    assert main([]) == BAD_SETTINGS
    assert "copy .env.example to .env" in capsys.readouterr().err


def test_settings_that_do_not_go_together_are_told_and_the_database_is_left_alone(environment, capsys, tmp_path):
    database = tmp_path / "calls.db"
    environment.setenv("WORKER_RECORDS_URL", f"sqlite+aiosqlite:///{database}")
    environment.setenv("TTS_VOICES", "ta-IN=nobody")
    assert main([]) == BAD_SETTINGS
    assert "'nobody' for ta-IN" in capsys.readouterr().err
    assert not database.exists()


def test_a_check_that_does_not_exist_is_refused_with_those_that_do(capsys):
    assert main(["--only", "voice"]) == BAD_SETTINGS
    assert "voices" in capsys.readouterr().err


def test_json_alone_is_on_standard_output_and_lines_are_beside_it(environment, capsys, tmp_path):
    environment.setenv("WORKER_RECORDS_URL", f"sqlite+aiosqlite:///{tmp_path / 'calls.db'}")
    assert main(["--json", "--only", "records"]) == GOOD
    told = capsys.readouterr()
    said = json.loads(told.out)
    assert [(check["name"], check["verdict"]) for check in said["checks"]] == [("records", "good")]
    assert said["estimated_rupees"] == said["spent_rupees"] == 0
    assert "ok    records" in told.err


def test_what_is_wrong_is_exit_code_1(environment, capsys):
    assert main(["--only", "livekit"]) == WRONG
    told = capsys.readouterr().out
    assert "WRONG livekit" in told
    assert "-> Nothing listens there" in told
    assert "wrong: livekit; 1 checks" in told


def test_help_lists_every_check(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert all(f"  {check.name} " in told for check in CHECKS)


def test_all_of_it_costs_less_than_a_rupee():
    cost = estimate(load_settings(REQUIRED), {check.name for check in CHECKS})
    assert 0 < cost.rupees < 1
    assert cost.unpriced == ()


def test_a_model_without_a_price_is_named_and_is_not_nothing():
    cost = estimate(load_settings(REQUIRED | {"LLM_MODEL": "gpt-7-nova"}), {"llm", "voices"})
    assert cost.unpriced == ("llm gpt-7-nova",)
    assert cost.rupees > 0
    assert "llm gpt-7-nova at a price that is not known" in str(cost)


def test_chosen_checks_bring_what_they_need():
    assert [check.name for check in chosen(CHECKS, ["voices"])] == ["sarvam", "voices"]
    assert [check.name for check in chosen(CHECKS, ["dispatch", "dns"])] == ["dns", "livekit", "dispatch"]
    assert chosen(CHECKS, []) == list(CHECKS)


def test_every_check_needs_and_follows_only_what_stands_before_it():
    for number, check in enumerate(CHECKS):
        assert {*check.needs, *check.after} <= {before.name for before in CHECKS[:number]}


def test_all_checks_together_are_over_within_a_minute():
    """Each with its time limit, after the slowest of those that it waits for: however much hangs."""
    over_after = {}
    for check in CHECKS:
        begins = max((over_after[name] for name in (*check.needs, *check.after)), default=0.0)
        over_after[check.name] = begins + check.seconds
    assert max(over_after.values()) <= 60


class Around:
    """What `run` itself asks of the surroundings."""

    def hidden(self, text):
        return text.replace("hunter2", "[hidden]")


async def test_whoever_hangs_even_when_told_to_stop_holds_up_nobody():
    import asyncio

    async def hangs(_):
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def good(_):
        return Finding("well")

    checks = [
        Check("stuck", "", hangs, 0.05),
        Check("needy", "", good, 1, needs=("stuck",)),
        Check("free", "", good, 1),
    ]
    told = []
    async with asyncio.timeout(5):
        results = await run(checks, Around(), told.append)
    assert [result.verdict for result in results] == [Verdict.WRONG, Verdict.SKIPPED, Verdict.GOOD]
    assert told[0].name == "free"
    assert "no answer within 0.05 s" in results[0].what
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.get_coro().close()


async def test_what_a_check_says_goes_without_secrets_and_a_check_that_breaks_says_so():
    async def says(_):
        raise Wrong("refused hunter2", "do not write hunter2")

    async def breaks(_):
        raise KeyError("hunter2")

    async def has_nothing(_):
        raise NotLooked("nothing is set")

    checks = [Check("says", "", says, 1), Check("breaks", "", breaks, 1), Check("none", "", has_nothing, 1)]
    says_, breaks_, none_ = await run(checks, Around(), lambda _: None)
    assert (says_.what, says_.do) == ("refused [hidden]", "do not write [hidden]")
    assert breaks_.verdict is Verdict.WRONG
    assert "the check itself failed" in breaks_.what
    assert "hunter2" not in breaks_.what
    assert none_.verdict is Verdict.SKIPPED


def test_the_report_is_narrow_enough_for_a_terminal(capsys):
    import sys

    report = Report(sys.stdout)
    report.begin(Cost(0.46))
    result = Result("voices", Verdict.WRONG, "word " * 60, "advice " * 40, 1.2)
    report.tell(result)
    report.end([result], 3.2, Cost(0.31))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 118
    assert lines[0].startswith("doctor: asks your LiveKit, Sarvam and OpenAI, for about Rs 0.46")
    assert lines[-1] == "doctor: wrong: voices; 1 checks, 0 skipped; 3 s; spent about Rs 0.31"
