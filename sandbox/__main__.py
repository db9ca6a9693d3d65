"""`python -m sandbox`: the stand-ins, the scripted caller, and the stack, one subcommand each."""

import argparse
import asyncio
import importlib
import os
import sys

from sandbox.control.scopes import BadSetting, settings_from_environment

# Loaded only when asked for: serving must not pay for the caller's libraries, nor the caller for the recogniser's.
ELSEWHERE = {
    "call": "sandbox.caller.cli",
    "demo": "sandbox.stack.cli",
    "dev": "sandbox.stack.cli",
    "stack": "sandbox.stack.cli",
}
USAGE = """usage: python -m sandbox COMMAND [options]

  serve   the providers' stand-ins on one port (--port, --host)
  call    one scripted call
  demo    the whole stack and one call
  dev     the stack with your own keys
  stack   starts and stops the processes
"""


def main(argv: list[str]) -> int:
    command, rest = (argv[0], argv[1:]) if argv else ("", [])
    if command == "serve":
        return serve(rest)
    if command in ELSEWHERE:
        module = importlib.import_module(ELSEWHERE[command])
        # The stack has three commands, so it is told which; the caller has one.
        return int(module.main(rest if command == "call" else argv) or 0)
    print(USAGE, file=sys.stderr)
    return 0 if command in ("-h", "--help", "help") else 2


def serve(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox serve")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 picks a free one")
    options = parser.parse_args(argv)
    try:
        defaults = settings_from_environment(os.environ)
    except BadSetting as problem:
        print(f"sandbox: {problem}", file=sys.stderr)
        return 2
    from sandbox import server

    def announce(port: int) -> None:
        print(f"sandbox listening on http://{options.host}:{port}", flush=True)

    try:
        asyncio.run(server.serve(options.host, options.port, defaults, announce))
    except OSError as problem:
        print(f"sandbox: cannot listen on {options.host}:{options.port}: {problem}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
