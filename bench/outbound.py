"""A hundred calls of one list, with every outcome that there is, and a crash in its middle.

`python -m phone campaign` is killed and started again; it, livekit-server and SIP are real. The telephones, livekit-sip
and an agent that says at once who has picked up are stand-ins.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livekit import api

from bench.quick_agent import QuickAgent
from bench.rows import Row, row
from phone.dialling import ROOM_PREFIX
from phone.journal import CALLING, DONE, Journal
from phone.outcomes import Outcome
from phone.rules import Refusal
from sandbox.phone.telephone import Answering, Telephone
from sandbox.phone.town import Town
from sandbox.stack.processes import python
from sandbox.stack.stack import Stack, StackOptions
from sandbox.stack.telephony import TelephoneNetwork
from worker.text.phone_numbers import fingerprint

ROOT = Path(__file__).parents[1]
AGENT_NAME, PURPOSE, CAMPAIGN = "quick", "order-update", "hundred"
CONFIG, LIST, DO_NOT_CALL, JOURNAL, OUTPUT = "phone.toml", "list.csv", "dnc.txt", "phone.db", "output.txt"
GONE_SECONDS = 5.0
"""Within which, after its outcome was told, a call's room is gone."""
LOOK_SECONDS = 0.25
TALK_SECONDS, LEAVES_AT_ONCE_SECONDS = 2.0, 0.2
RINGING_SECONDS = 3
CALLS_A_MINUTE, CALLS_AT_ONCE = 60, 6
LONGEST_SECONDS = 600.0
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody who is called does, and what is to be told of it."""

    outcome: Outcome | Refusal
    answering: Answering = field(default_factory=Answering)
    talks_seconds: float | None = None
    """After which they hang up; None leaves it to the agent."""


PARTS: Mapping[Part, int] = {
    Part(Outcome.HUMAN, talks_seconds=TALK_SECONDS): 20,
    Part(Outcome.ANSWERED, talks_seconds=LEAVES_AT_ONCE_SECONDS): 8,
    Part(Outcome.VOICEMAIL, Answering(after_seconds=0.5)): 10,
    Part(Outcome.ANNOUNCEMENT): 10,
    Part(Outcome.BUSY, Answering(status=486)): 12,
    Part(Outcome.DECLINED, Answering(status=603, after_seconds=0.5)): 8,
    Part(Outcome.UNAVAILABLE, Answering(status=480)): 8,
    Part(Outcome.NO_SUCH_NUMBER, Answering(status=404)): 6,
    Part(Outcome.TRUNK_FAILED, Answering(status=503)): 6,
    Part(Outcome.NO_ANSWER, Answering(status=None)): 5,
    Part(Outcome.NO_AGENT): 2,
    Part(Refusal.DO_NOT_CALL): 5,
}
"""A hundred. `unknown` is what the crash makes of some."""


@dataclass(slots=True)
class Findings:
    """What came of one list."""

    calls: int = 0
    called_twice: int = 0
    left_in_rooms: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """What was to be told of somebody, and what was told instead."""
    cut: int = 0
    """Calls that were going on when the command was killed."""
    busiest_minute: int = 0
    """Phones rung in it."""


async def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Call the list, and make rows of what came of it."""
    parts = dict.fromkeys(PARTS, 1) if quick else PARTS
    async with Stack(StackOptions(telephone=True, worker=False)) as stack:
        with tempfile.TemporaryDirectory(prefix="vaani-outbound-") as folder:
            found = await call_a_list(stack.telephone, Path(folder), parts)
    say(f"{found.calls} calls of a list, killed in its middle: {found}")
    return rows_of(found)


