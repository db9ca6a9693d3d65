"""Reads prices and shutdowns from the vendors' own pages, which they serve as Markdown too: no API lists them.

Written to find nothing rather than a wrong number when a page is laid out anew.
"""

from __future__ import annotations

import datetime
import itertools
import re

import aiohttp

PAGE_SECONDS = 15.0
OPENAI_DOCS = "https://developers.openai.com/api/docs"
SARVAM_DOCS = "https://docs.sarvam.ai/api"
LABELS = {"input": "input", "cached": "cached input", "cache_write": "cache writes", "output": "output"}
_HYPHENS = str.maketrans("\u2010\u2011\u2012\u2013", "----")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


async def page(http: aiohttp.ClientSession, url: str) -> str | None:
    """Fetch a page; None when it is not there today."""
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=PAGE_SECONDS)) as answer:
            return await answer.text() if answer.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError):
        return None


def token_prices(text: str) -> dict[str, float]:
    """Read a model's dollars per million tokens from its page: the first price after each label."""
    cells = _cells(text)
    found = {}
    for name, label in LABELS.items():
        for cell, after in itertools.pairwise(cells):
            if cell.lower() == label and (price := re.fullmatch(r"\$(\d+(?:\.\d+)?)", after)):
                found[name] = float(price[1])
                break
    return found


def rupees(text: str, service: str, per: str) -> float | None:
    """Read a service's price from Sarvam's page; `per` is a pattern of its unit."""
    cells = _cells(text)
    for cell, after in itertools.pairwise(cells):
        if cell.lower() == service and (
            price := re.match(rf"₹\s?(\d+(?:\.\d+)?)\s*(?:/|per)\s*{per}", after, re.IGNORECASE)
        ):
            return float(price[1])
    return None


def _cells(text: str) -> list[str]:
    """The page in its smallest pieces: lines, and cells of tables, without marks."""
    pieces = (piece.strip(" \t*_#`:-") for piece in re.split(r"[\n|]", text))
    return [piece for piece in pieces if piece]


def shutdown(text: str, model: str) -> datetime.date | None:
    """Read the day on which a model ends from OpenAI's page of deprecations: the date in its row, before its name."""
    for line in text.translate(_HYPHENS).splitlines():
        name = re.search(rf"(?<![\w.-]){re.escape(model)}(?![\w.-])", line)
        # A replacement is named in the last cell of a row: only what stands in one before it ends.
        if name is None or "|" not in line[name.end() :].rstrip(" |"):
            continue
        if (day := _date(line[: name.start()])) is not None:
            return day
    return None


def _date(text: str) -> datetime.date | None:
    if found := re.search(r"(\d{4})-(\d{2})-(\d{2})", text):
        return datetime.date(*map(int, found.groups()))
    if found := re.search(rf"({'|'.join(_MONTHS)}) (\d{{1,2}}),? (\d{{4}})", text):
        return datetime.date(int(found[3]), _MONTHS.index(found[1]) + 1, int(found[2]))
    return None
