"""Only the folder functions/token is uploaded: it must serve tokens from its own requirements and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

import pytest

from sandbox.stack.served_function import ServedFunction
from tests.token.environment import ANONYMOUS, BASE_ENV, leak_in

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "functions" / "token"
REQUIREMENTS = FOLDER / "requirements.txt"


def direct_requirements():
    lines = (FOLDER / "requirements.in").read_text(encoding="utf-8").splitlines()
    return {line.split("#")[0].strip(): line.partition("#")[2].strip() for line in lines if line.strip()}


def test_each_direct_requirement_has_its_reason():
    reasons = direct_requirements()
    assert set(reasons) == {"functions-framework", "pyjwt", "cryptography", "python-dotenv"}
    assert all(reasons.values())


def test_every_requirement_is_pinned_and_hashed_and_names_no_host():
    text = REQUIREMENTS.read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9.-]+)==\S+", text, re.MULTILINE)
    assert set(direct_requirements()) <= set(pins)
    assert text.count("--hash=sha256:") >= len(pins)
    assert not re.search(r"https?://|--index-url|/(?:root|home|work|tmp|Users)/", text)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder, copied to an empty place, served by a fresh virtual environment of its own requirements."""
    place = tmp_path_factory.mktemp("alone")
    shutil.copytree(FOLDER, place / "function", ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(place / "venv", with_pip=False)
    python = place / "venv" / "bin" / "python"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--python", str(python)]
    done = subprocess.run(
        [*command, "-r", str(place / "function" / "requirements.txt")], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return place, str(python)


@pytest.mark.processes
@pytest.mark.timeout(180)
def test_it_serves_a_token_from_its_folder_alone(alone):
    place, python = alone
    function = ServedFunction(place, place / "function" / "main.py", {**BASE_ENV, **ANONYMOUS}, python)
    try:
        request = urllib.request.Request(function.url, data=b"{}", headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.status == 201
            assert set(json.load(reply)) == {"server_url", "participant_token"}
    finally:
        function.stop()
    assert not leak_in(function.output())


def imported(alone, env, code="pass"):
    place, python = alone
    script = (
        "import sys, functions_framework\n"
        f"app = functions_framework.create_app('token', {str(place / 'function' / 'main.py')!r})\n"
        f"{code}\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([python, "-c", script], env={**BASE_ENV, **env}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


OIDC = {
    "TOKEN_AUTH": "oidc",
    "TOKEN_OIDC_ISSUER": "https://issuer.example",
    "TOKEN_OIDC_AUDIENCE": "app",
    "TOKEN_OIDC_JWKS_URL": "http://127.0.0.1:9/jwks",
}


def test_a_start_imports_nothing_that_the_first_request_may_not_need(alone):
    """Pins: cryptography, protobuf, pydantic and livekit-api each cost a visible part of every cold start."""
    heavy = {"jwt", "cryptography", "google.protobuf", "pydantic", "livekit", "http.client", "ssl"}
    hello = "from functions_framework import create_app"
    _, python = alone
    bare = subprocess.run([python, "-c", f"import sys\n{hello}\nprint(*sys.modules)"], capture_output=True, text=True)
    ours = imported(alone, OIDC) - set(bare.stdout.split())
    assert not heavy & ours
    assert "join_token.jwks" not in ours


def test_the_first_bearer_token_imports_what_it_needs(alone):
    bearer = "app.test_client().post('/', headers={'Authorization': 'Bearer a.b.c'})"
    assert {"jwt", "cryptography", "join_token.jwks"} <= imported(alone, OIDC, bearer)
