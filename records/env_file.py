"""Reads `.env` for processes started by hand. It stands twice, byte for byte: in the token function, and in records/.

The function ships alone (docs/decisions/0001); worker and console ship with records/ and read by it. One `.env` serves
all: a line must not mean two things.
A deployed process never reads it: where Cloud Run runs us, the platform's own variables are the truth.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

IGNORE_VARIABLE = "VAANI_IGNORE_ENV_FILE"
_TRUE = frozenset({"1", "true", "yes", "on"})
_ENV_FILE_BYTES_MAX = 65_536
_UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


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
        content = path.read_bytes()
    except OSError as error:
        return dict(environ), [f".env: cannot be read ({type(error).__name__}). Check who owns it and its rights."]
    if len(content) > _ENV_FILE_BYTES_MAX:
        return dict(environ), [f".env: has {len(content)} bytes, more than {_ENV_FILE_BYTES_MAX}: no .env file."]
    if content.startswith(_UTF_16_OR_32) or b"\x00" in content:
        return dict(environ), [".env: is UTF-16, as Windows' Notepad and PowerShell write it. Save it as UTF-8."]
    try:
        text = content.decode("utf-8-sig")  # a byte order mark is no part of the first name
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return dict(environ), [f".env line {line}: is not UTF-8. Save the file as UTF-8."]
    values, problems = parse_env_file(text)
    return {**values, **environ}, problems


def parse_env_file(text: str) -> tuple[dict[str, str], list[str]]:
    """Parse `NAME=value` lines as python-dotenv does, but expand no `$`: a key that holds one stays whole.

    Problems name the line and never repeat it: it may be the second half of a secret.
    """
    from dotenv.parser import parse_stream  # only where there is a file: a deployed function never pays for it

    values: dict[str, str] = {}
    problems: list[str] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None and not binding.error:
            continue  # a comment, or a blank line
        lead = binding.original.string[: len(binding.original.string) - len(binding.original.string.lstrip())]
        line = binding.original.line + lead.count("\n")
        if binding.error or binding.value is None:
            problems.append(f".env line {line}: not of the form NAME=value. Close its quotes, or quote it whole.")
        elif not (binding.key or "").isidentifier():
            problems.append(f".env line {line}: its name is no variable's. Use letters, digits and _.")
        else:
            values[str(binding.key)] = binding.value
    return values, problems


def inner_control_character(value: str) -> bool:
    """Whether a value, its ends aside, holds a line break or another control character.

    Ends are stripped everywhere: a secret that was stored by `echo` has a line break there, and every request with it
    would be refused. Inside, it is two values, or half of something else.
    """
    return any(character < " " or character == "\x7f" for character in value.strip())
