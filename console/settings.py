"""Reads the console's settings: once, at the start, with everything that is wrong said together."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from console.errors import BadSettings
from records.env_file import inner_control_character
from records.errors import RecordsError
from records.url import read_url

IAP_JWKS_URL = "https://www.gstatic.com/iap/verify/public_key-jwk"
CURSOR_SECRET_BYTES_MIN = 32
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_DATABASES = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")


class Variable(NamedTuple):
    """One environment variable, as the README's table has it."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("PORT", "8090", "Where the console listens."),
    Variable(
        "CONSOLE_HOST", "127.0.0.1",
        "The address it listens on. Any but a loopback one needs `CONSOLE_IAP_AUDIENCE`.",
    ),
    Variable("CONSOLE_RECORDS_URL", "", "The database of `records/`; without it `WORKER_RECORDS_URL`."),
    Variable("CONSOLE_RECORDINGS_URL", "", "Where recordings lie; without it `WORKER_RECORDINGS_URL`."),
    Variable(
        "CONSOLE_IAP_AUDIENCE", "",
        "The `aud` of Identity-Aware Proxy's assertion; with it no page is shown without one. Empty: loopback only.",
    ),
    Variable("CONSOLE_IAP_JWKS_URL", IAP_JWKS_URL, "Where the proxy's keys are published."),
    Variable(
        "CONSOLE_WORDS_FOR", "",
        "Who may read words and hear recordings, comma-separated: `a@example.in`, `@example.in`, `group:NAME`, "
        "`level:NAME`; everybody else sees numbers only. Without the proxy it is whoever sits at this machine.",
    ),
    Variable(
        "CONSOLE_CURSOR_SECRET", "",
        "Signs the addresses of further pages, 32 characters or more; without it made from the database's address, "
        "which must hold a password then (or listen on loopback).",
    ),
)  # fmt: skip
_KNOWN = {variable.name: variable.default for variable in VARIABLES}


@dataclass(frozen=True, slots=True)
class Secret:
    """Bytes that are never shown."""

    value: bytes

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Everything the console reads from its environment, and nothing else."""

    host: str
    port: int
    records_url: str
    recordings_url: str
    iap_audience: str
    """Empty on loopback, where nobody is asked who they are."""
    iap_jwks_url: str
    words_for: frozenset[str]
    cursor_secret: Secret


def settings_from(environ: Mapping[str, str], problems: list[str] | None = None) -> ConsoleSettings:
    """Build the settings.

    Args:
        environ: The complete environment.
        problems: What is already known to be wrong, reported together with everything else.
    Raises:
        BadSettings: With every problem found.
    """
    reader = _Reader(environ, list(problems or []))
    reader.refuse_misspelt()
    host, audience = reader.text("CONSOLE_HOST"), reader.text("CONSOLE_IAP_AUDIENCE")
    if not audience and not is_loopback(host):
        reader.problem(
            "CONSOLE_HOST",
            f"{host} can be reached by others, who would see every call. Listen on 127.0.0.1, or set "
            "CONSOLE_IAP_AUDIENCE and stand behind Identity-Aware Proxy",
        )
    records_url = reader.records_url()
    settings = ConsoleSettings(
        host=host,
        port=reader.port(),
        records_url=records_url,
        recordings_url=reader.text("CONSOLE_RECORDINGS_URL") or reader.text("WORKER_RECORDINGS_URL"),
        iap_audience=audience,
        iap_jwks_url=reader.jwks_url(),
        words_for=frozenset(reader.words_for()),
        cursor_secret=Secret(reader.cursor_secret(records_url, others_come_in=bool(audience))),
    )
    if reader.problems:
        raise BadSettings(reader.problems)
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Reader:
    """Reads variables one by one and collects what is wrong instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str], problems: list[str]) -> None:
        self._environ = environ
        self.problems = problems

    def problem(self, name: str, text: str) -> None:
        self.problems.append(f"{name}: {text}")

    def text(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if inner_control_character(value):
            self.problem(name, "has a line break or another control character inside. Set it again, as one line")
            return ""
        return value or _KNOWN.get(name, "")

    def refuse_misspelt(self) -> None:
        for name in sorted(self._environ):
            if name.startswith("CONSOLE_") and name not in _KNOWN:
                nearest = difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.0)[0]
                self.problem(name, f"is not a setting; the nearest is {nearest}")

    def port(self) -> int:
        value = self.text("PORT")
        if not (value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= 65_535):
            self.problem("PORT", "must be a whole number from 1 to 65535")
            return 1
        return int(value)

    def records_url(self) -> str:
        name = "CONSOLE_RECORDS_URL" if self.text("CONSOLE_RECORDS_URL") else "WORKER_RECORDS_URL"
        url = self.text(name)
        if not url:
            self.problem("CONSOLE_RECORDS_URL", "is not set, nor is WORKER_RECORDS_URL: there is nothing to show. "
                         "In `make demo` it is sqlite+aiosqlite:///out/calls.db")  # fmt: skip
        elif not url.startswith(_DATABASES):
            self.problem(name, f"must begin with {' or '.join(_DATABASES)}")  # never the value: a password is in it
        else:
            try:
                return read_url(url, variable=name).text
            except RecordsError as error:
                self.problem(name, f"names no database. {error.do}")
        return url

    def jwks_url(self) -> str:
        url = self.text("CONSOLE_IAP_JWKS_URL")
        parts = urlsplit(url)
        if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)):
            self.problem("CONSOLE_IAP_JWKS_URL", "must be an https:// URL; http:// only on loopback")
        return url

    def words_for(self) -> list[str]:
        wanted = [part.strip() for part in self.text("CONSOLE_WORDS_FOR").split(",") if part.strip()]
        for part in wanted:
            if not (part.startswith(("group:", "level:")) and part[6:]) and not ("@" in part and part[-1] != "@"):
                self.problem("CONSOLE_WORDS_FOR", f"{part!r} is none of a@example.in, @example.in, group:NAME, "
                             "level:NAME")  # fmt: skip
        return [part if part.startswith(("group:", "level:")) else part.lower() for part in wanted]

    def cursor_secret(self, records_url: str, *, others_come_in: bool) -> bytes:
        secret = self.text("CONSOLE_CURSOR_SECRET").encode()
        if not secret:
            if others_come_in and records_url and not urlsplit(records_url).password:
                self.problem("CONSOLE_CURSOR_SECRET", "is needed where the database's URL holds no password: the "
                             "address alone is no secret. Take one from `openssl rand -hex 32`")  # fmt: skip
            # The same in every instance that reads the same records, and unknown to whoever does not know its password.
            return hmac.digest(records_url.encode(), b"cursors of the console", hashlib.sha256)
        if len(secret) < CURSOR_SECRET_BYTES_MIN:
            self.problem("CONSOLE_CURSOR_SECRET", f"is shorter than {CURSOR_SECRET_BYTES_MIN} characters. "
                         "Take one from `openssl rand -hex 32`")  # fmt: skip
        return secret
