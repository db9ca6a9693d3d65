"""What a tool of an operator's own, or an MCP server's, can reach of the call it runs in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, SimpleNamespace
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from worker.conversation.tool_services import ToolServices
from worker.environment import load_settings
from worker.settings import SETTINGS_GROUPS, Settings, ToolSettings
from worker.tools.context import CallServices

ROOT = Path(__file__).parents[2]
SECRETS = {
    "LIVEKIT_API_KEY": "key-of-livekit",
    "LIVEKIT_API_SECRET": "secret-of-livekit-0123456789abcdef",
    "SARVAM_API_KEY": "secret-of-sarvam",
    "OPENAI_API_KEY": "secret-of-openai",
}
MCP = '[{"name": "shop", "url": "https://shop.example/mcp", "headers": {"Authorization": "secret-of-the-shop"}}]'
VARIABLES = SECRETS | {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "WORKER_MCP_SERVERS": MCP,
    "WORKER_ORDERS_URL": "https://orders.example",
    "WORKER_TRANSFER_TO": "tel:+911140000000",
}
WHO_BUILDS_THE_WORKER = {
    "__main__", "building", "checks", "environment", "in_call", "parent", "run", "server", "settings",
}  # fmt: skip
FUNCTIONS = (FunctionType, MethodType, BuiltinFunctionType, type)


@pytest.fixture
def settings() -> Settings:
    return load_settings(VARIABLES)


def call_with_everything(settings: Settings) -> Any:
    """A call as the server builds it: all that it stands on can be reached from it."""
    return SimpleNamespace(
        settings=settings, session=SimpleNamespace(llm=settings.openai), handoff=settings.livekit, voice=settings,
        caller="fingerprint", languages=SimpleNamespace(replying="hi-IN"),
    )  # fmt: skip


def reachable(thing: object, seen: set[int], depth: int = 12) -> Iterator[object]:
    """Everything that a tool gets to from `thing` by public names, keys and items."""
    if id(thing) in seen or not depth or isinstance(thing, FUNCTIONS):
        return
    seen.add(id(thing))
    yield thing
    if isinstance(thing, str | bytes | int | float | None.__class__):
        return
    inside = list(thing) if isinstance(thing, list | tuple | set | frozenset) else []
    inside += [*thing.keys(), *thing.values()] if isinstance(thing, dict) else []
    ours = not isinstance(thing, aiohttp.ClientSession)  # the framework's own client knows none of our settings
    for name in dir(thing) if ours else ():
        if not name.startswith(("_", "model_")):  # of pydantic's own
            inside.append(getattr(thing, name, None))
    for each in inside:
        yield from reachable(each, seen, depth - 1)


def secrets_in(thing: object) -> list[str]:
    found = []
    for each in reachable(thing, set()):
        text = each.get_secret_value() if isinstance(each, SecretStr) else each
        if isinstance(text, str):
            found += [name for name in (*SECRETS.values(), "secret-of-the-shop") if name in text]
    return found


@pytest.mark.asyncio
async def test_no_secret_can_be_reached_from_what_a_tool_is_given(settings):
    """Pins `ctx.userdata.settings`: all settings, and with them every key, in the hands of anybody's tool."""
    assert secrets_in(call_with_everything(settings))  # the walk finds what is there
    async with aiohttp.ClientSession() as http:
        services = ToolServices(call_with_everything(settings), settings.tools, http)
        assert secrets_in(services) == []
        assert services.settings.orders_url == "https://orders.example"


@pytest.mark.asyncio
async def test_a_tool_is_given_what_is_promised_and_nothing_else(settings):
    async with aiohttp.ClientSession() as http:
        services: CallServices = ToolServices(call_with_everything(settings), settings.tools, http)
        promised = {name for name in [*vars(CallServices), *CallServices.__annotations__] if not name.startswith("_")}
        assert {name for name in dir(services) if not name.startswith("_")} == promised
        assert (services.caller, services.language) == ("fingerprint", "hi-IN")


def test_the_settings_of_tools_have_no_field_for_a_secret():
    for name, field in ToolSettings.model_fields.items():
        assert "Secret" not in str(field.annotation), name
        assert not name.endswith(("key", "secret", "password", "token", "headers")), name


def test_only_what_builds_the_worker_is_given_all_settings():
    """Pins one class of 54 settings, keys among them, that went whole to whatever needed one number."""
    holders = {
        path.stem
        for path in (ROOT / "worker").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "worker.settings"
        if "Settings" in {name.name for name in node.names}
    }
    assert holders <= WHO_BUILDS_THE_WORKER


def test_no_variable_is_read_by_two_groups():
    names = [
        f"{group.model_config['env_prefix']}{field}"
        for group in SETTINGS_GROUPS.values()
        for field in group.model_fields
    ]
    assert len(names) == len(set(names))
