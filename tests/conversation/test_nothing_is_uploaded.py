"""No switch of a LiveKit Cloud project has a call recorded, or anything of it sent away.

The trap: `session.start()` without `record=` takes the project's switch (`job.enable_recording`), and of a call that
fails before its session starts the framework uploads the log by the same switch, whatever `record=` would have said.
"""

from __future__ import annotations

import ast
import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import JobContext
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.agents.voice.agent_session import _resolve_recording_options
from livekit.protocol import agent, models

from worker import server

ROOT = Path(__file__).parents[2]


def _session_starts(tree):
    """Every `x.start(...)` with an agent: by its keyword, or as the session of an `AgentSession(...)` in this file."""
    sessions = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.withitem)
        for value, target in [
            (node.context_expr, node.optional_vars)
            if isinstance(node, ast.withitem)
            else (node.value, node.targets[0] if isinstance(node, ast.Assign) else node.target)
        ]
        if isinstance(value, ast.Call) and ast.unparse(value.func).split("[")[0] == "AgentSession" and target
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "start":
            keywords = {keyword.arg for keyword in node.keywords}
            if "agent" in keywords or ast.unparse(node.func.value) in sessions:
                yield node, keywords


def test_every_session_start_says_itself_what_is_recorded():
    """Pins the trap: left out, `record=` is the switch of the LiveKit Cloud project."""
    found = 0
    for folder in ("worker", "bench", "faults", "sandbox", "scripts", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for node, keywords in _session_starts(ast.parse(path.read_text(encoding="utf-8"))):
                found += 1
                assert "record" in keywords, f"{path.relative_to(ROOT)}:{node.lineno}: session.start() without record="
    assert found >= 6


def test_no_session_of_a_call_is_hosted_for_the_room():
    """Pins: the framework's session host sent everybody in the room every word, the tools' data and the prompt."""
    starts = list(_session_starts(ast.parse((ROOT / "worker/server.py").read_text(encoding="utf-8"))))
    assert len(starts) == 1
    (hosting,) = [each.value for node, _ in starts for each in node.keywords if each.arg == "session_host"]
    assert ast.literal_eval(hosting) is False


def test_no_outcome_or_verdict_is_left_with_the_framework():
    """A tagger's outcome is uploaded at the session's end even where nothing is recorded."""
    for path in (ROOT / "worker").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Attribute) and node.attr == "tagger"), f"{path.relative_to(ROOT)}"


@pytest.fixture
async def cloud(monkeypatch):
    """Counts what reaches the observability address of a project whose switch is on."""
    requests = []

    async def take(request):
        requests.append((request.path, await request.read()))
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    monkeypatch.setenv("LIVEKIT_OBSERVABILITY_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "s" * 32)
    yield requests
    await runner.cleanup()


def job_of_a_recorded_project():
    job = agent.Job(id="AJ_1", room=models.Room(name="room", sid="RM_1"), enable_recording=True)
    info = RunningJobInfo(
        accept_arguments=JobAcceptArguments(name="", identity="agent", metadata=""),
        job=job, url="wss://project.livekit.cloud", token="", worker_id="", fake_job=False,
    )  # fmt: skip
    return JobContext(
        proc=SimpleNamespace(userdata={}), info=info, room=rtc.Room(), on_connect=lambda: None,
        on_shutdown=lambda reason: None, inference_executor=None,
    )  # fmt: skip


async def test_of_a_call_that_cannot_be_built_no_log_is_uploaded(cloud, monkeypatch):
    """Pins: with the project's switch on, a failing call's log left for the cloud, `record=False` or not."""

    async def fails(ctx):
        logging.getLogger("vaani").warning("the caller said their number")
        raise RuntimeError("no voice")

    async def nothing(*_args, **_options):
        pass

    monkeypatch.setattr(server, "take_call", fails)
    monkeypatch.setattr(server, "say_sorry", nothing)
    monkeypatch.setattr(server, "exit_with", lambda code: None)
    ctx = job_of_a_recorded_project()
    monkeypatch.setattr(ctx, "delete_room", nothing)
    ctx._start_log_buffering()
    ctx._prepare_telemetry()
    async with asyncio.timeout(20):
        await server.entrypoint(ctx)
        await ctx._on_cleanup()
    assert cloud == []


def test_what_is_handed_to_a_session_switches_all_of_it_off():
    resolved = _resolve_recording_options(server.NOTHING_IS_UPLOADED)
    assert {"audio", "traces", "logs", "transcript"} <= resolved.keys()
    assert not any(resolved.values())
