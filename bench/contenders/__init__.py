"""Who is measured: this worker and what it is held against, each a worker process under its own agent name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Contender:
    """One worker process.

    Args:
        command: What starts it; it reads its addresses and keys from the environment, as a deployed worker does.
        environment: Settings of its own.
        compared: Its start is compared as well; the others are there for one figure only.
    """

    name: str
    command: tuple[str, ...]
    what: str
    environment: Mapping[str, str] = field(default_factory=dict)
    compared: bool = True

    @property
    def scope(self) -> str:
        """Its provider key: the stand-ins keep its transcripts and its log under it."""
        return f"sandbox-bench-{self.name}"

    @property
    def agent_name(self) -> str:
        return f"bench-{self.name}"


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"bench.contenders.{name}", "start")


WORKER = (sys.executable, "-m", "worker", "start")
VAANI = Contender("vaani", WORKER, "this worker, as it is configured by default")
SEED_PATTERN = Contender("seed_pattern", _module("seed_pattern"), "the pattern this project began with, made to run")
STARTER = Contender("starter", _module("starter"), "an AgentSession with no turn options, as in the official starter")
VAANI_STREAMING = Contender(
    "vaani_streaming",
    WORKER,
    "this worker with the streaming recogniser saaras:v3-realtime",
    environment={"STT_MODEL": "saaras:v3-realtime"},
    compared=False,
)
PROBE = Contender("probe", _module("probe"), "plays a ready tone on joining: the fastest greeting", compared=False)
PREDISPATCHED = "vaani_predispatched"
"""The name under which calls are kept whose agent was in the room first; the worker is VAANI's."""
CONTENDERS = (VAANI, SEED_PATTERN, STARTER, VAANI_STREAMING, PROBE)
