"""Asks smart-turn v3.2 how likely it is that the speaker has finished, from the last seconds of sound."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from worker.end_of_turn.sound.log_mel import BANDS, FRAMES_A_SECOND, Samples, log_mel
from worker.end_of_turn.sound.shorter_window import with_window

WEIGHTS: Final = Path(__file__).parents[3] / ".cache" / "weights" / "smart-turn-v3.2-cpu.onnx"
"""Where `make setup` unpacks them, and Dockerfile.worker."""
HEARD_SECONDS: Final = 4
"""The model reads 8 s; the last 4 s order ends and pauses as well, for 20 instead of 50 ms (docs/end-of-turn.md)."""
_TRAINED_SECONDS: Final = 8


class SmartTurn:
    """The model, loaded: 67 MB of memory with its runtime, once for all calls of a worker.

    Raises:
        OSError: The weights cannot be read.
        OtherModel: The file holds something else.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        import onnxruntime  # heavy: only the process that asks the model pays for it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = with_window(weights.read_bytes(), _TRAINED_SECONDS, HEARD_SECONDS)
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input: str = self._session.get_inputs()[0].name
        self._session.run(None, {self._input: np.zeros((1, BANDS, HEARD_SECONDS * FRAMES_A_SECOND), np.float32)})

    def probability(self, samples: Samples) -> float:
        """Return how likely it is that the turn ended with these samples: 16 kHz, mono, the first silence included."""
        picture = log_mel(samples, HEARD_SECONDS, _TRAINED_SECONDS)
        return float(self._session.run(None, {self._input: picture[None]})[0][0, 0])
