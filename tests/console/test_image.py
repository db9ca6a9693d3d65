"""What the console's image will hold, without building it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile.console").read_text(encoding="utf-8")
LOADED = "import sys, console.__main__; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
NOT_SHIPPED = {"worker", "sandbox", "join_token", "alembic", "pydantic", "livekit", "httpx", "httpx2", "aiohttp"}


def test_what_it_copies_is_in_the_repository_and_let_through_to_the_build():
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == ["requirements/console.txt", "records", "console"]
    assert [each for each in copied if f"!{each}" not in ignored or not (ROOT / each).exists()] == []


def test_the_console_starts_from_what_the_image_holds_and_names_the_settings_it_lacks(tmp_path):
    for room in ("records", "console"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    run = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60, "check": False}
    done = subprocess.run([sys.executable, "-m", "console"], **run)
    assert done.returncode == 2, done.stderr
    assert "CONSOLE_RECORDS_URL" in done.stderr
    loaded = subprocess.run([sys.executable, "-c", LOADED], **run)
    assert loaded.returncode == 0, loaded.stderr
    assert not NOT_SHIPPED & set(loaded.stdout.split())


def test_it_runs_as_nobody_in_particular_and_no_secret_is_set_in_it():
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    set_in_it = re.findall(r"\b(\w+)=", "\n".join(re.findall(r"^(?:ENV|ARG) (?:.*\\\n)*.*", DOCKERFILE, re.MULTILINE)))
    assert not [name for name in set_in_it if re.search(r"SECRET|TOKEN|URL|KEY|AUDIENCE", name)]
