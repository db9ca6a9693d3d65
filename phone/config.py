"""Reads the telephone's file: which numbers ring where, how calls go out, and what for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from phone.errors import BadConfig
from worker.languages import SUPPORTED
from worker.phone.errand import LONGEST_TEXT
from worker.text.phone_numbers import e164, national_number

DEFAULT_PATH = Path("phone.toml")
NO_LIST = "none"
LARGEST = 1_000_000


class Kind(Enum):
    """Tells what a call is for, as the rules of India divide calls."""

    SERVICE = "service"
    TRANSACTIONAL = "transactional"
    PROMOTIONAL = "promotional"


@dataclass(frozen=True, slots=True)
class InboundNumber:
    """One number that rings."""

    number: str
    """E.164."""
    language: str
    """To greet in; empty leaves it to the worker."""
    forms: tuple[str, ...]
    """More ways in which the carrier writes it, beside the usual ones."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """How calls come in."""

    name: str
    numbers: tuple[InboundNumber, ...]
    hide_phone_number: bool
    ringing_seconds: int
    """Before a caller to whom no agent comes is told busy."""
    allowed_addresses: tuple[str, ...]
    auth_username: str
    auth_password: str


@dataclass(frozen=True, slots=True)
class Outbound:
    """How calls go out."""

    name: str
    address: str
    """Of the carrier, `host` or `host:port`."""
    transport: str
    auth_username: str
    auth_password: str
    ringing_seconds: int
    calls_per_minute: float
    calls_at_once: int
    tries: int
    first_pause_seconds: int
    do_not_call: str
    """A file, an https address with `{number}` in it, or "none"."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One thing that people are called for."""

    name: str
    kind: Kind
    about: str
    """Said to the model, in English: what the call is about."""
    caller_id: str
    """E.164: the number that is shown."""
    voicemail: str = ""
    """Said to a mailbox after who calls; empty leaves no message."""


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """All of the telephone's file."""

    agent_name: str
    company: str
    """In whose name calls go out, as it is said."""
    inbound: Inbound | None
    outbound: Outbound | None
    purposes: Mapping[str, Purpose]


