"""Builds voice activity detection: LiveKit's built-in silero, or the silero plugin, tuned for the end of a turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
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
    """Runs what it is given at once, in the caller's own thread.

    The network takes 0.05 ms. To wake a thread for that, 31 times a second in every call, costs more than it does.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it; what it raises is in the future."""
        future: Future[T] = Future()
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
