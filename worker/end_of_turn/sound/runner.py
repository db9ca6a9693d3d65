"""Answers for all calls of a worker how likely a turn is over, in the framework's one process for shared models."""

import struct
import threading
from concurrent.futures import Future
from typing import ClassVar

import numpy as np

from worker.end_of_turn.sound.model import SmartTurn
from worker.livekit_internals import end_with_the_worker_quietly


class SoundRunner:
    """The framework makes one, in that process, and calls `run` from its threads.

    The model loads beside the worker's start: taking calls does not wait for it.
    """

    INFERENCE_METHOD: ClassVar[str] = "vaani_end_of_turn_sound"

    def __init__(self) -> None:
        self._model: Future[SmartTurn] = Future()

    def initialize(self) -> None:
        """Begin to load the model."""
        end_with_the_worker_quietly()
        threading.Thread(target=self._load, name="end-of-turn-sound", daemon=True).start()

    def run(self, data: bytes) -> bytes:
        """Return the probability, as a double, for 16-bit samples of 16 kHz."""
        return struct.pack("<d", self._model.result().probability(np.frombuffer(data, np.int16)))

    def _load(self) -> None:
        try:
            self._model.set_result(SmartTurn())
        except Exception as error:  # told to every call that asks
            self._model.set_exception(error)


def probability_of(answer: bytes | None) -> float:
    """Read what `SoundRunner.run` has answered; raises ValueError for anything else."""
    if answer is None or len(answer) != struct.calcsize("<d"):
        raise ValueError("the process for shared models has no answer")
    probability: float = struct.unpack("<d", answer)[0]
    return probability