def rows_of(found: Findings) -> list[Row]:
    """The rows of `out/bench.json`."""
    none_at_all = {"kind": "at_most", "value": 0.0}
    counts = {
        "outbound_hundred_called_twice": ("calls", found.called_twice, none_at_all),
        "outbound_hundred_left_in_rooms": ("calls", found.left_in_rooms, none_at_all),
        "outbound_hundred_wrong_outcomes": ("calls", len(found.wrong), none_at_all),
        # What is on its way from LiveKit to the carrier when the minute begins comes on top.
        "outbound_hundred_busiest_minute": (
            "calls", found.busiest_minute, {"kind": "at_most", "value": float(CALLS_A_MINUTE + CALLS_AT_ONCE)},
        ),
    }  # fmt: skip
    return [row(name, unit, found.calls, {"vaani": float(value)}, goal) for name, (unit, value, goal) in counts.items()]


async def call_a_list(
    network: TelephoneNetwork, folder: Path, parts: Mapping[Part, int], *, calls_a_minute: int = CALLS_A_MINUTE
) -> Findings:
    """Call everybody once; kill the command when a third of the outcomes is told, and start it again."""
    people = people_of(parts)
    town = Town({number: part.answering for number, part in people.items()})
    await town.open()
    names = {fingerprint(number, network.api_secret): number for number in people}
    _write_files(folder, town.address, people, calls_a_minute)
    environment = _environment(network)
    told: dict[str, str] = {}
    told_at: dict[str, float] = {}
    lingering: set[str] = set()

    def heard(room: str) -> str | None:
        outcome = people[names[_name_in(room)]].outcome
        known = {Outcome.HUMAN, Outcome.VOICEMAIL, Outcome.ANNOUNCEMENT}
        return None if outcome is Outcome.NO_AGENT else outcome.value if outcome in known else ""

    try:
        async with (
            asyncio.timeout(LONGEST_SECONDS),
            network.api() as livekit,
            QuickAgent(network, AGENT_NAME, heard),
            _hanging_up(town.phones.values(), people),
            _watching(livekit, told_at, lingering),
        ):
            await _run(folder, environment, "setup")
            await _campaign(folder, environment, told, told_at, kill_after=len(people) // 3)
            with contextlib.closing(Journal(folder / JOURNAL)) as journal:
                entries = journal.entries(CAMPAIGN)
            cut = {names[each.callee] for each in entries if each.state == CALLING}
            # Killed between the journal and its line of output: what is known is in the journal.
            told = {each.callee: each.outcome for each in entries if each.state == DONE} | told
            await _campaign(folder, environment, told, told_at)
            await asyncio.sleep(GONE_SECONDS + 2 * LOOK_SECONDS)  # `_watching` looks at the last ones' rooms, too
    finally:
        await town.aclose()
    by_number = {names[name]: outcome for name, outcome in told.items()}
    return Findings(
        calls=len(people),
        called_twice=sum(phone.times_rung > 1 for phone in town.phones.values()),
        left_in_rooms=len(lingering),
        wrong=[
            (part.outcome.value, by_number.get(number, "nothing"))
            for number, part in people.items()
            if not _is_right(part, by_number.get(number), was_cut=number in cut)
        ],
        cut=len(cut),
        busiest_minute=_busiest_minute([at for phone in town.phones.values() for at in phone.rung_at]),
    )


def people_of(parts: Mapping[Part, int]) -> dict[str, Part]:
    """Number -> what they do; mixed, so that every stretch of the list has some of each."""
    each_of = [part for part, count in parts.items() for _ in range(count)]
    stride = next(step for step in (37, 31, 29, 1) if len(each_of) % step)
    mixed = [each_of[place * stride % len(each_of)] for place in range(len(each_of))]
    return {f"+9198123{place:05}": part for place, part in enumerate(mixed)}


def _is_right(part: Part, told: str | None, *, was_cut: bool) -> bool:
    """Whether the outcome is the one of this part; of a call that the crash has cut less may be known."""
    return told == part.outcome.value or (was_cut and told in (Outcome.UNKNOWN.value, Outcome.ANSWERED.value))


def _busiest_minute(rung_at: Sequence[float]) -> int:
    return max((sum(since <= at < since + MINUTE for at in rung_at) for since in rung_at), default=0)


def _name_in(room: str) -> str:
    return room.removeprefix(ROOM_PREFIX).rpartition("-")[0]


# ---- the command


def _write_files(folder: Path, carrier: tuple[str, int], people: Mapping[str, Part], calls_a_minute: int) -> None:
    (folder / CONFIG).write_text(
        f"""agent_name = "{AGENT_NAME}"
company = "Asha Bakery"
[outbound]
address = "{carrier[0]}:{carrier[1]}"
do_not_call = "{DO_NOT_CALL}"
ringing_seconds = {RINGING_SECONDS}
calls_per_minute = {calls_a_minute}
calls_at_once = {CALLS_AT_ONCE}
tries = 1
[[purpose]]
name = "{PURPOSE}"
kind = "service"
about = "the cake that was ordered for today"
caller_id = "+911600123456"
""",
        encoding="utf-8",
    )
    forbidden = [number for number, part in people.items() if part.outcome is Refusal.DO_NOT_CALL]
    (folder / DO_NOT_CALL).write_text("\n".join(forbidden), encoding="utf-8")
    with (folder / LIST).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("number", "consent", "zone"))
        rows.writerows((number, f"C-{number[-5:]}", _zone_of_noon()) for number in people)


