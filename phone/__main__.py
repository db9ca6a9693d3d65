"""Reads the command line: `python -m phone setup | call | campaign`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from livekit import api

from phone.campaign import Campaign
from phone.config import DEFAULT_PATH, Outbound, PhoneConfig, Purpose, read_config
from phone.dialling import Dialler, Result
from phone.do_not_call import do_not_call_list
from phone.errors import BadConfig, BadList, PhoneError
from phone.journal import Journal
from phone.lists import read_list
from phone.outcomes import Outcome
from phone.rules import WHAT_TO_DO, Callee, Refusal
from phone.setup import set_up
from records.env_file import with_env_file
from worker.languages import SUPPORTED
from worker.text.phone_numbers import e164

GOOD, NOT_REACHED, BAD_INPUT = 0, 1, 2
LIVEKIT = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
REACHED = (Outcome.HUMAN, Outcome.ANSWERED)


def main(argv: list[str]) -> int:
    """Run the command; returns 0 done, 1 nobody was reached, 2 something to mend first."""
    arguments = _parser().parse_args(argv)
    environ, problems = with_env_file(os.environ, Path())
    problems += [f"{name} is not set" for name in LIVEKIT if not environ.get(name)]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return BAD_INPUT
    try:
        return asyncio.run(_run(arguments, environ))
    except (BadConfig, BadList) as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except PhoneError as error:
        print(error, file=sys.stderr)
        return NOT_REACHED
    except KeyboardInterrupt:  # the room of a call that was going on is deleted by now
        print("interrupted: the call is over", file=sys.stderr)
        return NOT_REACHED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m phone", description="The telephone: numbers that ring, and calls.")
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, help="trunks, numbers, purposes (phone.toml)")
    parser.add_argument("--journal", type=Path, default=Path("out/phone.db"), help="what was called (out/phone.db)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="setup | call | campaign")
    commands.add_parser(
        "setup", help="make LiveKit's trunks and dispatch rules what the file says; as often as you like"
    )
    call = commands.add_parser("call", help="call one number")
    call.add_argument("number", type=_number, help="+91 and ten digits, in any form")
    call.add_argument("--consent", required=True, help="the reference of the callee's consent")
    call.add_argument(
        "--language", default="", choices=("", *SUPPORTED), help="to speak; else what the number suggests"
    )
    call.add_argument("--zone", default="", help="where the callee is, e.g. Asia/Dubai; not needed for India")
    campaign = commands.add_parser("campaign", help="call everybody of a list; started again, it goes on where it was")
    campaign.add_argument("list", type=Path, help="CSV: number, consent, and if you like language, zone")
    campaign.add_argument("--name", default="", help="under which it is kept in the journal; else the list's")
    for each in (call, campaign):
        each.add_argument("--purpose", required=True, help="one of the file's purposes")
    return parser


def _number(written: str) -> str:
    number = e164(written)
    if number is None:
        raise argparse.ArgumentTypeError(WHAT_TO_DO[Refusal.BAD_NUMBER])
    return number


async def _run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    config = read_config(arguments.config, environ)
    url, key, secret = (environ[name] for name in LIVEKIT)
    # Without failover: the SDK sends a request again that was not answered, and a phone would be rung a second time.
    async with api.LiveKitAPI(url, key, secret, failover=False) as livekit:
        if arguments.command == "setup":
            if config.inbound is None and config.outbound is None:
                raise BadConfig(str(arguments.config), why="no number rings or calls in it", do="docs/telephone.md")
            for change in await set_up(livekit, config):
                _print(what=change.what, how=change.how, id=change.id)
            return GOOD
        outbound, purpose = _outbound(config), _purpose(config, arguments.purpose)
        journal = _journal(arguments.journal)
        dialler = Dialler(
            livekit, config, outbound, await _trunk_id(livekit, outbound),
            forbidden=do_not_call_list(outbound.do_not_call, arguments.config.parent),
            one_at_a_time=journal.hold, key=secret,
        )  # fmt: skip
        try:
            if arguments.command == "call":
                return await _call(dialler, purpose, arguments)
            return await _campaign(dialler, journal, purpose, outbound, arguments)
        finally:
            journal.close()


async def _call(dialler: Dialler, purpose: Purpose, arguments: argparse.Namespace) -> int:
    callee = Callee(arguments.number, arguments.consent, arguments.language, arguments.zone)
    result = await dialler.call(callee, purpose)
    _tell(dialler, callee, result)
    if isinstance(result.outcome, Refusal):
        print(WHAT_TO_DO[result.outcome], file=sys.stderr)
    return GOOD if result.outcome in REACHED else NOT_REACHED


async def _campaign(
    dialler: Dialler, journal: Journal, purpose: Purpose, outbound: Outbound, arguments: argparse.Namespace
) -> int:
    callees, skipped = read_list(arguments.list)
    for each in skipped:
        print(f"{arguments.list}, line {each.line}: not called, {each.why}", file=sys.stderr)
    campaign = Campaign(
        arguments.name or f"{arguments.list.stem}-{purpose.name}", dialler, journal, purpose, outbound,
        told=lambda callee, result: _tell(dialler, callee, result),
    )  # fmt: skip
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, campaign.stop)
    counted = await campaign.run(callees)
    _print(total=len(callees), skipped=len(skipped), **dict(sorted(counted.items())))
    return GOOD if callees else NOT_REACHED


async def _trunk_id(livekit: api.LiveKitAPI, outbound: Outbound) -> str:
    try:
        known = (await livekit.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items
    except api.TwirpError as error:
        raise BadConfig("LiveKit's trunks cannot be listed", why=error.message, do="docs/telephone.md") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise BadConfig("LiveKit does not answer", why=type(error).__name__, do="Check LIVEKIT_URL") from None
    for trunk in known:
        if trunk.name == outbound.name:
            return trunk.sip_trunk_id
    raise BadConfig(f"outbound trunk {outbound.name}", why="LiveKit has none", do="Run `python -m phone setup` first")


def _journal(path: Path) -> Journal:
    try:
        return Journal(path)
    except (OSError, sqlite3.Error) as error:
        raise BadConfig(f"journal {path}", why=str(error), do="Name a file to write with --journal") from None


def _outbound(config: PhoneConfig) -> Outbound:
    if config.outbound is None:
        raise BadConfig("[outbound]", why="is not in the file", do="docs/telephone.md shows one")
    return config.outbound


def _purpose(config: PhoneConfig, name: str) -> Purpose:
    if name not in config.purposes:
        known = ", ".join(config.purposes) or "none: write [[purpose]] into the file"
        raise BadConfig(f"purpose {name!r}", why="is not in the file", do=f"Known: {known}")
    return config.purposes[name]


def _tell(dialler: Dialler, callee: Callee, result: Result) -> None:
    _print(callee=dialler.name_of(callee), outcome=result.outcome.value, seconds=round(result.seconds, 1))


def _print(**fields: object) -> None:
    print(json.dumps(fields, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
