"""`python -m doctor`: asks whether calls would be answered, with one's own keys, before a caller does.

Exit codes: 0 all is well, 1 something is wrong, 2 bad settings (all problems listed).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sandbox.caller.errors import BadPlan
from sandbox.caller.settings import CallerSettings
from worker.environment import load_settings, read_env_file
from worker.errors import BadSettings
from worker.settings import Settings
from worker.stopping import leave

GOOD, WRONG, BAD_SETTINGS, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    from doctor.checks import CHECKS  # the worker's parts: seconds of imports that `--help` can do without

    names = [check.name for check in CHECKS]
    arguments = parser(names, {check.name: check.asks for check in CHECKS}).parse_args(argv)
    only = [stripped for name in arguments.only.split(",") if (stripped := name.strip())]
    if unknown := [name for name in only if name not in names]:
        print(f"doctor: there is no check {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return BAD_SETTINGS
    try:
        settings, caller = checked_settings()
    except BadSettings as error:
        print(error, file=sys.stderr)
        if not Path(".env").is_file():
            print("There is no .env here: copy .env.example to .env and fill in its five variables", file=sys.stderr)
        return BAD_SETTINGS
    logging.getLogger().addHandler(logging.NullHandler())  # what the plugins log may repeat what is secret
    try:
        return asyncio.run(_examine(settings, caller, only, arguments))
    except KeyboardInterrupt:
        return INTERRUPTED


def parser(names: Sequence[str], asks: dict[str, str]) -> argparse.ArgumentParser:
    """Build the command line's parser."""
    listed = "\n".join(f"  {name:10} {asks[name]}" for name in names)
    made = argparse.ArgumentParser(
        prog="python -m doctor", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Ask whether calls would be answered, with your own keys from .env: under a minute, under Rs 1.",
        epilog=f"checks:\n{listed}\n\nexit codes: 0 all is well, 1 something is wrong, 2 bad settings; docs/doctor.md",
    )  # fmt: skip
    made.add_argument("--only", default="", metavar="NAMES", help="these checks, comma-separated, and what they need")
    made.add_argument("--json", action="store_true", help="one JSON object on standard output instead of lines")
    made.add_argument("--send-webhook", action="store_true", help="send the webhook a signed test message")
    return made


def checked_settings() -> tuple[Settings, CallerSettings | None]:
    """Read and check the settings, as the worker does at its start; the database is looked at by a check of its own.

    Raises:
        BadSettings: With every problem at once.
    """
    problems = read_env_file()
    caller = None
    if os.environ.get("CALL_TOKEN_URL"):
        try:
            caller = CallerSettings.from_environment(os.environ)
        except BadPlan as error:
            problems += error.problems
    try:
        settings = load_settings()
    except BadSettings as error:
        raise BadSettings(problems + error.problems) from None
    from worker.checks import setting_problems

    problems += setting_problems(settings, ask_the_database=False)
    if problems:
        raise BadSettings(problems)
    return settings, caller


async def _examine(
    settings: Settings, caller: CallerSettings | None, only: Sequence[str], arguments: argparse.Namespace
) -> int:
    import aiohttp

    from doctor.checking import Result, Verdict, chosen, run
    from doctor.checks import CHECKS
    from doctor.report import Report
    from doctor.silent_call import join_silently
    from doctor.spending import estimate
    from doctor.surroundings import Surroundings

    checks = chosen(CHECKS, only)
    expected = estimate(settings, {check.name for check in checks})
    report = Report(sys.stderr if arguments.json else sys.stdout)
    report.begin(expected)
    began_at = time.monotonic()
    async with aiohttp.ClientSession() as http:
        around = Surroundings(settings, http, join_silently, caller, send_webhook=arguments.send_webhook)
        results: list[Result] = await run(checks, around, report.tell)
    seconds, spent = time.monotonic() - began_at, around.spending.cost(settings.money)
    report.end(results, seconds, spent)
    if arguments.json:
        print(json.dumps({
            "estimated_rupees": expected.rupees, "spent_rupees": spent.rupees, "unpriced": list(expected.unpriced),
            "seconds": round(seconds, 1), "checks": [asdict(result) for result in results],
        }, ensure_ascii=False))  # fmt: skip
    return WRONG if any(result.verdict is Verdict.WRONG for result in results) else GOOD


if __name__ == "__main__":
    # Not the interpreter's own end: it waits for threads, and one may look up a name that nobody answers for.
    leave(main(sys.argv[1:]))
