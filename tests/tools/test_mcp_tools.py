"""Tests of the tools of MCP servers: the call never waits for them, and none takes what is somebody else's."""

import asyncio
import contextlib
import sys
from types import SimpleNamespace

import pytest
from livekit.agents import llm
from livekit.agents.llm import mcp
from mcp.types import CallToolResult, ImageContent, TextContent, Tool

from worker.settings import McpServer
from worker.tools import mcp_tools
from worker.tools.context import RESULT_LIMIT_CHARACTERS
from worker.tools.mcp_tools import McpTools
from worker.tools.names import ToolNames
from worker.tools.offered import offered_tools

pytestmark = pytest.mark.asyncio
NO_PARAMETERS = {"type": "object", "properties": {}}


class FakeServer(mcp.MCPServer):
    """A server that answers when it is let."""

    def __init__(self, *names, schema=NO_PARAMETERS):
        super().__init__(client_session_timeout_seconds=1)
        self.offers = [Tool(name=name, description="Do it." * 1000, input_schema=schema) for name in names]
        self.answers = asyncio.Event()
        self.refusals = []
        self.tried = asyncio.Event()

    @property
    def initialized(self):
        return False

    def client_streams(self):
        raise AssertionError("not reached")

    async def initialize(self):
        self.tried.set()
        if self.refusals:
            raise self.refusals.pop()
        await self.answers.wait()

    async def _list_raw_tools(self):
        return self.offers


@pytest.fixture
def serve(monkeypatch):
    def start(server, names, name="shop"):
        monkeypatch.setattr(mcp_tools, "connection", lambda _: server)
        return McpTools(McpServer(name=name, url="http://127.0.0.1:1/mcp"), names)

    return start


def names_of(toolset):
    return [tool.info.name for tool in toolset.tools]


async def test_a_server_that_hangs_delays_nobody_and_its_tools_are_there_once_it_answers(serve):
    """Pins the greeting that came 8 s late."""
    server = FakeServer("shop_hours")
    toolset = serve(server, ToolNames())
    await toolset.setup()
    assert names_of(toolset) == []
    server.answers.set()
    await toolset.connected()
    assert names_of(toolset) == ["shop_hours"]
    await toolset.aclose()
    assert names_of(toolset) == []


MORTAL_SERVER = """
import os
from mcp.server import MCPServer
server = MCPServer("shop")

@server.tool()
def shop_hours() -> str:
    return f"nine to six, says {os.getpid()}"

@server.tool()
def die() -> str:
    os._exit(1)

server.run()
"""


def running_call(tool_seconds=10.0):
    """livekit's RunContext where a tool's frame touches it."""

    services = SimpleNamespace(settings=SimpleNamespace(tool_seconds=tool_seconds))
    return SimpleNamespace(userdata=services, with_filler=lambda *_, **__: contextlib.nullcontext())


def named(toolset, name):
    return next(tool for tool in toolset.tools if tool.info.name == name)


async def test_a_server_that_dies_in_a_call_is_told_of_once_and_is_back_for_the_next_question(
    tmp_path, caplog, monkeypatch
):
    """Pins a dead server whose tools were offered, and failed, until the call's end."""
    monkeypatch.setattr(mcp_tools, "CONNECT_SECONDS", 60.0)  # a server's imports are slow on a busy machine
    (tmp_path / "shop.py").write_text(MORTAL_SERVER)
    server = McpServer(name="shop", command=[sys.executable, str(tmp_path / "shop.py")])
    toolset = McpTools(server, ToolNames())
    async with asyncio.timeout(150):
        await toolset.setup()
        await toolset.connected()
        context = running_call()
        before = await named(toolset, "shop_hours")(context, {})
        with pytest.raises(llm.ToolError, match="did not work just now"):
            await named(toolset, "die")(context, {})
        await toolset.connected()
        after = await named(toolset, "shop_hours")(context, {})
        await toolset.aclose()
    assert before.startswith("nine to six")
    assert after.startswith("nine to six")
    assert after != before
    assert [(record.message, record.provider) for record in caplog.records if record.name == "vaani"] == [
        ("tool.failed", "die")
    ]


class MuteServer(FakeServer):
    """A server that stops to answer when it is told to, and answers again when it is connected anew."""

    mute = False
    closed = 0

    def __init__(self, *names):
        super().__init__(*names)
        self.called = asyncio.Event()

    async def initialize(self):
        await super().initialize()
        self.mute = False

    async def _list_raw_tools(self):
        if self.mute:
            await asyncio.Event().wait()
        return self.offers

    async def _call_tool(self, name, arguments, *, progress_callback=None):
        self.called.set()
        if self.mute:
            await asyncio.Event().wait()
        raise ValueError("what the server itself says is no death")

    async def aclose(self):
        self.closed += 1


async def test_a_server_that_falls_silent_loses_its_tools_until_it_is_connected_anew(serve, monkeypatch):
    monkeypatch.setattr(mcp_tools, "ANSWER_SECONDS", 0.01)
    server = MuteServer("shop_hours")
    server._client = object()
    server.answers.set()
    toolset = serve(server, ToolNames())
    await toolset.setup()
    await toolset.connected()
    [tool] = toolset.tools
    with pytest.raises(llm.ToolError):
        await tool(running_call(), {})
    await toolset.connected()
    assert (toolset.tools, server.closed) == ([tool], 0)  # one call went wrong, and the server is well

    server.mute = True
    server.answers.clear()
    server.tried.clear()
    with pytest.raises(llm.ToolError):
        await tool(running_call(tool_seconds=0.01), {})
    await server.tried.wait()
    assert (toolset.tools, server.closed) == ([], 1)
    server.answers.set()
    await toolset.connected()
    assert names_of(toolset) == ["shop_hours"]
    await toolset.aclose()


