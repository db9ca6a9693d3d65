"""Prices a call, in rupees, by a dated table: what providers ask, and what the operator pays for the line.

What has no known price is named and never counted as nothing. docs/money.md says what is in a price and what is not.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from worker.bill import LIVEKIT_LINE, PHONE_LINE, Bill
from worker.settings import DatedFigure, MoneySettings

VARIABLE = "WORKER_PRICES_FILE"
UNKNOWN = "unknown"
_DOLLARS, _RUPEES = "dollars per million tokens", "rupees per million tokens"
_UNITS = {
    "stt": ("rupees per hour",),
    "tts": ("rupees per 10,000 characters",),
    "llm": (_DOLLARS, _RUPEES),
    "eot": ("rupees per million requests",),
}
_TOKEN_FIGURES = ("input", "cached", "cache_write", "output")
_FIELDS = {"kind", "model", "unit", "price", "read_on", "source", *_TOKEN_FIGURES}
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_LINES = {PHONE_LINE: "phone minutes", LIVEKIT_LINE: "livekit minutes"}
MINUTE_SECONDS, HOUR_SECONDS, MILLION = 60, 3600, 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs, and where and when that was read."""

    kind: str
    """stt, tts, llm or eot."""
    model: str
    unit: str
    figures: Mapping[str, float]
    """By name, `price` where there is only one; empty where no price is known."""
    read_on: date
    source: str

    @property
    def is_known(self) -> bool:
        """Whether the list that was read has a price."""
        return bool(self.figures)

    def rupees(self, counters: Mapping[str, float], rupees_per_dollar: float) -> float:
        """Return what these counters cost. Of a price that is not known: KeyError."""
        if self.kind == "stt":
            return counters.get("audio_duration", 0.0) / HOUR_SECONDS * self.figures["price"]
        if self.kind == "tts":
            return counters.get("characters_count", 0) / 10_000 * self.figures["price"]
        if self.kind == "eot":
            return counters.get("total_requests", 0) / MILLION * self.figures["price"]
        money = self._money_of_tokens(counters) / MILLION
        return money * rupees_per_dollar if self.unit == _DOLLARS else money

    def _money_of_tokens(self, counters: Mapping[str, float]) -> float:
        plain = self.figures["input"]
        cached, written = counters.get("input_cached_tokens", 0), counters.get("input_cache_creation_tokens", 0)
        fresh = max(0, counters.get("input_tokens", 0) - cached - written)  # the sum counts all three
        return (
            fresh * plain
            + cached * self.figures.get("cached", plain)
            + written * self.figures.get("cache_write", plain)
            + counters.get("output_tokens", 0) * self.figures["output"]
        )