def _zone_of_noon() -> str:
    """A zone where it is about noon now: nobody is called at night."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX's sign: Etc/GMT-5 is five hours ahead


def _environment(network: TelephoneNetwork) -> dict[str, str]:
    return dict(os.environ) | {
        "LIVEKIT_URL": network.livekit_http_url,
        "LIVEKIT_API_KEY": network.api_key,
        "LIVEKIT_API_SECRET": network.api_secret,
        "VAANI_IGNORE_ENV_FILE": "true",
        "PYTHONPATH": str(ROOT),
    }


async def _run(folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
    async with _command(folder, environment, *arguments) as process:
        await process.communicate()
    if process.returncode:
        said = (folder / OUTPUT).read_text(encoding="utf-8")
        raise RuntimeError(f"python -m phone {arguments[0]} ended with {process.returncode}: {said}")


async def _campaign(
    folder: Path, environment: Mapping[str, str], told: dict[str, str], told_at: dict[str, float],
    kill_after: int | None = None,
) -> None:  # fmt: skip
    """Run the campaign to its end, or until so many outcomes are told."""
    async with _command(folder, environment, "campaign", LIST, "--purpose", PURPOSE, "--name", CAMPAIGN) as process:
        assert process.stdout is not None
        async for line in process.stdout:
            with (folder / OUTPUT).open("ab") as output:
                output.write(line)
            content = json.loads(line)
            if "callee" in content:
                told[content["callee"]], told_at[content["callee"]] = content["outcome"], time.monotonic()
            if kill_after is not None and len(told) >= kill_after:
                process.kill()
                kill_after = None  # what it has written until then is read
        await process.wait()


@contextlib.asynccontextmanager
async def _command(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / OUTPUT).open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            python(), "-m", "phone", "--journal", JOURNAL, *arguments, cwd=folder, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=output,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


# ---- beside it


@contextlib.asynccontextmanager
async def _hanging_up(phones: Iterable[Telephone], people: Mapping[str, Part]) -> AsyncIterator[None]:
    """Have those hang up who talk for a while."""

    async def hang_up(phone: Telephone, seconds: float) -> None:
        call = await phone.answered_calls.get()
        await asyncio.sleep(seconds)
        await call.hang_up()

    async with _tasks(
        hang_up(phone, seconds) for phone in phones if (seconds := people[phone.number].talks_seconds) is not None
    ):
        yield


@contextlib.asynccontextmanager
async def _watching(livekit: api.LiveKitAPI, told_at: Mapping[str, float], lingering: set[str]) -> AsyncIterator[None]:
    """Note the rooms that are still there so long after their call's outcome was told."""

    async def watch() -> None:
        while True:
            for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
                at = told_at.get(_name_in(room.name))
                if at is not None and time.monotonic() - at > GONE_SECONDS:
                    lingering.add(room.name)
            await asyncio.sleep(LOOK_SECONDS)

    async with _tasks([watch()]):
        yield


@contextlib.asynccontextmanager
async def _tasks(works: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()  # what has failed has seen nothing: its silence is no good finding
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
