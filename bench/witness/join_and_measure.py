"""Runs one voicebench scenario in a venv of its own, and takes the tool's own queue off what it measured.

Imports nothing of ours: it is started by `python -m bench.witness`, with voicebench's Python. voicebench hands its
sound to a queue of the rtc SDK, up to a second deep, and counts from when it put a frame in, not from when it was sent.
How deep the queue was is measured here, frame by frame, and printed beside the figures.
"""

import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from voicebench.adapters.livekit import LiveKitAdapter  # type: ignore[import-not-found]
from voicebench.metrics import analyze, summarize  # type: ignore[import-not-found]
from voicebench.runner import run  # type: ignore[import-not-found]
from voicebench.scenario import load_scenario  # type: ignore[import-not-found]


class Watched(LiveKitAdapter):  # type: ignore[misc]
    """The tool's own adapter; only notes how much sound waits in its queue."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.queued_seconds: list[float] = []

    async def send_audio(self, pcm: Any) -> None:
        await super().send_audio(pcm)
        if self._source is not None:
            self.queued_seconds.append(self._source.queued_duration)


async def main(scenario_file: str, out: str, url: str, key: str, secret: str, agent: str) -> None:
    adapter = Watched(url=url, api_key=key, api_secret=secret, agent_name=agent)
    session = analyze(await run(load_scenario(scenario_file), adapter))
    found = {
        "queue_seconds": statistics.median(adapter.queued_seconds),
        "summary": summarize([session]),
        "turns": session.to_dict()["turns"],
    }
    Path(out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
