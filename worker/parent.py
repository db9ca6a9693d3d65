"""Builds what runs in the worker's parent process: the agent server, which calls it takes, its line to LiveKit.

Apart from worker.server, because this process carries no call: without what only a call needs it starts with half the
CPU.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from livekit.agents import AgentServer, JobContext, JobProcess
from livekit.agents.utils.hw import get_cpu_monitor

from worker import parent_socket
from worker.admission import Admission
from worker.admission_rules import AdmissionRules
from worker.end_of_turn.session_options import hears_sound
from worker.end_of_turn.sound.runner import SoundRunner
from worker.livekit_internals import share_model
from worker.load.worker_load import WorkerLoad
from worker.recovery.livekit_client import LiveKitClient
from worker.settings import CapacitySettings, Settings
from worker.warm_processes import WarmProcesses

if TYPE_CHECKING:
    from worker.budget.teller import Teller

# A call uses a tenth of a core (docs/capacity.md). The rest is for callers who come, a third of a core each for a
# second, for those who are told that lines are busy, and for turns that fall together.
CALLS_PER_CORE = 4


def most_calls(settings: CapacitySettings) -> int:
    """Return how many calls this worker carries at once."""
    return settings.max_calls or max(1, int(CALLS_PER_CORE * cores()))


def cores() -> float:
    """Return how many cores this worker may use: the container's share of them, and no more than it is pinned to."""
    counted = get_cpu_monitor().cpu_count()
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else math.inf
    return min(counted, allowed)


@dataclass(frozen=True, slots=True)
class Parts:
    """Holds what runs in the worker's parent process."""

    server: AgentServer
    admission: Admission
    client: LiveKitClient
    teller: Teller | None
    """Keeps the budgets, where there are any."""
    load: WorkerLoad
    warm: WarmProcesses


def build_server(settings: Settings) -> Parts:
    """Build the server for these settings; nothing is started yet."""
    livekit, capacity, failover = settings.livekit, settings.capacity, settings.failover
    most = most_calls(capacity)
    if hears_sound(settings.turns):
        share_model(SoundRunner)  # before the server is made: it looks then whether there is any
    server = AgentServer(
        ws_url=livekit.url,
        api_key=livekit.api_key,
        api_secret=livekit.api_secret.get_secret_value(),
        host="127.0.0.1",
        port=0,  # the framework's own health endpoint says 200 whatever happens: worker.health answers instead
        # Admission counts the calls. With a threshold the framework counts, too: while no call runs, one job that has
        # not begun is 1 / num_idle_processes of it, and of callers who come at once those beyond are offered to nobody.
        load_threshold=math.inf,
        num_idle_processes=min(capacity.idle_processes, most),
        drain_timeout=failover.drain_seconds,
        job_memory_warn_mb=600,
        job_memory_limit_mb=capacity.job_memory_limit_mb,
        initialize_process_timeout=60,
        shutdown_process_timeout=30,
        max_retry=failover.reconnect_tries,
        preload_modules=["worker.preload"],
    )
    client = LiveKitClient(livekit)
    load = WorkerLoad(cores(), capacity.late_seconds)
    admission = Admission(server, most, livekit.agent_name, client, AdmissionRules(capacity), is_late=load.is_full)
    teller = teller_of(settings)
    server.setup_fnc = partial(
        prewarm, budget_address="" if teller is None else teller.address, load_address=load.address
    )
    server.load_fnc = admission.load
    # `@server.rtc_session(...)` written as a call: the name comes from settings, and a call's process must be able to
    # import the entrypoint, which it cannot if it is defined in here.
    server.rtc_session(agent_name=livekit.agent_name, on_request=admission.take, on_session_end=on_session_end)(
        entrypoint
    )
    warm = WarmProcesses(server, capacity.idle_processes, admission.most, admission.calls)
    return Parts(server, admission, client, teller, load, warm)


def teller_of(settings: Settings) -> Teller | None:
    """Build who keeps the budgets; None where there are none."""
    if not settings.money.limits.are_set:
        return None
    from worker.budget.teller import Teller

    spool = settings.records.spool_folder
    folder = None if spool is None else spool / "budgets"
    return Teller(str(parent_socket.new_address("budget")), settings.money.limits, settings.records.records_url, folder)


# What a call's process runs. The framework sends it these three by name, and there worker.server is loaded already.


def prewarm(proc: JobProcess, budget_address: str, load_address: str) -> None:
    """Prepare a call's process before it has a call."""
    from worker import server

    server.prewarm(proc, budget_address, load_address)


async def entrypoint(ctx: JobContext) -> None:
    """Take one call."""
    from worker import server

    await server.entrypoint(ctx)


async def on_session_end(ctx: JobContext) -> None:
    """Do what is done when a call is over."""
    from worker import server

    await server.on_session_end(ctx)
