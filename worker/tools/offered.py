"""Gathers the tools of a deployment: the built-in ones that are set up, a module of one's own, and MCP servers."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from livekit.agents import llm

from worker import log_events
from worker.errors import BadSettings
from worker.settings import ToolSettings, ToolSourceSettings
from worker.tools.beside import LoopBeside
from worker.tools.context import AnyTool, framed
from worker.tools.current_time import current_time
from worker.tools.end_call import end_call
from worker.tools.names import ToolNames
from worker.tools.order_status import order_status
from worker.tools.send_dtmf import send_dtmf
from worker.tools.set_language import set_language
from worker.tools.transfer_to_human import transfer_to_human

log = logging.getLogger("vaani")
ALWAYS_OFFERED = (end_call, current_time, set_language)


def offered_tools(settings: ToolSettings, sources: ToolSourceSettings) -> list[Any]:
    """Gather all tools of one call. What cannot be offered is told in one line each, and the call goes on without it.

    Raises:
        BadSettings: WORKER_TOOLS_MODULE cannot be used.
    """
    tools: list[Any] = [*ALWAYS_OFFERED]
    if settings.orders_url:
        tools.append(order_status)
    if settings.transfer_to or settings.transfer_webhook_url:
        tools.append(transfer_to_human)
    if settings.send_dtmf:
        tools.append(send_dtmf)
    names = ToolNames()
    for tool in tools:
        names.take(tool.info.name, "vaani")
    if (module := sources.tools_module) is not None:
        beside = LoopBeside()
        tools += [framed(tool, beside=beside) for tool in module_tools(module) if _can_use(tool, names, module)]
    for server in sources.mcp_servers:
        from worker.tools.mcp_tools import McpTools  # the protocol's models are 0.7 s of CPU

        try:
            tools.append(McpTools(server, names))
        except Exception as error:
            log.warning(log_events.TOOL_FAILED, extra={"provider": f"mcp-{server.name}", "why": type(error).__name__})
    return tools


def _can_use(tool: AnyTool, names: ToolNames, owner: str) -> bool:
    try:
        llm.ToolContext([tool]).parse_function_tools("openai", strict=True)
    except Exception as error:  # it would spoil every request that carries it
        return names.refuse(tool.info.name, owner, f"its parameters cannot be told to a model: {type(error).__name__}")
    return names.take(tool.info.name, owner)


def module_tools(name: str) -> list[AnyTool]:
    """Return every function tool that a module of one's own defines.

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
