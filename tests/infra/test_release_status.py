"""Which release still has calls, asked of a real livekit-server."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from livekit import api

from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from sandbox.stack.stack import Stack
from scripts.release_status import (
    EXIT_BAD_SETTINGS,
    EXIT_BUSY,
    EXIT_IDLE,
    Release,
    main,
    old_calls,
    releases_from,
    table,
    watch,
)
from tests.needs import missing

OLD, NEW = Release("old", "vaani-old", active=False), Release("new", "vaani-new", active=True)
OUTPUT = json.dumps(
    {
        "old": {"active": False, "dispatch_name": "vaani-old", "instances": 1, "pool": "vaani-worker-old"},
        "new": {"active": True, "dispatch_name": "vaani-new", "instances": 2, "pool": "vaani-worker-new"},
    }
)


class LiveKitAlone(Stack):
    """Of the whole stack, only the server."""

    async def start(self):
        await self.start_livekit()


@pytest.fixture
async def livekit(monkeypatch):
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    async with LiveKitAlone() as stack:
        monkeypatch.setenv("LIVEKIT_URL", stack.livekit_url)
        monkeypatch.setenv("LIVEKIT_API_KEY", stack.api_key)
        monkeypatch.setenv("LIVEKIT_API_SECRET", stack.api_secret)
        async with api.LiveKitAPI() as client:
            yield client


@pytest.mark.calls
async def test_an_old_release_is_in_use_until_its_last_call_is_over(livekit, capsys):
    for room, name in (("call-1", "vaani-old"), ("call-2", "vaani-new")):
        await livekit.room.create_room(api.CreateRoomRequest(name=room, empty_timeout=60))
        await livekit.agent_dispatch.create_dispatch(api.CreateAgentDispatchRequest(room=room, agent_name=name))

    assert await watch([NEW, OLD], wait_seconds=0) == EXIT_BUSY
    said = capsys.readouterr().out
    assert "still in use" in said
    assert "1 call(s) on an old release" in said

    await livekit.room.delete_room(api.DeleteRoomRequest(room="call-1"))
    assert await watch([NEW, OLD], wait_seconds=0) == EXIT_IDLE
    assert "idle: can be removed" in capsys.readouterr().out


def test_calls_on_the_active_release_do_not_hold_up_a_removal():
    assert old_calls([OLD, NEW], Counter({"vaani-new": 7})) == 0
    assert old_calls([OLD, NEW], Counter({"vaani-new": 7, "vaani-old": 2})) == 2


def test_the_table_says_what_may_be_done():
    lines = table([NEW, OLD], Counter({"vaani-new": 3})).splitlines()
    assert lines[1].split()[:3] == ["new", "vaani-new", "3"]
    assert "takes new calls" in lines[1]
    assert "idle: can be removed" in lines[2]


def test_terraforms_output_is_read():
    assert releases_from(OUTPUT) == [NEW, OLD]


def test_missing_settings_are_named(monkeypatch, capsys):
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == EXIT_BAD_SETTINGS
    assert "LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET not set" in capsys.readouterr().err


def test_nothing_deployed_yet_is_said_plainly(monkeypatch, capsys, tmp_path):
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.setenv(name, "x")
    assert main(["--releases", str(tmp_path / "none.json")]) == EXIT_BAD_SETTINGS
    assert "terraform -chdir=infra apply" in capsys.readouterr().err