def read_config(path: Path, environ: Mapping[str, str]) -> PhoneConfig:
    """Read the file.

    Args:
        environ: Holds the passwords: `auth_password = "$NAME"` names a variable.
    Raises:
        BadConfig: With the first thing that is wrong in it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(f"{path} cannot be read", why=type(error).__name__, do="docs/telephone.md shows one") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfig(f"{path} is no TOML", why=str(error), do="Mend that line") from None
    return _Reader(path, environ).config(content)


class _Reader:
    """Reads one file's tables; every complaint names the place in it."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ

    def config(self, content: dict[str, Any]) -> PhoneConfig:
        self._only(content, "", {"agent_name", "company", "inbound", "outbound", "purpose"})
        outbound = self._outbound(content["outbound"]) if "outbound" in content else None
        purposes = [self._purpose(table, place) for place, table in self._tables(content, "purpose")]
        self._all_different("purpose", "name", [purpose.name for purpose in purposes])
        company = self._short_text(content, "", "company", "")
        if outbound is not None and not company:
            raise self._bad("company", "is missing, and calls go out in somebody's name", "Write it as it is said")
        return PhoneConfig(
            agent_name=self._text(content, "", "agent_name", "vaani"),
            company=company,
            inbound=self._inbound(content["inbound"]) if "inbound" in content else None,
            outbound=outbound,
            purposes={purpose.name: purpose for purpose in purposes},
        )

    def _inbound(self, table: Any) -> Inbound:
        place = "inbound."
        self._only(table, place, {field.name for field in fields(Inbound)} - {"numbers"} | {"number"})
        numbers = [self._number(each, at) for at, each in self._tables(table, "number", place)]
        if not numbers:
            raise self._bad("inbound.number", "is missing", "Write one [[inbound.number]] for each number that rings")
        self._all_different("inbound.number", "number", [each.number for each in numbers])
        return Inbound(
            name=self._text(table, place, "name", "vaani-in"),
            numbers=tuple(numbers),
            hide_phone_number=self._flag(table, place, "hide_phone_number"),
            ringing_seconds=self._whole(table, place, "ringing_seconds", 30),
            allowed_addresses=tuple(self._texts(table, place, "allowed_addresses")),
            auth_username=self._text(table, place, "auth_username", ""),
            auth_password=self._secret(table, place, "auth_password"),
        )

    def _number(self, table: Any, place: str) -> InboundNumber:
        self._only(table, place, {field.name for field in fields(InboundNumber)})
        language = self._text(table, place, "language", "")
        if language and language not in SUPPORTED:
            raise self._bad(f"{place}language", f"{language!r} is not spoken", f"Use one of {', '.join(SUPPORTED)}")
        return InboundNumber(self._e164(table, place, "number"), language, tuple(self._texts(table, place, "forms")))

    def _outbound(self, table: Any) -> Outbound:
        place = "outbound."
        self._only(table, place, {field.name for field in fields(Outbound)})
        transport = self._text(table, place, "transport", "udp")
        if transport not in ("udp", "tcp", "tls"):
            raise self._bad("outbound.transport", f"{transport!r} is none", "Use udp, tcp or tls")
        return Outbound(
            name=self._text(table, place, "name", "vaani-out"),
            address=self._text(table, place, "address"),
            transport=transport,
            auth_username=self._text(table, place, "auth_username", ""),
            auth_password=self._secret(table, place, "auth_password"),
            ringing_seconds=self._whole(table, place, "ringing_seconds", 35),
            calls_per_minute=self._positive(table, place, "calls_per_minute", 6),
            calls_at_once=self._whole(table, place, "calls_at_once", 2),
            tries=self._whole(table, place, "tries", 3),
            first_pause_seconds=self._whole(table, place, "first_pause_seconds", 900),
            do_not_call=self._text(table, place, "do_not_call"),
        )

    def _purpose(self, table: Any, place: str) -> Purpose:
        self._only(table, place, {field.name for field in fields(Purpose)})
        kind = self._text(table, place, "kind")
        if kind not in {each.value for each in Kind}:
            raise self._bad(f"{place}kind", f"{kind!r} is none", f"Use {', '.join(each.value for each in Kind)}")
        purpose = Purpose(
            self._text(table, place, "name"), Kind(kind), self._short_text(table, place, "about"),
            self._e164(table, place, "caller_id"), self._short_text(table, place, "voicemail", ""),
        )  # fmt: skip
        series = SERIES[purpose.kind]
        national = national_number(purpose.caller_id)
        if national is not None and not national.startswith(series):
            raise self._bad(
                f"{place}caller_id",
                f"{kind} calls go out from the {series} series",
                "Ask the carrier for such a number",
            )
        return purpose

    def _tables(self, table: Any, name: str, above: str = "") -> list[tuple[str, Any]]:
        listed = table.get(name, [])
        if not isinstance(listed, list):
            raise self._bad(above + name, "is one table", f"Write [[{above}{name}]], with two brackets, for each")
        return [(f"{above}{name}[{place}].", each) for place, each in enumerate(listed)]

    def _only(self, table: Any, place: str, known: set[str]) -> None:
        if not isinstance(table, dict):
            raise self._bad(place.rstrip("."), "is no table", "docs/telephone.md shows one")
        for name in table.keys() - known:
            raise self._bad(f"{place}{name}", "is not known", f"Known there: {', '.join(sorted(known))}")

    def _text(self, table: Any, place: str, name: str, default: str | None = None) -> str:
        value = table.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self._bad(f"{place}{name}", "is missing, or no text", "Write it in quotes")
        return value.strip()

    def _short_text(self, table: Any, place: str, name: str, default: str | None = None) -> str:
        """Return a text that goes with each call: what is longer would be cut in mid-sentence."""
        value = self._text(table, place, name, default)
        if len(value) > LONGEST_TEXT:
            raise self._bad(f"{place}{name}", f"is longer than {LONGEST_TEXT} letters", "Say it in a sentence or two")
        return value

    def _all_different(self, place: str, name: str, values: list[str]) -> None:
        for number, value in enumerate(values):
            if value in values[:number]:
                first = values.index(value)
                raise self._bad(f"{place}[{number}].{name}", f"is {place}[{first}]'s, too", "Leave one of them out")

    def _texts(self, table: Any, place: str, name: str) -> list[str]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self._bad(f"{place}{name}", "is no list of texts", 'Write ["…", "…"]')
        return value

    def _flag(self, table: Any, place: str, name: str) -> bool:
        value = table.get(name, False)
        if not isinstance(value, bool):
            raise self._bad(f"{place}{name}", "is neither true nor false", "Write one of them, without quotes")
        return value

    def _positive(self, table: Any, place: str, name: str, default: float) -> float:
        value = table.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LARGEST:
            raise self._bad(f"{place}{name}", f"is no number above 0 and below {LARGEST}", "Write one")
        return float(value)

    def _whole(self, table: Any, place: str, name: str, default: int) -> int:
        value = self._positive(table, place, name, default)
        if not value.is_integer():
            raise self._bad(f"{place}{name}", "is no whole number", "Write one, above 0")
        return int(value)

    def _e164(self, table: Any, place: str, name: str) -> str:
        written = self._text(table, place, name)
        number = e164(written)
        if number is None:
            raise self._bad(f"{place}{name}", f"{written!r} is no phone number", "Write +91 and ten digits")
        return number

    def _secret(self, table: Any, place: str, name: str) -> str:
        value = self._text(table, place, name, "")
        if not value:
            return ""
        if not value.startswith("$"):
            raise self._bad(f"{place}{name}", "stands in the file", 'Write "$NAME" and set that variable')
        if value[1:] not in self._environ:
            raise self._bad(f"{place}{name}", f"{value} is not set", "Set that variable, or write it into .env")
        return self._environ[value[1:]]

    def _bad(self, place: str, why: str, do: str) -> BadConfig:
        return BadConfig(f"{self._path}: {place}", why=why, do=do)


SERIES: Mapping[Kind, str] = {Kind.PROMOTIONAL: "140", Kind.SERVICE: "160", Kind.TRANSACTIONAL: "160"}
"""What an Indian number begins with that such calls come from. Source: TCCCPR 2018, amended 2025-02-12."""
