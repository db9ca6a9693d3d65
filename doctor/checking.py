"""What a check is, and how checks run: side by side, each within its own time; whoever hangs holds up nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from doctor.surroundings import Surroundings


class Verdict(StrEnum):
    """What came of a check."""

    GOOD = "good"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has seen."""

    what: str
    figures: Mapping[str, Any] = field(default_factory=dict)


class Wrong(Exception):
    """Something is wrong: what was seen, and what to do about it."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what, self.do = what, do


class NotLooked(Exception):
    """There is nothing to look at, or another check says already why it cannot be looked at."""


Look = Callable[[Surroundings], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One question, and what has to be known before it is asked."""

    name: str
    asks: str
    """The question, for `--help`."""
    look: Look
    seconds: float
    """The time limit."""
    needs: tuple[str, ...] = ()
    """Checks that must have gone well."""
    after: tuple[str, ...] = ()
    """Checks that must be over, however they went."""


@dataclass(frozen=True, slots=True)
class Result:
    """A check's answer."""

    name: str
    verdict: Verdict
    what: str
    do: str = ""
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)


def chosen(checks: Sequence[Check], names: Iterable[str]) -> list[Check]:
    """Return the checks of these names, and those that they need, in their order; all where no name is given."""
    wanted = set(names)
    if not wanted:
        return list(checks)
    for check in reversed(checks):  # what is needed stands before what needs it
        if check.name in wanted:
            wanted.update(check.needs)
    return [check for check in checks if check.name in wanted]


async def run(checks: Sequence[Check], around: Surroundings, told: Callable[[Result], None]) -> list[Result]:
    """Run all checks; each answer is told as it comes."""
    tasks: dict[str, asyncio.Task[Result]] = {}

    async def one(check: Check) -> Result:
        before = {name: tasks[name] for name in (*check.needs, *check.after) if name in tasks}
        if before:
            await asyncio.wait(before.values())
        bad = [name for name in check.needs if name in tasks and tasks[name].result().verdict is not Verdict.GOOD]
        if bad:
            result = Result(check.name, Verdict.SKIPPED, f"not looked at before {', '.join(bad)} is well")
        else:
            result = await _within_its_time(check, around)
        result = replace(result, what=around.hidden(result.what), do=around.hidden(result.do))
        told(result)
        return result

    for check in checks:
        tasks[check.name] = asyncio.create_task(one(check))
    return list(await asyncio.gather(*tasks.values()))


async def _within_its_time(check: Check, around: Surroundings) -> Result:
    began_at = time.monotonic()
    looking = asyncio.ensure_future(check.look(around))
    # Not asyncio.timeout: that waits for a cancelled task, and what hangs may hang in its own clearing up.
    await asyncio.wait([looking], timeout=check.seconds)
    seconds = time.monotonic() - began_at
    if not looking.done():
        looking.cancel()
        return Result(
            check.name, Verdict.WRONG, f"no answer within {check.seconds:g} s",
            "Try again; if it stays so, look at the provider's status page and what stands between (proxy, firewall)",
            seconds,
        )  # fmt: skip
    return _told(check.name, looking, seconds)


def _told(name: str, looked: asyncio.Future[Finding], seconds: float) -> Result:
    try:
        finding = looked.result()
    except NotLooked as reason:
        return Result(name, Verdict.SKIPPED, str(reason), seconds=seconds)
    except Wrong as wrong:
        return Result(name, Verdict.WRONG, wrong.what, wrong.do, seconds)
    except Exception as error:
        why = f"the check itself failed ({type(error).__name__}: {str(error)[:200]})"
        return Result(
            name, Verdict.WRONG, why, "Report this with `--json`'s output: a check should have said more", seconds
        )
    return Result(name, Verdict.GOOD, finding.what, "", seconds, finding.figures)
