"""Reads the environment's variables one by one, for settings that are checked together."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from join_token.env_file import inner_control_character
from join_token.variables import VARIABLES

KNOWN = {variable.name: variable.default for variable in VARIABLES}
NAME_BYTES_MAX = 256
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Reader:
    """Reads variables one by one and collects what is wrong instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.on_cloud_run = bool(environ.get("K_SERVICE"))

    def problem(self, name: str, text: str) -> None:
        if (said := f"{name}: {text}") not in self.problems:
            self.problems.append(said)

    def text(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if inner_control_character(value):
            self.problem(name, "has a line break or another control character inside. Set it again, as one line.")
            value = ""
        return value or KNOWN[name] or ""

    def required(self, name: str, advice: str) -> str:
        value = self.text(name)
        if not value:
            self.problem(name, f"is not set. {advice}")
        return value

    def listed(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            self.problem(name, "must be true or false.")
        return value in {"true", "1", "yes", "on"}

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        if default is not None and not self._environ.get(name, "").strip():
            return default
        value = self.text(name)
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and low <= int(value) <= high):
            self.problem(name, f"must be a whole number from {low} to {high}.")
            return low
        return int(value)

    def name(self, name: str) -> str:
        value = self.text(name)
        if len(value.encode("utf-8", "replace")) > NAME_BYTES_MAX or not value.isprintable():
            self.problem(name, f"must be printable text of at most {NAME_BYTES_MAX} bytes.")
        return value

    def jwks_url(self, name: str, value: str) -> str:
        scheme, host = scheme_and_host(value)
        if value and not (scheme == "https" and host) and not (scheme == "http" and host in LOOPBACK_HOSTS):
            self.problem(name, "must be an https:// URL without a user name; http:// only on loopback.")
        return value


def scheme_and_host(url: str) -> tuple[str, str]:
    """Scheme and host of a URL that names a server and no user; ("", "") otherwise."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        return "", ""
    if "@" in parts.netloc or any(character.isspace() for character in url):
        return "", ""
    return parts.scheme.lower(), parts.hostname or ""
