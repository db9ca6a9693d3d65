"""Read `.env` for processes started by hand, without a dependency that every cold start would pay for.

A deployed function never reads it: where Cloud Run runs us, the platform's own variables are the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

IGNORE_VARIABLE = "VAANI_IGNORE_ENV_FILE"
_TRUE = frozenset({"1", "true", "yes", "on"})
_ENV_FILE_BYTES_MAX = 65_536


def with_env_file(environ: Mapping[str, str], folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return the environment completed from `folder/.env`, and what is wrong with that file.

    Real variables win. `VAANI_IGNORE_ENV_FILE=true` (a real variable, not a line of the file) switches the file off,
    and so does running on Cloud Run (`K_SERVICE`).
    """
    if environ.get(IGNORE_VARIABLE, "").strip().lower() in _TRUE or environ.get("K_SERVICE"):
        return dict(environ), []
    path = folder / ".env"
    try:
        if not path.is_file():
            return dict(environ), []
        text = path.read_bytes()[:_ENV_FILE_BYTES_MAX].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return dict(environ), [f".env: cannot be read ({type(error).__name__}). Save it as a UTF-8 text file."]
    values, problems = parse_env_file(text)
    return {**values, **environ}, problems


def parse_env_file(text: str) -> tuple[dict[str, str], list[str]]:
    """Parse `NAME=value` lines; comments, blank lines, `export ` and quotes are understood, expansion is not."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            # The line itself is not repeated: it may be the second half of a secret.
            problems.append(f".env line {number}: not of the form NAME=value. Quote a value that spans words.")
            continue
        values[name] = _unquoted(value.strip())
    return values, problems


def _unquoted(value: str) -> str:
    for quote in ('"', "'"):
        if value.startswith(quote):
            end = value.find(quote, 1)
            return value[1:end] if end > 0 else value[1:]
    # A comment after a bare value needs a blank before its #, so that a # inside a password survives.
    return value.split(" #", 1)[0].split("\t#", 1)[0].rstrip()
