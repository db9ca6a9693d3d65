"""Tells words of the caller's from any other sound while the agent speaks.

A voice detector takes coughs, laughter and voices in the room for speech. Apart, because it knows nothing of calls: it
hears windows of sound and what the voice detector says of each, and answers whether they are words.
"""

from worker.barge_in.judge import Judge
from worker.barge_in.judged_vad import JudgedVAD

__all__ = ["Judge", "JudgedVAD"]
