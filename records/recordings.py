"""Removes recordings from where they lie: a folder, Google's or Amazon's store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote, urlsplit


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
    import obstore  # only where recordings lie in a store
    from obstore.store import from_url

    store = from_url(f"{parts.scheme}://{parts.netloc}")
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