class PriceTable:
    """Holds the prices of one deployment: the built-in ones, replaced where a file says so, and its own figures."""

    def __init__(self, prices: Mapping[tuple[str, str], Price], money: MoneySettings) -> None:
        self._prices = prices
        self._money = money

    @classmethod
    def load(cls, money: MoneySettings) -> PriceTable:
        """Read the table, and lay the operator's file over it.

        Raises:
            ValueError: The file cannot be read, or an entry is none: which one, and what it must be.
        """
        built_in = files("worker.providers").joinpath("data/prices.toml").read_text(encoding="utf-8")
        prices = {(price.kind, price.model): price for price in _read(built_in, "prices.toml")}
        if (path := money.prices_file) is not None:
            prices |= {(price.kind, price.model): price for price in _read(_text_of(path), f"{VARIABLE}: {path}")}
        return cls(prices, money)

    def __iter__(self) -> Iterator[Price]:
        return iter(self._prices.values())

    def of(self, kind: str, model: str) -> Price | None:
        """Return the price of a model, of a dated snapshot (`gpt-6-luna-2026-09-22`) the model's; None without any."""
        found = self._prices.get((kind, model)) or self._prices.get((kind, _SNAPSHOT.sub("", model)))
        return found if found is not None and found.is_known else None

    def bill(self, usage: Mapping[str, Mapping[str, float]]) -> Bill:
        """Return what counters cost, a row a model (`kind_usage:model`) or a line (`line:phone`)."""
        total, unpriced, is_whole = 0.0, [], bool(usage)
        for key, counters in usage.items():
            kind, _, model = key.partition(":")
            kind = kind.removesuffix("_usage")
            if key in _LINES:
                rupees = self._rupees_of_line(key, counters)
                unpriced += [_LINES[key]] if rupees is None else []
            elif kind in _UNITS and not (kind == "eot" and model.endswith("-mini")):
                price = self.of(kind, model)
                rupees = price.rupees(counters, self._money.rupees_per_dollar.figure) if price is not None else None
                unpriced += [f"{kind} {model}"] if rupees is None else []
                is_whole = is_whole and rupees is not None
            else:
                rupees = 0.0  # what runs on this machine
            total += rupees or 0.0
        return Bill(round(total, 4) if is_whole else None, tuple(unpriced))

    def _rupees_of_line(self, line: str, counters: Mapping[str, float]) -> float | None:
        """Return what the seconds on a line cost, a begun minute as a whole one; None without the operator's figure."""
        figure = self._money.phone_rupees_per_minute if line == PHONE_LINE else self._money.livekit_rupees_per_minute
        return None if figure is None else math.ceil(counters.get("seconds", 0.0) / MINUTE_SECONDS) * figure.figure

    def own_figures(self) -> dict[str, DatedFigure | None]:
        """Return the operator's own figures, by variable."""
        return {
            "WORKER_RUPEES_PER_DOLLAR": self._money.rupees_per_dollar,
            "WORKER_PHONE_RUPEES_PER_MINUTE": self._money.phone_rupees_per_minute,
            "WORKER_LIVEKIT_RUPEES_PER_MINUTE": self._money.livekit_rupees_per_minute,
        }


def price_of(money: MoneySettings) -> Callable[[Mapping[str, Mapping[str, float]]], Bill]:
    """Return what prices the calls of one deployment."""
    return PriceTable.load(money).bill


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{VARIABLE}: {path} cannot be read as UTF-8 text ({type(error).__name__})") from None


def _read(text: str, place: str) -> Iterator[Price]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{place} is not TOML: {error}") from None
    entries = content.pop("prices", [])
    if content or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{place} must hold [[prices]] alone, each with kind, model, unit, price, read_on and source")
    for number, entry in enumerate(entries, 1):
        if problem := _problem(entry):
            raise ValueError(f"{place}: entry {number} ({entry.get('model', 'no model')}): {problem}")
        known = () if entry.get("price") == UNKNOWN else ("price", *_TOKEN_FIGURES)
        figures = {name: float(entry[name]) for name in known if name in entry}
        yield Price(entry["kind"], entry["model"], entry["unit"], figures, entry["read_on"], entry["source"])


def _problem(entry: dict[str, Any]) -> str | None:
    """Return what an entry lacks to be a price, and what it must say; None for one that is whole."""
    if strange := sorted(entry.keys() - _FIELDS):
        return f"there is no field {', '.join(strange)}; there are {', '.join(sorted(_FIELDS))}"
    for name in ("model", "source"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            return f"{name} must be a text"
    if entry.get("kind") not in _UNITS:
        return f"kind must be one of {', '.join(_UNITS)}"
    if entry.get("unit") not in (units := _UNITS[entry["kind"]]):
        return f"unit must be {' or '.join(units)}"
    if type(entry.get("read_on")) is not date:
        return "read_on must be the day it was read on: 2026-11-29, without quotes"
    return _problem_of_figures(entry)


def _problem_of_figures(entry: dict[str, Any]) -> str | None:
    if entry.get("price") == UNKNOWN:
        return "price is unknown, so there are no other figures" if entry.keys() & set(_TOKEN_FIGURES) else None
    allowed, needed = (set(_TOKEN_FIGURES), {"input", "output"}) if entry["kind"] == "llm" else ({"price"}, {"price"})
    given = entry.keys() & {"price", *_TOKEN_FIGURES}
    if not needed <= given <= allowed:
        return f'must have {" and ".join(sorted(needed))}, or price = "{UNKNOWN}"'
    for name in sorted(given):
        value = entry[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            return f"{name} must be a number, 0 or more"
    return None
