"""What the bench's callers say: a table of utterances with their truth, and the sound of each, equal in every run."""

from bench.utterances.render import RenderedUtterance, Word, background, render_utterance
from bench.utterances.table import PausedTurn, Utterance, load_paused, load_table, load_unchosen, shares_of_kinds
from bench.utterances.voices import RECORDINGS_HELP, RecordingMissing, recordings_installed

__all__ = [
    "RECORDINGS_HELP",
    "PausedTurn",
    "RecordingMissing",
    "RenderedUtterance",
    "Utterance",
    "Word",
    "background",
    "load_paused",
    "load_table",
    "load_unchosen",
    "recordings_installed",
    "render_utterance",
    "shares_of_kinds",
    "usable",
]


def usable() -> tuple[Utterance, ...]:
    """The table without what this machine cannot render: the recordings, when their package is not installed."""
    return tuple(row for row in load_table() if row.engine != "recording" or recordings_installed())
