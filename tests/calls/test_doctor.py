"""`python -m doctor` beside a stack that is well, as its user runs it; beside a LiveKit that no sound gets through."""

import asyncio
import json
import os
import sys

import pytest

from doctor.silent_call import join_silently
from sandbox.stack.livekit_server import configuration
from tests import livekit_server
from tests.caller.tone_agent import API_KEY, API_SECRET, mint
from tests.livekit_server import LiveKitServer

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session")]


async def test_nothing_is_wrong_with_a_stack_that_is_well_and_a_silent_call_is_greeted(sandbox, tmp_path):
    key = sandbox.options.scope
    environment = {
        "LIVEKIT_URL": sandbox.livekit_url, "LIVEKIT_API_KEY": sandbox.api_key,
        "LIVEKIT_API_SECRET": sandbox.api_secret, "SARVAM_API_KEY": key, "OPENAI_API_KEY": key,
        "SARVAM_BASE_URL": sandbox.sandbox_url, "OPENAI_BASE_URL": f"{sandbox.sandbox_url}/v1",
        "CALL_TOKEN_URL": sandbox.token_url, "WORKER_HEALTH_PORT": str(sandbox.port("worker_health")),
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{tmp_path / 'calls.db'}",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "doctor", "--json", env=os.environ | environment | {"VAANI_IGNORE_ENV_FILE": "true"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    said = json.loads(out)
    checks = {check["name"]: check for check in said["checks"]}
    # A busy machine may be slower than callers would bear; nothing else may be said of it.
    assert [check for check in checks.values() if check["verdict"] == "wrong" and "slow" not in check["what"]] == []
    assert process.returncode == (1 if any(check["verdict"] == "wrong" for check in checks.values()) else 0)
    assert [name for name, check in checks.items() if check["verdict"] == "skipped"] == ["webhook"]
    assert checks["udp"]["what"] == "sound travels by UDP"
    assert checks["dispatch"]["figures"]["greeting_seconds"] > 0
    assert checks["livekit"]["figures"]["version"] == "1.13.5"
    assert checks["recording"]["figures"] == {"project_records": False}
    assert 0 < said["spent_rupees"] <= said["estimated_rupees"] < 1
    for secret in (sandbox.api_secret, key):
        assert secret not in (out + err).decode()


async def test_a_livekit_that_no_sound_gets_through_is_not_taken_for_a_connection(tmp_path, monkeypatch):
    def without_media(*arguments):
        return configuration(*arguments).replace("enable_loopback_candidate: true", "enable_loopback_candidate: false")

    monkeypatch.setattr(livekit_server, "configuration", without_media)
    server = LiveKitServer(tmp_path, API_KEY, API_SECRET)
    await asyncio.to_thread(server.start)
    try:
        seen = await join_silently(server.url, mint("silent", "doctor"))
    finally:
        server.stop()
    assert not seen.connected
