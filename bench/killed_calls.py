"""Two hundred calls of which fifty are killed, and a webhook that is away for a minute: what is lost, what is late.

Processes of calls that are killed, the spool, the database, the outbox and the receiver are real; who speaks is not:
what is measured begins where a call tells its record. SQLite, and PostgreSQL where it is installed, side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks.webhooks import Webhook

from bench.record_callers import TURNS, id_of
from bench.rows import Row, Values, row
from records.engine import new_engine, upgrade
from records.reading import CallFilter, every_record
from records.shipping import ShipperThread
from records.webhooks import Delivery, Receiver, Sender
from sandbox.stack.postgres import BINARIES, running_postgres
from worker.bill import Bill
from worker.outcome.making import OutcomeMaker
from worker.outcome.open_calls import OpenCalls
from worker.outcome.request import OutcomeModel
from worker.outcome.schema import OutcomeSchema
from worker.settings import LlmSettings, OpenAiSettings, OutcomeSettings, RecordsSettings

GOAL_WEBHOOK_SECONDS = 10.0
MODEL_SECONDS = 0.5
SECRET = "whsec_" + "dmFhbmk" * 8
ROOT = Path(__file__).parents[1]
ANSWER = (
    '{"summary": "A question.", "promises": [], "outcome": {"intent": "a question", "resolved": true, "promised": [],'
    ' "callback_wanted": false, "sentiment": "neutral", "language": "en-IN"}}'
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many calls, and what befalls them."""

    calls: int = 200
    killed: int = 50
    seconds: float = 80.0
    """Over which the calls begin."""
    away_after_seconds: float = 12.0
    away_seconds: float = 60.0


QUICK = Plan(calls=40, killed=10, seconds=14.0, away_after_seconds=4.0, away_seconds=10.0)


@dataclass
class Webhook200:
    """The operator's receiver: takes what is signed, notes when it came, and is away for a while."""

    plan: Plan
    port: int = 0
    arrived: dict[str, list[float]] = field(default_factory=dict)
    """Call -> when its message was taken."""
    away_from: float = 0.0
    back_at: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/calls"

    async def take(self, request: web.Request) -> web.Response:
        event = Webhook(SECRET).verify(await request.text(), dict(request.headers))
        self.arrived.setdefault(event["data"]["id"], []).append(time.time())
        return web.Response(status=204)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen, but for the while in which nobody does."""
        app = web.Application()
        app.router.add_post("/calls", self.take)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        leaving = asyncio.create_task(self._be_away(runner, site))
        try:
            yield
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            await runner.cleanup()

    async def _be_away(self, runner: web.AppRunner, site: web.TCPSite) -> None:
        await asyncio.sleep(self.plan.away_after_seconds)
        await site.stop()
        self.away_from = time.time()
        await asyncio.sleep(self.plan.away_seconds)
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.back_at = time.time()

    def seconds_late(self, call: str, ended_at: float) -> float | None:
        """How long after the end, or after this was back, the message about a call came; None for one that did not."""
        if call not in self.arrived:
            return None
        arrived = self.arrived[call][0]
        met_nobody = arrived >= self.back_at and ended_at + GOAL_WEBHOOK_SECONDS > self.away_from
        return arrived - (max(ended_at, self.back_at) if met_nobody else ended_at)


@dataclass(frozen=True, slots=True)
class Found:
    """What one database has come to."""

    not_whole: int
    """Calls whose record is missing, double, or lacks a turn or an outcome."""
    told_twice: int
    latest_seconds: float | None
    """Of all webhooks the latest; None where one never came."""


async def _model() -> web.AppRunner:
    """A model that needs a moment, for the calls whose own process cannot ask any more."""

    async def complete(request: web.Request) -> web.Response:
        await asyncio.sleep(MODEL_SECONDS)
        message = {"role": "assistant", "content": ANSWER}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return web.json_response(
            {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
        )

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def _carried(url: str, folder: Path, plan: Plan) -> Found:
    settings = RecordsSettings.model_validate({"records_url": url, "records_spool_dir": folder / "spool"})
    assert settings.spool_folder is not None
    model, receiver = await _model(), Webhook200(plan)
    base_url = f"http://127.0.0.1:{model.addresses[0][1]}/v1"
    api = OpenAiSettings.model_validate({"api_key": "sk-bench", "base_url": base_url})
    asks, answers = OutcomeSettings.model_validate({}), LlmSettings.model_validate({})

    async def beside(engine: AsyncEngine) -> None:
        """What the worker's parent runs, told where to go."""
        maker = OutcomeMaker(asks, OutcomeSchema.load(None), OutcomeModel(asks, answers, api), unmasked=())
        delivery = Delivery(engine, Sender(Receiver(receiver.url, (SECRET,), allow_insecure=True)))
        await asyncio.gather(OpenCalls(engine, maker, lambda _: Bill(None), tells=True).run(), delivery.run())

    try:
        async with receiver.listening():
            worker = ShipperThread(url, settings.spool_folder, beside=beside)
            worker.start()
            arguments = (url, str(folder / "spool"), str(plan.calls), str(plan.killed), str(plan.seconds))
            callers = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.record_callers",
                *arguments,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
            if await callers.wait():
                raise RuntimeError("the callers have failed; what they printed says why")
            await _until_told(receiver, plan)
            await asyncio.to_thread(worker.stop, 30)
    finally:
        await model.cleanup()
    return await _found(url, receiver, plan)


