"""Reads recordings from where they lie, by any part of them, never from anywhere else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from console.errors import Refusal
from console.ogg import NotOgg, joined

PIECE_BYTES = 256 * 1024
ASK_SECONDS = 10
_PART = re.compile(r"\d{3}-\d{5}-(\d{13})\.ogg$")
JOINED_BYTES_MAX = 64_000_000
"""Four hours; what is longer is sent as it lies."""
JOINED_KEPT = 2
OGG = "audio/ogg"
TYPES = {".ogg": OGG, ".opus": OGG, ".wav": "audio/wav", ".webm": "audio/webm", ".mp3": "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class Sound:
    """One recording that is there: its objects, one after the other, and how large each is."""

    objects: tuple[tuple[str, int], ...]
    media_type: str

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self.objects)

    @property
    def began_at(self) -> datetime | None:
        """When its first part began, as the part's name says (worker/recording/shelf.py); None for another name."""
        seconds = _began_seconds(self.objects[0][0])
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Recordings:
    """The folder or bucket that recordings lie in."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/") + "/"
        options: dict[str, Any] = {} if base_url.startswith("file:") else {
            "client_options": {"timeout": timedelta(seconds=ASK_SECONDS)}
        }  # fmt: skip
        self._store = from_url(self._base_url, **options) if base_url else None
        self._joined: dict[Sound, bytes] = {}

    async def sound_at(self, url: str) -> Sound:
        """Find a recording by its address in the record.

        Raises:
            Refusal: 404, when it is gone, or lies outside of the folder of recordings.
        """
        path = self._path_of(url)
        try:
            if path.endswith("/"):
                parts = await obstore.list(self._store, path.rstrip("/")).collect_async()  # type: ignore[arg-type]
                objects = tuple(sorted((part["path"], part["size"]) for part in parts if _type_of(part["path"])))
            else:
                found = await obstore.head_async(self._store, path)  # type: ignore[arg-type]
                objects = ((path, found["size"]),)
        except (BaseError, OSError) as error:
            raise Refusal(404, "no_recording") from error
        if not objects or not (media_type := _type_of(objects[0][0])):
            raise Refusal(404, "no_recording")
        return Sound(objects, media_type)

    async def whole(self, sound: Sound) -> bytes | None:
        """A recording of several parts as one stream, which a browser can seek in; None for one that is one already.

        Raises:
            Refusal: 404, when it is gone meanwhile.
        """
        if len(sound.objects) == 1 or sound.media_type != OGG or sound.size_bytes > JOINED_BYTES_MAX:
            return None
        if sound not in self._joined:
            try:
                parts = [bytes(await self._bytes_of(path, 0, size)) for path, size in sound.objects]
                begins = [seconds for path, _ in sound.objects if (seconds := _began_seconds(path)) is not None]
                stream = await asyncio.to_thread(joined, parts, begins if len(begins) == len(parts) else None)
            except (BaseError, OSError) as error:
                raise Refusal(404, "no_recording") from error
            except NotOgg:
                return None
            while len(self._joined) >= JOINED_KEPT:
                self._joined.pop(next(iter(self._joined)))
            self._joined[sound] = stream
        return self._joined[sound]

    async def _bytes_of(self, path: str, start: int, end: int) -> bytes:
        return bytes(await obstore.get_range_async(self._store, path, start=start, end=end))  # type: ignore[arg-type]

    async def bytes_of(self, sound: Sound, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes from first to last, both included, a piece at a time."""
        begins = 0
        for path, size in sound.objects:
            start, end = max(first - begins, 0), min(last + 1 - begins, size)
            while start < end:
                stop = min(start + PIECE_BYTES, end)
                yield await self._bytes_of(path, start, stop)
                start = stop
            begins += size

    def _path_of(self, url: str) -> str:
        path = unquote(url.removeprefix(self._base_url))
        parts = path.rstrip("/").split("/")
        if self._store is None or not url.startswith(self._base_url) or not path or {"", ".", ".."} & set(parts):
            raise Refusal(404, "no_recording")
        return path


def _began_seconds(path: str) -> float | None:
    match = _PART.search(path)
    return int(match[1]) / 1000 if match else None


def _type_of(path: str) -> str | None:
    name = urlsplit(path).path
    return TYPES.get(name[name.rfind(".") :].lower()) if "." in name else None
