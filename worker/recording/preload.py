"""Loads what a recorded call needs once, in the fork server: worker.preload.

No store is opened here: that would start threads, which a fork does not take along.
"""

from __future__ import annotations

import numpy as np
import obstore.store

from records.masking.reading import Reading
from worker.recording.channel import RATE_HZ
from worker.recording.parts import Parts

__all__ = ["obstore"]

_second = np.zeros(RATE_HZ, dtype=np.int16)
_parts = Parts()
_parts.add(_second, _second)
_parts.close()
_ = Reading("Please tell me your card number.").asked  # reads the lists of words
