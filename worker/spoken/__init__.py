"""Turns what a language model writes into what sounds right when it is spoken: numbers, money, dates; no markup.

Pure functions without network, model or clock, so that every spoken form is a line in a table of tests.
"""

from worker.languages import SUPPORTED as LANGUAGES
from worker.spoken.blocks import Blocks, blocks_in
from worker.spoken.pronunciations import Pronunciations, pronounced_stream
from worker.spoken.stream import SpeakableStream, says_something, speakable, speakable_stream

__all__ = [
    "LANGUAGES",
    "Blocks",
    "Pronunciations",
    "SpeakableStream",
    "blocks_in",
    "pronounced_stream",
    "says_something",
    "speakable",
    "speakable_stream",
]
