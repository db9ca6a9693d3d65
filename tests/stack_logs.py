"""Shows what the processes of a stack have logged, under the report of a test that failed beside them, or keeps it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.stack import Stack

LAST_LINES = 40
LINE_LIMIT_CHARACTERS = 400
# The same in every line of a call, or told by the message.
_LEFT_OUT = {"severity", "name", "job_id", "trace_id", "room_id", "agent_name", "pid", "stack"}


def kept_logs() -> Path | None:
    """Return the folder in which a stack's logs stay behind the tests: CALL_LOGS, if it is set."""
    return Path(os.environ["CALL_LOGS"]) if "CALL_LOGS" in os.environ else None


def last_logged(fixtures: Iterable[object]) -> Iterator[tuple[str, str]]:
    """List (process, its newest lines) of the workers of whatever stack is among a test's fixtures."""
    for stack in {id(each): each for each in fixtures if isinstance(each, Stack)}.values():
        for name, process in stack.processes.items():
            if name.startswith("worker"):
                lines = process.log_text().splitlines()[-LAST_LINES:]
                yield f"the log of {name}", "\n".join(_shortened(line)[:LINE_LIMIT_CHARACTERS] for line in lines)


def _shortened(line: str) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    if not isinstance(fields, dict):
        return line
    told = {name: value for name, value in fields.items() if name not in _LEFT_OUT and not name.startswith("code.")}
    head = " ".join(str(told.pop(name, "")) for name in ("timestamp", "level", "message"))
    return " ".join([head, *(f"{name}={value}" for name, value in told.items())])
