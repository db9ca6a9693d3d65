"""Reads the settings, refuses bad ones, builds the server and runs it: `python -m worker start | dev | console`."""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile

from worker.stopping import leave, leave_when_told, stop_as_usual

if __name__ == "__main__":
    leave_when_told()  # before the imports that take seconds
    gc.disable()  # what they make is not garbage: looking for some would be a tenth of their time

from worker import fork_server
from worker.environment import load_settings, read_env_file
from worker.errors import BadSettings, MissingModelFiles, NoTemporaryFolder
from worker.settings import Settings

BAD_SETTINGS = 2
DID_NOT_START = 3


def main(argv: list[str]) -> int:
    """Run the command; returns 0 stopped, 1 gave up on LiveKit, 2 bad settings, 3 something is missing here."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="The voice agent's worker.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="start | dev | console")
    commands.add_parser("start", help="serve calls, as in production: warm processes, drain on SIGTERM, JSON logs")
    commands.add_parser("dev", help="serve calls on a developer's machine: no warm processes, no drain, coloured logs")
    console = commands.add_parser("console", help="talk to the agent in this terminal, without LiveKit")
    console.add_argument("options", nargs=argparse.REMAINDER, help="passed on to LiveKit's console, e.g. --text")
    arguments = parser.parse_args(argv)
    try:
        settings = checked_settings(console=arguments.command == "console", dev=arguments.command == "dev")
    except BadSettings as error:
        print(error, file=sys.stderr)  # noqa: T201
        return BAD_SETTINGS
    except (MissingModelFiles, NoTemporaryFolder) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return DID_NOT_START
    return _run(arguments, settings)


def checked_settings(*, console: bool, dev: bool) -> Settings:
    """Return all settings, with everything checked that would otherwise fail in a call.

    Calls' processes begin to load what they need as soon as the settings are known: the checks are seconds of imports.

    Raises:
        BadSettings: With every problem at once.
        MissingModelFiles: WORKER_TURN_DETECTOR=multilingual without its weights.
        NoTemporaryFolder: Nothing can be written where temporary files go.
    """
    problems = read_env_file()
    try:
        settings = load_settings(for_console=console)
    except BadSettings as error:
        raise BadSettings(problems + error.problems) from None
    check_temporary_folder()
    if not console:
        if settings.telemetry.is_on:
            from worker.telemetry.pipe import choose_socket

            choose_socket()  # before the process starts that calls inherit their environment from
        fork_server.start(settings.turns.turn_detector, dev=dev)
    from worker.checks import setting_problems
    from worker.end_of_turn.session_options import check_turn_detector

    problems += setting_problems(settings)
    if problems:
        raise BadSettings(problems)
    check_turn_detector(settings.turns)
    return settings


def check_temporary_folder() -> None:
    """Refuse to start where no call could be taken: the framework would try again for ever, a traceback each time.

    Raises:
        NoTemporaryFolder: Not retryable.
    """
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise NoTemporaryFolder(
            "the worker cannot start", why=str(error), do="Set TMPDIR to a folder that can be written, e.g. a tmpfs",
            retryable=False,
        ) from None  # fmt: skip


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    from worker.logs import set_up_logs
    from worker.parent import build_server
    from worker.run import run

    gc.enable()
    parts = build_server(settings)
    if arguments.command == "console":
        from livekit.agents import cli

        stop_as_usual()
        sys.argv = ["python -m worker", "console", *arguments.options]
        cli.run_app(parts.server)
        return 0
    dev = arguments.command == "dev"
    key = settings.livekit.api_secret.get_secret_value()
    set_up_logs(settings.logs.log_level, dev=dev, pii=settings.may_log_words, key=key)
    return run(parts, settings, dev=dev)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
