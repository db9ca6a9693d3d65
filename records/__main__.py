"""Exports, sums up, purges and erases records: `python -m records --help`.

Exit codes: 0 good, 1 not all could be done, 2 bad settings or arguments, 3 the database cannot be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from records import outbox
from records.breach import touched
from records.engine import explained, new_engine, upgrade, writing
from records.erasure import erase
from records.errors import BadArgument, DatabaseAway, RecordsError
from records.exporting import export_csv, export_jsonl
from records.numbers import stats
from records.purging import purge
from records.reading import CallFilter, every_record
from records.removal import CALLS
from records.schema import Access
from records.settings import RecordsSettings, load_settings
from records.showing import show

GOOD, NOT_ALL, BAD_SETTINGS, DATABASE_AWAY = 0, 1, 2, 3
Command = Callable[[AsyncEngine, RecordsSettings, argparse.Namespace], Awaitable[int]]


def main(argv: list[str]) -> int:
    """Run one command on the database that WORKER_RECORDS_URL names."""
    arguments = _parser().parse_args(argv)
    try:
        return asyncio.run(_run(arguments))
    except DatabaseAway as error:
        print(error, file=sys.stderr)
        return DATABASE_AWAY
    except RecordsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    except BrokenPipeError:  # `| head`
        return GOOD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m records", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("purge", help="remove what has been kept long enough (WORKER_RETENTION_DAYS)")
    erasing = commands.add_parser("erase", help="erase everything of one caller; prints a receipt")
    erasing.add_argument("--caller", required=True, metavar="FINGERPRINT")
    exporting = commands.add_parser("export", help="write records to standard output")
    exporting.add_argument("--format", choices=("jsonl", "csv"), default="jsonl")
    exporting.add_argument("--caller", metavar="FINGERPRINT", help="only this caller's, as somebody asks for their own")
    for each in (exporting, commands.add_parser("stats", help="how many, how long, how they ended, what they cost")):
        each.add_argument("--since", type=_moment, metavar="DATE", required=each is exporting)
        each.add_argument("--until", type=_moment, metavar="DATE")
    breach = commands.add_parser("breach", help="which calls and callers a span has touched, and what is kept of them")
    breach.add_argument("--since", type=_moment, metavar="DATE", required=True)
    breach.add_argument("--until", type=_moment, metavar="DATE", required=True)
    hold = commands.add_parser("hold", help="keep a call from purge and erasure, or no longer")
    hold.add_argument("--call", required=True, metavar="ID")
    what = hold.add_mutually_exclusive_group(required=True)
    what.add_argument("--reason", help="why: a court's or an authority's reference")
    what.add_argument("--release", action="store_true")
    showing = commands.add_parser("show", help="print the newest call's record, or that of a room, for people")
    showing.add_argument("--room")
    showing.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="for the call to be over")
    showing.add_argument("--outcome", action="store_true", help="wait for what it came to as well")
    letters = commands.add_parser("outbox", help="count what the webhook is to be told, and list its dead letters")
    letters.add_argument("--send-again", action="store_true", help="make every dead letter a new one: it was mended")
    return parser


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: 2026-11-29, or 2026-11-29T18:30:00+05:30") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    engine = new_engine(settings.url)
    try:
        await upgrade(engine)
        return await _COMMANDS[arguments.command](engine, settings, arguments)
    except (SQLAlchemyError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise explained(engine, error) from error
    finally:
        await engine.dispose()


async def _note(engine: AsyncEngine, action: str, detail: str | None, call: str | None = None) -> None:
    """Keep who has looked, or taken something away."""
    row = {"at": datetime.now(UTC), "who": getpass.getuser(), "action": action, "detail": detail, "call_id": call}
    async with writing(engine) as connection:
        await connection.execute(insert(Access), [row])


def _print(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))


async def _purge(engine: AsyncEngine, settings: RecordsSettings, _: argparse.Namespace) -> int:
    purged = await purge(engine, settings.retention, datetime.now(UTC))
    _print(purged.as_dict())
    return NOT_ALL if purged.recordings_left else GOOD


async def _erase(engine: AsyncEngine, settings: RecordsSettings, given: argparse.Namespace) -> int:
    receipt = await erase(engine, given.caller, settings.spool_folder, datetime.now(UTC))
    await _note(engine, "erase", receipt.receipt)  # not whom: that would be kept
    _print(receipt.as_dict())
    return NOT_ALL if receipt.not_erased else GOOD


async def _export(engine: AsyncEngine, _: RecordsSettings, given: argparse.Namespace) -> int:
    wanted = CallFilter(since=given.since, until=given.until, caller=given.caller)
    await _note(engine, "export", given.caller)
    write = export_csv if given.format == "csv" else export_jsonl
    async with engine.connect() as connection:
        written = await write(every_record(connection, wanted), sys.stdout)
    sys.stdout.flush()
    print(f"{written} calls", file=sys.stderr)
    return GOOD


async def _stats(engine: AsyncEngine, _: RecordsSettings, given: argparse.Namespace) -> int:
    async with engine.connect() as connection:
        _print(await stats(connection, CallFilter(since=given.since, until=given.until)))
    return GOOD


async def _breach(engine: AsyncEngine, _: RecordsSettings, given: argparse.Namespace) -> int:
    if given.until <= given.since:
        raise BadArgument("--until", why="lies before --since", do="Name a span of time", retryable=False)
    async with engine.connect() as connection:
        found = await touched(connection, given.since, given.until)
    await _note(engine, "breach", None)
    _print(found)
    return GOOD


async def _hold(engine: AsyncEngine, _: RecordsSettings, given: argparse.Namespace) -> int:
    async with writing(engine) as connection:
        reason = None if given.release else given.reason
        done = await connection.execute(update(CALLS).where(CALLS.c.id == given.call).values(legal_hold=reason))
    if not done.rowcount:
        raise BadArgument("--call", why=f"there is no call {given.call!r}", do="`export` lists ids", retryable=False)
    await _note(engine, "release" if given.release else "hold", given.reason, given.call)
    return GOOD


async def _show(engine: AsyncEngine, _: RecordsSettings, given: argparse.Namespace) -> int:
    shown = await show(engine, given.room, given.wait, sys.stdout, with_outcome=given.outcome)
    return GOOD if shown else NOT_ALL


async def _outbox(engine: AsyncEngine, _: RecordsSettings, given: argparse.Namespace) -> int:
    if given.send_again:
        again = await outbox.send_again(engine, datetime.now(UTC))
        await _note(engine, "send again", None)
        _print({"sent_again": again})
        return GOOD
    letters = await outbox.dead_letters(engine)
    _print(asdict(await outbox.count(engine)) | {"dead_letters": [letter.about() for letter in letters]})
    return NOT_ALL if letters else GOOD


_COMMANDS: dict[str, Command] = {
    "purge": _purge, "erase": _erase, "export": _export, "stats": _stats, "breach": _breach, "hold": _hold,
    "show": _show, "outbox": _outbox,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
