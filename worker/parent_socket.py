"""Opens the sockets at which a worker's parent hears its calls' processes; no other user can reach them."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

Hear = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LINE_BYTES_MAX: Final = 65_536


def new_address(purpose: str) -> Path:
    """Return an address in a folder of its own that nobody can guess; nothing is made before it is listened to."""
    return Path(tempfile.gettempdir()) / f"vaani-{purpose}-{secrets.token_hex(8)}" / purpose


async def listen(address: Path, hear: Hear, *, limit: int = LINE_BYTES_MAX) -> asyncio.Server:
    """Make the folder, enter it alone, and hear whoever connects; `limit` bounds one line's bytes.

    Raises:
        OSError, NotImplementedError: There can be no socket here; nothing is left of it.
    """
    address.parent.mkdir(mode=0o700)
    try:
        server = await asyncio.start_unix_server(hear, address, limit=limit)
        os.chmod(address, 0o600)
    except BaseException:
        forget(address)
        raise
    return server


def forget(address: Path) -> None:
    """Remove the socket and its folder."""
    shutil.rmtree(address.parent, ignore_errors=True)
