"""Keeps tools' names apart: one that two tools share ends a call, one that the model refuses ends every reply."""

from __future__ import annotations

import logging
import re

from worker import log_events

log = logging.getLogger("vaani")
MAX_TOOLS = 100  # OpenAI takes 128; the framework adds a few of its own
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_THE_FRAMEWORK = "lk_agents_"


class ToolNames:
    """Gives out the names of one call's tools: whoever comes first has it, and ours come first."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def take(self, name: str, owner: str) -> bool:
        """Give a tool's name to `owner`; False, told in one log line, when it cannot have it."""
        if not _NAME.fullmatch(name) or name.startswith(_OF_THE_FRAMEWORK):
            return self.refuse(name, owner, "its name is none that a model takes: letters, digits, _ and -, at most 64")
        if (other := self._owners.get(name)) is not None:
            return self.refuse(name, owner, f"its name is taken by {other}")
        if len(self._owners) >= MAX_TOOLS:
            return self.refuse(name, owner, f"a model takes no more than {MAX_TOOLS} tools")
        self._owners[name] = owner
        return True

    def give_back(self, owner: str) -> None:
        """Release the names of `owner`, who offers anew."""
        self._owners = {name: other for name, other in self._owners.items() if other != owner}

    def refuse(self, name: str, owner: str, why: str) -> bool:
        """Tell that a tool is not offered; False, for the caller's convenience."""
        log.warning(log_events.TOOL_NOT_OFFERED, extra={"provider": owner, "tool": name[:80], "why": why})
        return False