async def _until_told(receiver: Webhook200, plan: Plan) -> None:
    """All messages are there, or they are far too late."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(plan.away_after_seconds + plan.away_seconds + 6 * GOAL_WEBHOOK_SECONDS):
            while len(receiver.arrived) < plan.calls or not receiver.back_at:
                await asyncio.sleep(0.1)


async def _found(url: str, receiver: Webhook200, plan: Plan) -> Found:
    engine = new_engine(url)
    try:
        async with engine.connect() as connection:
            records = [record async for record in every_record(connection, CallFilter())]
    finally:
        await engine.dispose()
    by_id: dict[str, list[dict[str, Any]]] = {id_of(number): [] for number in range(plan.calls)}
    for record in records:
        by_id.setdefault(record["id"], []).append(record)
    late = [
        receiver.seconds_late(call, datetime.fromisoformat(found[0]["ended_at"]).timestamp())
        for call, found in by_id.items()
        if found and found[0]["ended_at"]
    ]
    known = [seconds for seconds in late if seconds is not None]
    return Found(
        not_whole=sum(len(found) != 1 or not is_whole(found[0]) for found in by_id.values()),
        told_twice=sum(len(times) > 1 for times in receiver.arrived.values()),
        latest_seconds=max(known) if len(known) == plan.calls else None,
    )


def is_whole(record: dict[str, Any]) -> bool:
    """Whether every turn of a call is there once, and what it came to.

    A call that nobody has carried on has ended in its second turn, before it was answered.
    """
    heard = [(turn["number"], turn["heard"]) for turn in record["turns"]]
    replied = [turn["number"] for turn in record["turns"] if turn["reply"] == f"answer {turn['number']}"]
    turns, answered = (2, 1) if record["end_reason"] == "agent_died" else (TURNS, TURNS)
    return (
        heard == [(number, f"question {number}") for number in range(1, turns + 1)]
        and replied == list(range(1, answered + 1))
        and record["outcome_status"] == "ok"
        and not record["events_dropped"]
    )


async def _upgraded(url: str) -> None:
    engine = new_engine(url)
    await upgrade(engine)
    await engine.dispose()


async def _side_by_side(plan: Plan) -> dict[str, Found]:
    with contextlib.ExitStack() as stack:
        folders = {
            name: Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vaani-bench-")))
            for name in ("vaani", "vaani_postgresql")
        }
        urls = {"vaani": f"sqlite+aiosqlite:///{folders['vaani']}/calls.db"}
        if BINARIES:
            urls["vaani_postgresql"] = stack.enter_context(running_postgres()).url()
        for url in urls.values():  # one after the other: Alembic knows one upgrade of a process at a time
            await _upgraded(url)
        found = await asyncio.gather(*(_carried(url, folders[name], plan) for name, url in urls.items()))
    return dict(zip(urls, found, strict=True))


def measure(quick: bool) -> list[Row]:
    """Return the rows killed_calls_records_not_whole and killed_calls_webhook_p100."""
    plan = QUICK if quick else Plan()
    logging.getLogger("vaani").setLevel(logging.CRITICAL)  # each try at a receiver that is away is a line
    return rows_of(asyncio.run(_side_by_side(plan)), plan.calls)


def rows_of(found: dict[str, Found], calls: int) -> list[Row]:
    """Make rows of what was found."""
    not_whole: Values = {name: each.not_whole for name, each in found.items()}
    latest: Values = {name: each.latest_seconds for name, each in found.items()}
    told_twice: Values = {f"{name}_told_twice": each.told_twice for name, each in found.items()}
    return [
        _worst(
            row("killed_calls_records_not_whole", "calls", calls, not_whole, {"kind": "at_most", "value": 0.0}),
            found,
        ),
        _worst(
            row(
                "killed_calls_webhook_p100", "seconds", calls, latest | told_twice,
                {"kind": "at_most", "value": GOAL_WEBHOOK_SECONDS},
            ),
            found,
        ),
    ]  # fmt: skip


def _worst(made: Row, found: dict[str, Found]) -> Row:
    """A row is met where each database has met it."""
    values, goal = made["values"], made["goal"]["value"]
    return made | {"met": all(values[name] is not None and values[name] <= goal for name in found)}


if __name__ == "__main__":
    for each in measure(quick="--quick" in sys.argv):
        print(each)
