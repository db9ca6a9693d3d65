"""Everything that is wrong with the settings is said at once, and nothing of a secret is repeated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.errors import BadSettings
from console.settings import settings_from

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - refused
RECORDS = {"CONSOLE_RECORDS_URL": "sqlite+aiosqlite:///out/calls.db"}
LOGIN_BY_IAM = {"CONSOLE_RECORDS_URL": "postgresql+asyncpg://console%40my-project.iam@127.0.0.1/vaani"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "CONSOLE_RECORDS_URL: is not set, nor is WORKER_RECORDS_URL"),
        ({"CONSOLE_RECORDS_URL": "mysql://user:secret@x/y"}, "CONSOLE_RECORDS_URL: must begin with sqlite"),
        ({"WORKER_RECORDS_URL": "calls.db"}, "WORKER_RECORDS_URL: must begin with"),
        (RECORDS | {"CONSOLE_PROT": "1"}, "CONSOLE_PROT: is not a setting; the nearest is"),
        (RECORDS | {"CONSOLE_WORD_FOR": "1"}, "the nearest is CONSOLE_WORDS_FOR"),
        (RECORDS | {"PORT": "0"}, "PORT: must be"),
        (RECORDS | {"PORT": "x"}, "PORT: must be"),
        (RECORDS | {"PORT": "99999999999999"}, "PORT: must be"),
        (RECORDS | {"CONSOLE_HOST": ANY_ADDRESS}, "CONSOLE_HOST: 0.0.0.0 can be reached by others"),
        (RECORDS | {"CONSOLE_HOST": "example.in"}, "can be reached by others"),
        (RECORDS | {"CONSOLE_IAP_JWKS_URL": "http://keys.example"}, "CONSOLE_IAP_JWKS_URL: must be an https://"),
        (RECORDS | {"CONSOLE_WORDS_FOR": "reader"}, "'reader' is none of"),
        (RECORDS | {"CONSOLE_WORDS_FOR": "group:"}, "'group:' is none of"),
        (RECORDS | {"CONSOLE_CURSOR_SECRET": "short-secret"}, "CONSOLE_CURSOR_SECRET: is shorter than 32"),
        (RECORDS | {"CONSOLE_IAP_AUDIENCE": "a\nb"}, "CONSOLE_IAP_AUDIENCE: has a line break"),
        (LOGIN_BY_IAM | {"CONSOLE_IAP_AUDIENCE": "a"}, "CONSOLE_CURSOR_SECRET: is needed where"),
        ({"CONSOLE_RECORDS_URL": "postgresql+asyncpg://u:secret@h"}, "CONSOLE_RECORDS_URL: names no database"),
    ],
)
def test_what_is_wrong_is_said(given, said):
    with pytest.raises(BadSettings) as refused:
        settings_from(given)
    assert said in str(refused.value)
    assert "secret@" not in str(refused.value)
    assert "short-secret" not in str(refused.value)


def test_everything_at_once():
    with pytest.raises(BadSettings) as refused:
        settings_from({"PORT": "x", "CONSOLE_HOST": "::", "CONSOLE_X": ""}, [".env line 1: no"])
    assert len(refused.value.problems) == 5


def test_the_workers_database_is_shown_unless_another_is_named():
    settings = settings_from(
        {"WORKER_RECORDS_URL": "postgresql+asyncpg://u:p@h/d", "CONSOLE_WORDS_FOR": "A@b.in, group:X"}
    )
    assert settings.records_url.endswith("/d")
    assert settings.words_for == {"a@b.in", "group:X"}
    assert (
        settings_from(RECORDS | {"WORKER_RECORDS_URL": "sqlite+aiosqlite:///x"}).records_url
        == RECORDS["CONSOLE_RECORDS_URL"]
    )
    assert "Secret(...)" in repr(settings)


def test_addresses_of_pages_are_signed_with_what_others_cannot_know():
    others_come_in = {"CONSOLE_HOST": ANY_ADDRESS, "CONSOLE_IAP_AUDIENCE": "a"}
    signed = settings_from(LOGIN_BY_IAM | others_come_in | {"CONSOLE_CURSOR_SECRET": "s" * 32})
    assert signed.cursor_secret.value == b"s" * 32
    assert settings_from({"CONSOLE_RECORDS_URL": "postgresql+asyncpg://u:p@h/d"} | others_come_in)
    assert settings_from(LOGIN_BY_IAM)  # on loopback


def test_bad_settings_end_the_process_with_2():
    environment = {"PATH": os.environ["PATH"], "VAANI_IGNORE_ENV_FILE": "true", "CONSOLE_HOST": ANY_ADDRESS}
    done = subprocess.run(
        [sys.executable, "-m", "console"],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "CONSOLE_RECORDS_URL: is not set" in done.stderr
    assert "can be reached by others" in done.stderr
