"""`python -m phone` as it is typed: exit codes, and what is printed."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from phone import __main__ as command
from phone.dialling import Dialler
from tests.phone.livekit_api import LiveKit, sip_error
from tests.phone.telephone_file import ENVIRON, RIGHT

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
NUMBER = "+919812345678"
CALL = ["call", NUMBER, "--purpose", "order-update", "--consent", "C-1"]
LIVEKIT = {"LIVEKIT_URL": "http://127.0.0.1:9", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s" * 32}


def phone(tmp_path, *arguments, text=RIGHT, environ=LIVEKIT):
    (tmp_path / "phone.toml").write_text(text, encoding="utf-8")
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "VAANI_IGNORE_ENV_FILE": "true"}
    return subprocess.run(
        [sys.executable, "-m", "phone", *arguments], cwd=tmp_path, env=kept | ENVIRON | environ, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "how", "said"),
    [
        (["setup"], {"environ": {}}, "LIVEKIT_API_SECRET is not set"),
        (["setup"], {"text": "company = 3"}, "company: is missing, or no text"),
        (["call", "+919812345678", "--purpose", "x", "--consent", "C-1"], {}, "purpose 'x': is not in the file"),
        (["call", "+919812345678", "--purpose", "order-update"], {}, "--consent"),
        (["call", "+919812345678", "--consent", "C-1"], {}, "--purpose"),
        (["setup"], {"text": ""}, "no number rings or calls in it"),
        (CALL, {"environ": LIVEKIT | {"LIVEKIT_URL": "junk"}}, "LiveKit does not answer"),
        (["--journal", "phone.toml", *CALL], {}, "journal phone.toml: file is not a database"),
        (["--journal", "phone.toml/x.db", *CALL], {}, "journal phone.toml/x.db: "),
        (["call", "98123456", "--purpose", "order-update", "--consent", "C-1"], {}, "write +91 and ten digits"),
    ],
)
def test_what_is_to_be_mended_first_is_told_and_exits_with_2(tmp_path, arguments, how, said):
    done = phone(tmp_path, *arguments, **how)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_livekit_that_is_not_there_exits_with_1_and_says_so(tmp_path):
    done = phone(tmp_path, "setup")
    assert done.returncode == 1
    assert "LiveKit's SIP service does not do it" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_the_commands():
    done = subprocess.run(
        [sys.executable, "-m", "phone", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(command in done.stdout for command in ("setup", "call", "campaign"))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A folder with a right file, and the settings of a LiveKit that is not there."""
    (tmp_path / "phone.toml").write_text(RIGHT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in (LIVEKIT | ENVIRON | {"VAANI_IGNORE_ENV_FILE": "true"}).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_phone_is_not_rung_again_because_livekit_did_not_answer(settings):
    """Pins LiveKit's SDK, which sends a request that was not answered again, to another region of LiveKit Cloud."""
    asked, real = [], command.api.LiveKitAPI
    settings.setattr(command.api, "LiveKitAPI", lambda *given, **how: asked.append(how) or real(*given, **how))
    assert command.main(CALL) == 2
    assert asked == [{"failover": False}]


def test_ctrl_c_in_a_call_ends_it_and_says_so(settings, capsys):
    async def interrupted(*_):
        raise KeyboardInterrupt

    settings.setattr(command, "_run", interrupted)
    assert command.main(CALL) == 1
    assert capsys.readouterr().err == "interrupted: the call is over\n"


async def test_a_trunk_that_does_not_exist_is_named_and_nobodys_number_is_told(settings, capsys):
    """And a call that is placed is told by a fingerprint."""
    livekit = LiveKit()
    settings.setattr(command, "Dialler", lambda *given, **how: Dialler(*given, **how, now=lambda: NOON))
    async with TestServer(livekit.app()) as server:
        settings.setenv("LIVEKIT_URL", str(server.make_url("/")))
        assert await asyncio.to_thread(command.main, CALL) == 2
        assert (
            "outbound trunk vaani-out: LiveKit has none. Run `python -m phone setup` first" in capsys.readouterr().err
        )
        assert await asyncio.to_thread(command.main, ["setup"]) == 0
        livekit.answers[NUMBER] = sip_error(486)
        assert await asyncio.to_thread(command.main, CALL) == 1
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])["outcome"] == "busy"
    assert NUMBER.removeprefix("+91") not in out + err
