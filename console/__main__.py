"""`python -m console`: serves the page for the people who answer for the calls."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvicorn

from console.app import console_app
from console.errors import BadSettings
from console.settings import settings_from
from records.env_file import with_env_file

BAD_SETTINGS = 2
STOP_SECONDS = 5
"""Lists of live calls never end by themselves."""


def main() -> int:
    environ, problems = with_env_file(os.environ, Path())
    try:
        settings = settings_from(environ, problems)
    except BadSettings as error:
        print("The console cannot start:", *error.problems, sep="\n  ", file=sys.stderr)
        return BAD_SETTINGS
    print(f"The console: http://{settings.host}:{settings.port}/", flush=True)
    # No access log: the words that somebody looks for stand in the address.
    uvicorn.run(
        console_app(settings), host=settings.host, port=settings.port, access_log=False, server_header=False,
        log_level="warning", timeout_graceful_shutdown=STOP_SECONDS,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
