"""Which tools a deployment offers: the built-in ones that are set up, a module of one's own, and MCP servers."""

from __future__ import annotations

import importlib
from typing import Any

from livekit.agents import llm
from livekit.agents.llm import mcp

from worker.errors import BadSettings
from worker.settings import McpServer, WorkerSettings
from worker.tools.current_time import current_time
from worker.tools.end_call import end_call
from worker.tools.order_status import order_status
from worker.tools.set_language import set_language
from worker.tools.transfer_to_human import transfer_to_human


def offered_tools(settings: WorkerSettings) -> list[Any]:
    """All tools of one call.

    Raises:
        BadSettings: WORKER_TOOLS_MODULE cannot be used.
    """
    tools: list[Any] = [end_call, current_time, set_language]
    if settings.orders_url:
        tools.append(order_status)
    if settings.transfer_to or settings.transfer_webhook_url:
        tools.append(transfer_to_human)
    if settings.tools_module:
        tools += module_tools(settings.tools_module)
    tools += [_toolset(server, settings.tool_seconds) for server in settings.mcp_servers]
    return tools


def module_tools(name: str) -> list[Any]:
    """Every function tool that a module of one's own defines.

    Raises:
        BadSettings: The module does not import, or has no function tool.
    """
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise BadSettings([f"WORKER_TOOLS_MODULE: {name} does not import: {type(error).__name__}: {error}"]) from error
    found = [value for value in vars(module).values() if isinstance(value, llm.FunctionTool | llm.RawFunctionTool)]
    if not found:
        raise BadSettings([f"WORKER_TOOLS_MODULE: {name} defines no @function_tool"])
    return found


def _toolset(server: McpServer, timeout_seconds: float) -> mcp.MCPToolset:
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    if server.url:
        connection: mcp.MCPServer = mcp.MCPServerHTTP(
            server.url, headers=headers, timeout=timeout_seconds, client_session_timeout_seconds=timeout_seconds
        )
    else:
        command = server.command or []
        connection = mcp.MCPServerStdio(command[0], command[1:], client_session_timeout_seconds=timeout_seconds)
    return mcp.MCPToolset(id=f"mcp-{server.name}", mcp_server=connection)
