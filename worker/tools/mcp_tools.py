"""Offers the tools of one MCP server while it answers, within the limits of all tools, under names that are free.

The framework's toolset waits for its server before the greeting, ends the call over a name that two tools share, and
hands results of any size to the model.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Any

from livekit.agents import llm
from livekit.agents.llm import mcp

from worker import log_events
from worker.settings import McpServer
from worker.tools.context import AnyTool, as_text, framed
from worker.tools.names import ToolNames

log = logging.getLogger("vaani")
CONNECT_SECONDS = 15.0  # nobody waits for it, and a command may be slow to start; a tool's own limit is its frame's
ANSWER_SECONDS = 5.0  # by then a server that lives has said which tools it has
CLOSE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
DESCRIPTION_LIMIT_CHARACTERS = 1000
SCHEMA_LIMIT_CHARACTERS = 8000


class McpTools(mcp.MCPToolset):
    """One server's tools; none while it does not answer, and the call goes on without them."""

    def __init__(self, server: McpServer, names: ToolNames) -> None:
        self._server = connection(server)
        super().__init__(id=f"mcp-{server.name}", mcp_server=self._server)
        self._names = names
        self._framed: list[AnyTool] = []
        self._connecting: asyncio.Task[None] | None = None
        self._in_use = False

    @property
    def tools(self) -> Sequence[AnyTool]:
        """Return which of the server's tools can be called now."""
        return self._framed

    async def setup(self, *, reload: bool = False) -> McpTools:
        """Begin to connect; nobody waits for it."""
        self._in_use = True
        if self._connecting is None or reload:
            await self._stop_connecting()
            self._connecting = asyncio.create_task(self._connect(reload))
        return self

    async def aclose(self) -> None:
        """Disconnect from the server."""
        self._in_use = False
        await self._stop_connecting()
        self._framed = []
        await super().aclose()

    async def connected(self) -> None:
        """Wait until the server's tools can be called."""
        if self._connecting is not None:
            await self._connecting

    async def _connect(self, reload: bool) -> None:
        pause, told = FIRST_PAUSE_SECONDS, False
        while (error := await _error_of(super().setup(reload=reload), CONNECT_SECONDS)) is not None:
            if not told:
                why = "it does not answer" if isinstance(error, TimeoutError) else type(error).__name__
                log.warning(log_events.TOOL_FAILED, extra={"provider": self.id, "why": why})
            told = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        if reload:
            self._names.give_back(self.id)
        offered = [tool for tool in super().tools if isinstance(tool, llm.RawFunctionTool)]
        self._framed = [framed(self._usable(tool)) for tool in offered if self._can_use(tool)]

    async def _make_sure(self) -> None:
        """Connect anew to a server that has died; until it is back the model is not told of its tools."""
        self._server.invalidate_cache()
        if await _error_of(self._server.list_tools(), ANSWER_SECONDS) is None:
            return
        self._framed = []
        await _error_of(self._server.aclose(), CLOSE_SECONDS)
        await self._connect(reload=True)

    def _usable(self, tool: llm.RawFunctionTool[Any, Any]) -> llm.RawFunctionTool[Any, Any]:
        """The same tool, with a description that may be part of every request, and whose failure is looked into."""

        @functools.wraps(tool, updated=())
        async def run(raw_arguments: dict[str, object]) -> Any:
            try:
                return await tool(raw_arguments)
            except BaseException:  # also one whose time was over: a dead server may just be silent
                if self._in_use and (self._connecting is None or self._connecting.done()):
                    self._connecting = asyncio.create_task(self._make_sure())
                raise

        description = (tool.info.raw_schema.get("description") or "")[:DESCRIPTION_LIMIT_CHARACTERS]
        info = replace(tool.info, raw_schema={**tool.info.raw_schema, "description": description})
        return llm.RawFunctionTool(run, info)

    def _can_use(self, tool: llm.RawFunctionTool[Any, Any]) -> bool:
        schema = tool.info.raw_schema.get("parameters")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            return self._names.refuse(tool.info.name, self.id, "its parameters are no JSON schema of an object")
        if len(json.dumps(schema, default=str)) > SCHEMA_LIMIT_CHARACTERS:
            return self._names.refuse(tool.info.name, self.id, "its parameters are too long for every request")
        return self._names.take(tool.info.name, self.id)

    async def _stop_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
            self._connecting = None


def connection(server: McpServer) -> mcp.MCPServer:
    """Build the framework's connection to a server, by its address or command."""
    if server.url:
        return mcp.MCPServerHTTP(
            server.url,
            headers={name: value.get_secret_value() for name, value in server.headers.items()},
            timeout=CONNECT_SECONDS,
            client_session_timeout_seconds=CONNECT_SECONDS,
            tool_result_resolver=_text_of,
        )
    command = server.command or []
    return mcp.MCPServerStdio(
        command[0], command[1:], client_session_timeout_seconds=CONNECT_SECONDS, tool_result_resolver=_text_of
    )


def _text_of(context: mcp.MCPToolResultContext) -> str:
    """Return the text of a result; pictures and files are nothing for a voice."""
    texts = [part.text for part in context.result.content if part.type == "text"]
    structured = getattr(context.result, "structured_content", None)
    return as_text("\n".join(texts) if texts or structured is None else structured)


async def _error_of(work: Awaitable[object], seconds: float) -> BaseException | None:
    """What went wrong with work that may take so long; it ends like the caller's own task only when that is ended."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except (Exception, asyncio.CancelledError) as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise  # the call is over; a try's own end may look alike
        return error
    return None
