"""A real Prometheus that scrapes one worker."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.stack import Process
from sandbox.stack.processes import free_port
from tests.needs import missing

CONFIGURATION = """
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: vaani, static_configs: [{{targets: ["{target}"]}}]}}]
"""


class Prometheus:
    """Answers queries about what it has scraped."""

    def __init__(self, process: Process, port: int, http: aiohttp.ClientSession) -> None:
        self._process = process
        self._url = f"http://127.0.0.1:{port}/api/v1"
        self._http = http

    async def ask(self, path: str, **query: str) -> Any:
        """The data of one answer."""
        async with self._http.get(f"{self._url}/{path}", params=query) as reply:
            content = await reply.json()
        assert content["status"] == "success", content
        return content["data"]

    async def scraped(self, query: str, seconds: float) -> list[Any]:
        """What a query finds, once a scrape has brought anything that it finds."""
        found: list[Any] = []

        async def has_come() -> bool:
            found[:] = (await self.ask("query", query=query))["result"]
            return bool(found)

        await self._process.until(has_come, seconds)
        return found

    async def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            await self.ask("status/buildinfo")
        except aiohttp.ClientError:
            return False
        return True


@asynccontextmanager
async def scraping(target: str, folder: Path) -> AsyncIterator[Prometheus]:
    """Run Debian's Prometheus on loopback, scraping `target` every second."""
    binary = shutil.which("prometheus") or missing("Prometheus is not here: apt-get install prometheus")
    (folder / "prometheus.yml").write_text(CONFIGURATION.format(target=target))
    port = free_port()
    command = [
        binary, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage",
    ]  # fmt: skip
    process = Process("prometheus", command, folder / "prometheus.log", {}, folder)
    async with aiohttp.ClientSession() as http:
        asked = Prometheus(process, port, http)
        await process.start()
        try:
            await process.until(asked.is_ready, 30)
            yield asked
        finally:
            await process.stop()
