"""Builds voice activity detection: LiveKit's built-in silero, or the silero plugin, tuned for the end of a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

from livekit.agents import inference, vad
from livekit.plugins import silero

from worker.settings import TurnSettings

# Both run the same network. The plugin's default of 0.55 s of silence would be added to every turn; below 0.25 s the
# framework refuses local turn detection.
MIN_SILENCE_SECONDS = 0.25
P = ParamSpec("P")
T = TypeVar("T")


class AtOnce(Executor):
    """Runs what it is given at once, in the running loop's own thread, for `run_in_executor`.

    The network takes 0.02 ms. To wake a thread for that, 31 times a second in every call, costs more than it does; so
    does waking the loop, which a future of `concurrent.futures` does: one of the loop's own is awaited as it is.
    """

    def submit(  # type: ignore[override]
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run it; what it raises is in the future."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def build_vad(settings: TurnSettings) -> vad.VAD:
    """Build the detector that WORKER_VAD names."""
    if settings.vad == "silero":
        return silero.VAD.load(min_silence_duration=MIN_SILENCE_SECONDS)
    return inference.VAD(model="silero", min_silence_duration=MIN_SILENCE_SECONDS, executor=AtOnce())
