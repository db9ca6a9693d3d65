"""Compares what was promised with what tools really did: a promise without its tool call is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from worker.outcome.conversation import ToolRun

DONE, FAILED, NOT_DONE, NO_TOOL = "done", "failed", "not_done", "no_tool"
MOST_PROMISES = 20
_NONE = ("", "none", "null", "n/a")


def marked_promises(promises: object, tools: Sequence[ToolRun]) -> list[dict[str, Any]]:
    """Each promise with its mark.

    `done`: its tool ran well in this call. `failed`: it ran, and never well. `not_done`: it did not run. `no_tool`: no
    tool does such a thing, so that a person has to.
    """
    ran: dict[str, bool] = {}
    for run in tools:
        ran[run.name] = ran.get(run.name, False) or run.ok
    marked = []
    for promise in promises if isinstance(promises, list) else []:
        if isinstance(promise, dict) and isinstance(promise.get("what"), str):
            tool = str(promise.get("tool") or "").strip()
            marked.append({"what": promise["what"], "tool": tool or None, "status": _status(tool, ran)})
    return marked[:MOST_PROMISES]


def _status(tool: str, ran: dict[str, bool]) -> str:
    if tool.casefold() in _NONE:
        return NO_TOOL
    if tool not in ran:
        return NOT_DONE
    return DONE if ran[tool] else FAILED
