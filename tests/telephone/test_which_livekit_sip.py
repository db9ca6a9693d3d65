"""The real livekit-sip where there is one, else the stand-in; both start from one file."""

import json

import pytest

from sandbox.phone.__main__ import main, read_settings
from sandbox.stack.cli import main as stack_main
from sandbox.stack.telephony import sip_command, sip_configuration

SETTINGS = sip_configuration("key", "secret", "ws://127.0.0.1:7880", 6379, 5060, 8081)


def test_a_real_one_is_named_and_used(monkeypatch, tmp_path):
    monkeypatch.setenv("LIVEKIT_SIP_BIN", "/opt/livekit-sip")
    assert sip_command(tmp_path / "sip.json") == ["/opt/livekit-sip", "--config", str(tmp_path / "sip.json")]


def test_without_one_the_stand_in_takes_its_place(monkeypatch, tmp_path):
    monkeypatch.delenv("LIVEKIT_SIP_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sip_command(tmp_path / "sip.json")[1:] == ["-m", "sandbox.phone", "--config", str(tmp_path / "sip.json")]


def test_the_stand_in_reads_what_the_real_one_reads():
    settings = read_settings(json.loads(SETTINGS))
    assert (settings.redis, settings.sip_port, settings.host) == (("127.0.0.1", 6379), 5060, "127.0.0.1")
    assert settings.livekit_url == "ws://127.0.0.1:7880"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("text", ["", "sip_port: 5060", "[]", "{}", SETTINGS.replace("6379", "none")])
def test_settings_that_cannot_be_used_are_told_and_nothing_starts(tmp_path, capsys, text):
    config = tmp_path / "sip.json"
    config.write_text(text)
    assert main(["--config", str(config)]) == 2
    assert str(config) in capsys.readouterr().err


def test_a_word_that_is_no_choice_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("PHONE", "yes")
    assert stack_main(["demo"]) == 2
    assert "PHONE=yes is neither 1" in capsys.readouterr().err
