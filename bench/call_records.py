"""Measure how many calls' records one process writes a second, and what they cost a call: its event loop, its memory.

Whole calls of ten turns, told through the real spool: by as many writers as calls, read and written by one shipper.
PostgreSQL where it is installed (a server of its own, on loopback), SQLite in any case.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from records.engine import new_engine, upgrade
from records.events import call_id_of
from records.shipping import Shipper
from records.spool import SpoolWriter
from sandbox.stack.postgres import BINARIES, running_postgres

NEEDED_PER_SECOND = 50.0
GOAL_LOOP_SECONDS = 0.001
CALLS, QUICK_CALLS = 400, 100
TURNS = 10
SAID = "मुझे अपने ऑर्डर के बारे में जानना है, वो कब तक आएगा? " * 2
GOAL_MEMORY_MB = 3.0
MEMORY_TURNS = 60
MEGABYTE = 1e6
ROOT = Path(__file__).parents[1]


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return the rows records_per_second, record_loop_p99 and record_memory."""
    calls = QUICK_CALLS if quick else CALLS
    with tempfile.TemporaryDirectory(prefix="vaani-bench-") as folder:
        costs = _tell(Path(folder) / "sqlite", calls)
        per_second: dict[str, float | None] = {
            "vaani": _rate(f"sqlite+aiosqlite:///{folder}/calls.db", Path(folder) / "sqlite", calls)
        }
    per_second["vaani_postgresql"] = _with_postgres(calls) if BINARIES else None
    memory = _memory()
    p99 = sorted(costs)[int(0.99 * (len(costs) - 1))]
    slowest = min(value for value in per_second.values() if value is not None)
    needed = {"kind": "ratio_to", "against": "needed", "value": 1.0, "bound": "at_least"}
    return [
        {
            "name": "records_per_second", "unit": "calls per second", "n": calls,
            "values": {**per_second, "needed": NEEDED_PER_SECOND}, "goal": needed, "met": slowest >= NEEDED_PER_SECOND,
        },
        {
            "name": "record_loop_p99", "unit": "seconds", "n": len(costs), "values": {"vaani": p99},
            "goal": {"kind": "at_most", "value": GOAL_LOOP_SECONDS}, "met": p99 <= GOAL_LOOP_SECONDS,
        },
        {
            "name": "record_memory", "unit": "megabytes", "n": 1, "values": {"vaani": round(memory, 2)},
            "goal": {"kind": "at_most", "value": GOAL_MEMORY_MB}, "met": memory <= GOAL_MEMORY_MB,
        },
    ]  # fmt: skip


def _tell(folder: Path, calls: int) -> list[float]:
    """Tell whole calls to a spool; returns the processor time of each turn in the telling thread."""
    costs = []
    for number in range(calls):
        writer = SpoolWriter(folder, call_id_of(f"RM_{number}"), 0, 1_000_000_000)
        writer.append("begun", {"room": f"room-{number}", "channel": "page", "direction": "in", "words_kept": True})
        for turn in range(1, TURNS + 1):
            begun_at = time.thread_time()
            writer.append("heard", {"turn": turn, "heard": SAID, "heard_language": "hi-IN"})
            writer.append("tool", {"turn": turn, "name": "order_status", "outcome": "ok", "ms": 12})
            writer.append(
                "replied",
                {"turn": turn, "reply": SAID, "reply_language": "hi-IN", "stages_seconds": {"llm": 0.2, "tts": 0.2}},
            )
            writer.append("usage", {"usage": {"llm:m": {"output_tokens": turn}}, "rupees": 0.1 * turn})
            costs.append(time.thread_time() - begun_at)
        writer.append("ended", {"reason": "goodbye", "failed": False})
        writer.close()
    return costs


def _rate(url: str, folder: Path, calls: int) -> float:
    async def ship() -> float:
        engine = new_engine(url)
        try:
            await upgrade(engine)
            begun_at = time.perf_counter()
            await Shipper(engine, folder).ship()
            return calls / (time.perf_counter() - begun_at)
        finally:
            await engine.dispose()

    return asyncio.run(ship())


def _with_postgres(calls: int) -> float:
    """Measure on a server of one's own, as durable as it is by default."""
    with running_postgres() as server, tempfile.TemporaryDirectory(prefix="vaani-bench-") as folder:
        _tell(Path(folder), calls)
        return _rate(server.url(), Path(folder), calls)


def _memory() -> float:
    """Measure how much a call's process grows by when it keeps a record with words, in a process of its own."""
    command = [sys.executable, "-c", _GROW, str(MEMORY_TURNS)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=120)
    return int(done.stdout) / MEGABYTE


# What a call's process has loaded in any case comes before; what is heard and said is masked, as in a call.
_GROW = """
import sys, tempfile
from types import SimpleNamespace
import psutil
from livekit.agents import ChatMessage
from records.masking import know_number_words
from worker.bill import Bill
from worker.record.call_record import Cost, Spoken, record_of_call
from worker.settings import RecordsSettings

private = lambda: psutil.Process().memory_full_info().uss
before = private()
know_number_words()
with tempfile.TemporaryDirectory() as folder:
    kept = {"records_url": f"sqlite+aiosqlite:///{folder}/calls.db", "records_spool_dir": folder, "records_words": True}
    settings = RecordsSettings.model_validate(kept)
    record = record_of_call(settings, "RM_1", "AJ_1", None, refused=False, key="k" * 32)
    handlers = {}
    spoken = Spoken("hi-IN", "same_language", "hi-IN")
    cost = Cost({"llm:m": {"output_tokens": 9}}, Bill(0.1))
    record.begin("room", None, "caller")
    record.watch(SimpleNamespace(on=handlers.__setitem__), lambda: spoken, lambda: cost)
    for turn in range(int(sys.argv[1])):
        for role, text in (("user", "मेरा ऑर्डर नंबर चार पाँच दो एक है"), ("assistant", "आपका ऑर्डर कल तक आ जाएगा।")):
            item = ChatMessage(role=role, content=[text])
            handlers["conversation_item_added"](SimpleNamespace(item=item))
    record.ended("goodbye", failed=False)
    after = private()
    record._writer.close()
print(max(0, after - before))
"""
