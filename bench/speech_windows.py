"""Tells by windows whether a voice speaks, as the framework's detector does: its network, and its counts beside it."""

import numpy as np
from livekit.local_inference import VAD

from sandbox.speech.voices import Samples

# As livekit.agents.inference.VAD has them, with the worker's settings: speech begins after 0.05 s, ends after 0.25 s.
_ACTIVATION, _DEACTIVATION, _MIN_SPEECH_WINDOWS, _MIN_SILENCE_WINDOWS = 0.5, 0.35, 2, 8


class SpeechWindows:
    """Follows one line's sound, window by window."""

    def __init__(self) -> None:
        self._network = VAD()
        self.speaking = False
        self.speech = 0
        """Windows of speech without a window of silence, up to now."""
        self._silence = 0

    def hear(self, window: Samples) -> float:
        """Take the next window (VAD_WINDOW_SAMPLES); returns how probable it is that it is speech."""
        probability = float(self._network.predict(np.ascontiguousarray(window)))
        if probability >= _ACTIVATION or (self.speaking and probability > _DEACTIVATION):
            self.speech, self._silence = self.speech + 1, 0
            self.speaking = self.speaking or self.speech >= _MIN_SPEECH_WINDOWS
        else:
            self.speech, self._silence = 0, self._silence + 1
            self.speaking = self.speaking and self._silence < _MIN_SILENCE_WINDOWS
        return probability