async def test_a_call_that_ends_while_a_tool_runs_connects_to_nobody_anew(serve):
    server = MuteServer("shop_hours")
    server._client = object()
    server.answers.set()
    toolset = serve(server, ToolNames())
    await toolset.setup()
    await toolset.connected()
    server.mute = True
    running = asyncio.create_task(named(toolset, "shop_hours")(running_call(), {}))
    await server.called.wait()
    await toolset.aclose()
    closed = server.closed
    server.tried.clear()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await toolset.connected()
    assert not server.tried.is_set()
    assert server.closed == closed


@pytest.mark.parametrize(
    "refusal", [OSError("no route"), TimeoutError(), asyncio.CancelledError(), BaseExceptionGroup("", [OSError()])]
)
async def test_a_server_that_is_down_is_told_of_once_and_tried_again(serve, refusal, monkeypatch, caplog):
    monkeypatch.setattr(mcp_tools, "FIRST_PAUSE_SECONDS", 0.0)
    server = FakeServer("shop_hours")
    server.refusals = [refusal] * 3
    server.answers.set()
    toolset = serve(server, ToolNames())
    await toolset.setup()
    await toolset.connected()
    assert names_of(toolset) == ["shop_hours"]
    assert [(record.message, record.provider) for record in caplog.records] == [("tool.failed", "mcp-shop")]
    await toolset.aclose()


async def test_a_call_that_ends_before_its_server_answers_ends_at_once(serve):
    server = FakeServer("shop_hours")
    toolset = serve(server, ToolNames())
    await toolset.setup()
    await server.tried.wait()
    await toolset.aclose()


async def test_a_name_that_is_taken_loses_the_tool_and_not_the_call(serve, caplog):
    """Pins an MCP server that ended every call by offering `end_call`."""
    names = ToolNames()
    names.take("end_call", "vaani")
    first, second = FakeServer("end_call", "shop_hours", "shop_hours"), FakeServer("shop_hours", "price", "lk_agents_x")
    toolsets = [serve(first, names, "first"), serve(second, names, "second")]
    for server, toolset in zip((first, second), toolsets, strict=True):
        server.answers.set()
        await toolset.setup()
        await toolset.connected()
    llm.ToolContext(toolsets)  # raises over a name that two tools share
    assert [names_of(toolset) for toolset in toolsets] == [["shop_hours"], ["price"]]
    refused = [(record.provider, record.tool) for record in caplog.records]
    assert refused == [
        ("mcp-first", "end_call"), ("mcp-first", "shop_hours"), ("mcp-second", "shop_hours"),
        ("mcp-second", "lk_agents_x"),
    ]  # fmt: skip


async def test_a_server_that_offers_anew_keeps_its_own_names_and_gets_no_taken_one(serve):
    names = ToolNames()
    names.take("end_call", "vaani")
    server = FakeServer("shop_hours")
    server.answers.set()
    toolset = serve(server, names)
    await toolset.setup()
    await toolset.connected()
    server.offers = [Tool(name=name, input_schema=NO_PARAMETERS) for name in ("shop_hours", "end_call", "price")]
    await toolset.setup(reload=True)
    await toolset.connected()
    assert names_of(toolset) == ["shop_hours", "price"]


@pytest.mark.parametrize("schema", [{}, {"type": "string"}, {"type": "object", "description": "x" * 100_000}])
async def test_parameters_that_would_spoil_every_request_are_not_sent(serve, schema):
    server = FakeServer("shop_hours", schema=schema)
    server.answers.set()
    toolset = serve(server, ToolNames())
    await toolset.setup()
    await toolset.connected()
    assert names_of(toolset) == []


async def test_a_description_may_not_fill_every_request(serve):
    server = FakeServer("shop_hours")
    server.answers.set()
    toolset = serve(server, ToolNames())
    await toolset.setup()
    await toolset.connected()
    [tool] = toolset.tools
    assert len(tool.info.raw_schema["description"]) == mcp_tools.DESCRIPTION_LIMIT_CHARACTERS


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (CallToolResult(content=[TextContent(type="text", text="nine to six")]), "nine to six"),
        (CallToolResult(content=[TextContent(type="text", text="a"), TextContent(type="text", text="b")]), "a\nb"),
        (CallToolResult(content=[ImageContent(type="image", data="AAAA", mime_type="image/png")]), ""),
        (CallToolResult(content=[], structured_content={"open": True}), '{"open": true}'),
        (CallToolResult(content=[]), ""),
        (CallToolResult(content=[TextContent(type="text", text="x" * 3_000_000)]), "x" * RESULT_LIMIT_CHARACTERS),
    ],
)
async def test_the_model_gets_a_results_text_and_no_more_than_it_can_use(result, text):
    """Pins a result of 3 MB that was part of every later request."""
    server = mcp_tools.connection(McpServer(name="shop", url="http://127.0.0.1:1/mcp"))
    resolve = server._tool_result_resolver
    assert resolve(mcp.MCPToolResultContext("shop_hours", {}, result)) == text


async def test_a_toolset_that_cannot_be_built_costs_its_tools_only(monkeypatch, caplog):
    monkeypatch.setattr(mcp_tools, "McpTools", lambda *_: 1 / 0)
    settings = SimpleNamespace(orders_url=None, transfer_to=None, transfer_webhook_url=None, send_dtmf=False)
    sources = SimpleNamespace(tools_module=None, mcp_servers=[McpServer(name="shop", url="http://127.0.0.1:1/mcp")])
    assert {tool.info.name for tool in offered_tools(settings, sources)} == {"set_language", "current_time", "end_call"}
    assert [(record.message, record.provider) for record in caplog.records] == [("tool.failed", "mcp-shop")]
