"""`python -m sandbox demo | dev | stack`: the stack for a person at a terminal.

Exit codes: 0 good, 1 the call failed, 2 bad settings, 3 a part did not start.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from sandbox.caller import DEFAULT_SCRIPT, CallResult, ConversationPrinter, Patience, load_plan, place_call
from sandbox.phone.demo import SCRIPT as PHONE_SCRIPT
from sandbox.phone.demo import WORKER_ENVIRONMENT as PHONE_WORKER
from sandbox.phone.demo import place_phone_call
from sandbox.stack.fault_menu import BEGINS_AT_TURN, FAULTS, fault_help
from sandbox.stack.processes import ProcessFailed, python
from sandbox.stack.stack import ROOT, Stack, StackOptions
from sandbox.stack.telephony import HOW_TO_GET_SIP, find_livekit_sip
from sandbox.stack.traced import TracedCall, traced

# Under a fault the caller waits for what comes after the apology, instead of talking over it.
PATIENT = Patience(busy_agent_seconds=20.0, polite_silence_seconds=4.0)
RECORDS = "calls.db"
RECORD_SECONDS = 10.0  # for the call's end to be in its record
GOOD, CALL_FAILED, BAD_SETTINGS, DID_NOT_START, INTERRUPTED = 0, 1, 2, 3, 130


def main(argv: list[str]) -> int:
    """`argv` begins with the command: demo, dev or stack."""
    command, *rest = argv
    parser = argparse.ArgumentParser(prog=f"python -m sandbox {command}")
    parser.add_argument("--script", type=Path, help="the call to place; by default the one of the demo")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="where call.wav and call.json go")
    parser.add_argument("--stay", action="store_true", help="stay up and print the page's address")
    options = parser.parse_args(rest)
    fault, phone, trace = (os.environ.get(name, "") for name in ("FAULT", "PHONE", "TRACE"))
    if fault == "help":
        print(fault_help())
        return GOOD
    if fault and fault not in FAULTS:
        print(f"FAULT={fault} is unknown.\n{fault_help()}", file=sys.stderr)
        return BAD_SETTINGS
    for name, value, what in (("PHONE", phone, "a telephone dials in"), ("TRACE", trace, "shows the call's trace")):
        if value not in ("", "0", "1"):
            print(f"{name}={value} is neither 1 ({what}) nor 0.", file=sys.stderr)
            return BAD_SETTINGS
    options.phone, options.trace = phone == "1", trace == "1"
    try:
        if command == "dev":
            from sandbox.stack.dev import run_dev

            return asyncio.run(run_dev())
        stay = options.stay or (command == "demo" and sys.stdin.isatty() and os.environ.get("CI") != "true")
        return asyncio.run(_demo(options, fault, place=command == "demo", stay=stay or command == "stack"))
    except ProcessFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return DID_NOT_START
    except KeyboardInterrupt:
        return INTERRUPTED


async def _demo(options: argparse.Namespace, fault: str, *, place: bool, stay: bool) -> int:
    started_at = time.monotonic()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    main_task = asyncio.current_task()
    assert main_task is not None

    # Ctrl-C and SIGTERM unwind through `async with`, so that everything that was started is stopped.
    def interrupt() -> None:
        stop.set()
        main_task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)

    def progress(what: str) -> None:
        print(f"[{time.monotonic() - started_at:5.1f} s] {what}", flush=True)

    try:
        async with AsyncExitStack() as opened:
            tracing = opened.enter_context(traced(options.out)) if options.trace else None
            stack = await opened.enter_async_context(Stack(_stack_options(options, progress, tracing)))
            progress("ready: calling")
            code = await _call(stack, options, fault) if place else GOOD
            if tracing is not None and place:
                print(await tracing.show(opens=stay), flush=True)
            if stay:
                await stack.start_console()
                print(f"\nThe page: {stack.sandbox_url}/    (Ctrl-C stops everything)")
                print(f"The console, with every call: {stack.console_url}", flush=True)
                await stop.wait()
            return code
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            main_task.uncancel()
        return INTERRUPTED if not stay else GOOD


def _stack_options(
    options: argparse.Namespace, progress: Callable[[str], None], tracing: TracedCall | None
) -> StackOptions:
    traces = {} if tracing is None else tracing.environment
    return StackOptions(
        on_progress=progress, logs=options.out / "logs", telephone=options.phone,
        worker_environment={**(PHONE_WORKER if options.phone else {}), **traces}, token_environment=traces,
        records=options.out / RECORDS,
    )  # fmt: skip


async def _call(stack: Stack, options: argparse.Namespace, fault: str) -> int:
    if fault:
        print(f"FAULT={fault}, from the second turn on: {FAULTS[fault].what}", flush=True)
    if options.phone and find_livekit_sip() is None:
        print(HOW_TO_GET_SIP, flush=True)

    async def before_turn(index: int) -> None:
        if fault and index == BEGINS_AT_TURN:
            await stack.configure(faults=list(FAULTS[fault].faults))

    def say(line: str) -> None:
        print(line, flush=True)

    manners = PATIENT if fault else None
    hooks: Any = {
        "out_dir": options.out, "on_event": ConversationPrinter(say), "before_turn": before_turn, "patience": manners,
    }  # fmt: skip
    if options.phone:
        plan = load_plan(options.script or PHONE_SCRIPT)
        result = await place_phone_call(plan, stack.telephone, stack.control, say=say, **hooks)
    else:
        plan = load_plan(options.script or DEFAULT_SCRIPT)
        result = await place_call(plan, token_url=stack.token_url, control=stack.control, **hooks)
    _summary(result, options.out)
    await _show_record(result.room, options.out)
    return GOOD if result.good else CALL_FAILED


def _summary(result: CallResult, out: Path) -> None:
    scripted = [turn.voice_to_voice_seconds for turn in result.turns if turn.scripted and turn.voice_to_voice_seconds]
    recognised = [
        turn.voice_to_voice_seconds for turn in result.turns if not turn.scripted and turn.voice_to_voice_seconds
    ]
    print()
    if result.greeting_seconds is not None:
        print(f"greeting heard {result.greeting_seconds:.2f} s after connecting")
    if scripted:
        print(f"voice-to-voice latency, median of {len(scripted)} scripted turns: {statistics.median(scripted):.2f} s")
    if recognised:
        print(f"  of {len(recognised)} really recognised turn(s): {statistics.median(recognised):.2f} s")
    print(f"listen: {_shown(out / 'call.wav')} (caller left, agent right)   figures: {_shown(out / 'call.json')}")


async def _show_record(room: str, out: Path) -> None:
    """Print what remains of the call. Another process does: a stand-in shares no code with what it stands around."""
    command = [python(), "-m", "records", "show", "--room", room, "--wait", str(RECORD_SECONDS), "--outcome"]
    url = f"sqlite+aiosqlite:///{(out / RECORDS).absolute()}"
    environment = os.environ | {"WORKER_RECORDS_URL": url, "VAANI_IGNORE_ENV_FILE": "true"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    print(f"{told.decode(errors='replace').rstrip()}\nall records: {_shown(out / RECORDS)}", flush=True)


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)
