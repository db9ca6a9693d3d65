"""`make prices-check` says which prices have to be read again."""

from datetime import date

import pytest

from scripts.prices_check import BAD_SETTINGS, GOOD, OLD, main


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("WORKER_PRICES_FILE", "WORKER_RUPEES_PER_DOLLAR", "WORKER_PHONE_RUPEES_PER_MINUTE",
                 "WORKER_LIVEKIT_RUPEES_PER_MINUTE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAANI_IGNORE_ENV_FILE", "true")


def test_all_are_listed_with_their_age_and_source_the_oldest_first(capsys):
    assert main(["--today", "2026-11-29"]) == GOOD
    lines = capsys.readouterr().out.splitlines()
    by_what = {" ".join(line.split()[3:6]): line for line in lines}
    assert by_what["stt saaras:v4 30"].startswith("70 days  2026-09-20")
    assert by_what["tts bulbul:v4-flash unknown"].endswith("https://docs.sarvam.ai/api/getting-started/pricing")
    assert "cache_write 0.125" in next(line for line in lines if "gpt-6-luna" in line)
    assert any("WORKER_RUPEES_PER_DOLLAR" in line and "92" in line for line in lines)
    days = [line.split()[1] for line in lines[1:] if line[0].isdigit()]
    assert days == sorted(days)
    assert len(lines) > 12


@pytest.mark.parametrize(("today", "status"), [("2026-12-19", GOOD), ("2026-12-20", OLD)])
def test_ninety_days_are_good_and_ninety_one_are_not(capsys, today, status):
    assert main(["--today", today]) == status
    said = capsys.readouterr().out
    assert ("stt saaras:v4 is older than 90 days" in said) == (status == OLD)
    assert "gpt-6-luna is older" not in said  # read two days later


def test_how_old_is_too_old_can_be_said():
    assert main(["--today", "2026-11-29", "--days", "60"]) == OLD


def test_a_price_of_a_day_to_come_is_no_price(capsys):
    assert main(["--today", "2026-09-21"]) == OLD
    assert "llm gpt-6-luna is of a day to come" in capsys.readouterr().out


def test_own_figures_are_listed_and_aged_too(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("WORKER_PHONE_RUPEES_PER_MINUTE", "0.55@2026-01-01")
    monkeypatch.setenv("WORKER_LIVEKIT_RUPEES_PER_MINUTE", "0.9")
    assert main(["--today", "2026-11-29"]) == OLD
    said = capsys.readouterr().out
    assert "WORKER_PHONE_RUPEES_PER_MINUTE is older than 90 days" in said
    assert "WORKER_LIVEKIT_RUPEES_PER_MINUTE has no day" in said


def test_ones_own_server_needs_no_day(monkeypatch):
    monkeypatch.setenv("WORKER_LIVEKIT_RUPEES_PER_MINUTE", "0")
    assert main(["--today", "2026-11-29"]) == GOOD


def test_settings_that_cannot_be_used_are_told(monkeypatch, capsys):
    monkeypatch.setenv("WORKER_RUPEES_PER_DOLLAR", "92")
    assert main([]) == BAD_SETTINGS
    assert "WORKER_RUPEES_PER_DOLLAR: " in capsys.readouterr().err


def test_help_says_what_it_is_for(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "older than 90 days" in capsys.readouterr().out


def test_a_day_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--today", str(date.today()).replace("-", "/")])
    assert ended.value.code == 2
