"""Asks whether a number is on the do-not-call list: a file of one's own, or somebody's HTTP look-up.

A list that does not answer forbids: nobody is called without its word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import aiohttp

from phone.config import NO_LIST
from phone.errors import BadConfig
from worker.text.phone_numbers import e164

LOOK_UP_SECONDS = 5.0


class ListUnavailable(Exception):
    """The list does not answer, or not as it is asked."""


class DoNotCall(Protocol):
    """Declares what a list is asked."""

    async def forbids(self, number: str) -> bool:
        """Return whether an E.164 number is on the list.

        Raises:
            ListUnavailable: Nobody knows.
        """


class NoList:
    """Forbids nobody: the operator has said that there is no list."""

    async def forbids(self, number: str) -> bool:
        return False


class FileList:
    """Reads a file with one number a line, in any form, `#` before remarks; anew for each number, as it may grow."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def forbids(self, number: str) -> bool:
        try:
            lines = self._path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ListUnavailable(type(error).__name__) from None
        return any(e164(line.partition("#")[0]) == number for line in lines)


class HttpList:
    """Asks an address: 200 with `{"listed": true}` or `{"listed": false}`, or 404 for a number that is not on it."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def forbids(self, number: str) -> bool:
        address = self._address.replace("{number}", quote(number, safe=""))
        limit = aiohttp.ClientTimeout(total=LOOK_UP_SECONDS)
        try:
            async with aiohttp.ClientSession(timeout=limit) as http, http.get(address) as answer:
                if answer.status == 404:
                    return False
                listed = (await answer.json(content_type=None))["listed"] if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            raise ListUnavailable(type(error).__name__) from None
        if not isinstance(listed, bool):
            raise ListUnavailable(f"HTTP {answer.status}")
        return listed


def do_not_call_list(setting: str, folder: Path) -> DoNotCall:
    """Return the list that a setting names: "none", an address with `{number}` in it, or a file below `folder`.

    Raises:
        BadConfig: There is no such list.
    """
    if setting == NO_LIST:
        return NoList()
    if setting.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        if "{number}" not in setting:
            raise BadConfig("outbound.do_not_call", why="the address has no {number} in it", do="Write where it goes")
        return HttpList(setting)
    if "://" in setting:
        raise BadConfig("outbound.do_not_call", why=f"{setting} is no https address", do="Numbers go over https alone")
    path = folder / setting
    if not path.is_file():
        raise BadConfig("outbound.do_not_call", why=f"there is no file {path}", do='Write one, or "none"')
    return FileList(path)
