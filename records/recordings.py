"""Opens the stores that recordings lie in, and removes them: a folder, Google's or Amazon's store."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ANSWER_SECONDS, CONNECT_SECONDS = 10, 5
PLAIN_HTTP = ("AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")  # the stores' own variables, for one of one's own


def open_store(url: str, *, tries: int) -> Any:
    """Open the store of a `gs://` or `s3://` URL; each try ends after ANSWER_SECONDS.

    Left to itself the library tries for three minutes, during which nobody can change their mind.
    """
    from obstore.store import from_url  # only where recordings lie in a store

    plain = any(os.environ.get(name, "").lower() in ("1", "true") for name in PLAIN_HTTP)
    options = {"timeout": f"{ANSWER_SECONDS}s", "connect_timeout": f"{CONNECT_SECONDS}s", "allow_http": plain}
    return from_url(url, client_options=options, retry_config={"max_retries": tries - 1})  # type: ignore[call-overload]


async def remove_recording(url: str) -> None:
    """Remove the object that a URL names, or, where it ends in `/`, all below it; what is gone already is fine.

    Raises:
        Exception: The store's own, where it refuses or cannot be reached.
    """
    await asyncio.to_thread(_remove, url)


def _remove(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "file":
        _remove_file(Path(unquote(parts.path)), whole_folder=url.endswith("/"))
        return
    import obstore

    store = open_store(f"{parts.scheme}://{parts.netloc}", tries=3)
    path = unquote(parts.path).lstrip("/")
    names = [path] if not url.endswith("/") else [each["path"] for page in obstore.list(store, path) for each in page]
    for name in names:
        try:
            obstore.delete(store, name)
        except FileNotFoundError:
            continue


def _remove_file(path: Path, *, whole_folder: bool) -> None:
    files = [each for each in path.rglob("*") if each.is_file()] if whole_folder else [path]
    for file in files:
        file.unlink(missing_ok=True)
    if whole_folder:
        for folder in sorted(path.rglob("*"), reverse=True):
            folder.rmdir()
        if path.is_dir():
            path.rmdir()
