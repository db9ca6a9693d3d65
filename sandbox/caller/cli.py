"""`python -m sandbox call`: one scripted call from a terminal.

Exit codes: 0 good, 1 the call failed, 2 bad settings.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sandbox.caller.call import place_call
from sandbox.caller.errors import BadPlan
from sandbox.caller.plan import load_plan
from sandbox.caller.printing import ConversationPrinter
from sandbox.caller.result import CallResult
from sandbox.caller.settings import DESCRIPTIONS, CallerSettings

GOOD, CALL_FAILED, BAD_SETTINGS, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    environment = dict(os.environ)
    for option, variable in (
        ("token_url", "CALL_TOKEN_URL"),
        ("control_url", "CALL_CONTROL_URL"),
        ("scope", "CALL_SCOPE"),
    ):
        if getattr(arguments, option) is not None:
            environment[variable] = getattr(arguments, option)
    try:
        settings = CallerSettings.from_environment(environment)
        settings = replace(
            settings, script=arguments.script or settings.script, out_dir=arguments.out or settings.out_dir
        )
        result = asyncio.run(_call(settings))
    except BadPlan as error:
        print(f"{error.where}:", *(f"  {problem}" for problem in error.problems), sep="\n", file=sys.stderr)
        return BAD_SETTINGS
    except KeyboardInterrupt:
        print("hung up", file=sys.stderr)
        return INTERRUPTED
    print(f"recording and figures: {settings.out_dir / 'call.wav'}, {settings.out_dir / 'call.json'}")
    return GOOD if result.good else CALL_FAILED


async def _call(settings: CallerSettings) -> CallResult:
    return await place_call(
        load_plan(settings.script),
        token_url=settings.token_url,
        auth=settings.auth,
        control=settings.control,
        out_dir=settings.out_dir,
        on_event=ConversationPrinter(lambda line: print(line, flush=True)),
    )


def _parser() -> argparse.ArgumentParser:
    variables = "\n".join(f"  {name:<17} {meaning}" for name, meaning in DESCRIPTIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m sandbox call",
        description="Place one scripted call: fetch a token, join, speak, listen, measure from the audio.",
        epilog=f"environment:\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--token-url", help="instead of CALL_TOKEN_URL")
    parser.add_argument("--control-url", help="instead of CALL_CONTROL_URL")
    parser.add_argument("--scope", help="instead of CALL_SCOPE")
    parser.add_argument("--script", type=Path, help="instead of CALL_SCRIPT")
    parser.add_argument("--out", type=Path, help="instead of CALL_OUT_DIR")
    return parser
