"""Combines what the words say, how they sound and what the recogniser does into seconds to wait.

The numbers rest on one fact: a reply takes its own time to make, and is begun on speculation as soon as a final
transcript is there. Waiting until that reply is ready costs the caller nothing, so even a finished sentence waits
almost that long; only unfinished words wait longer. A reply that is ready before that is not held back for as long:
there the wait is all that a caller hears. See docs/end-of-turn.md for the measurements.
"""

from dataclasses import dataclass
from typing import Final

from worker.end_of_turn.reading import Completeness, read_words
from worker.end_of_turn.sound.verdict import Sound, read_sound

_OVER_THEIR_PAUSES_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """Seconds after the last voiced sample, per verdict of the words."""

    finished_seconds: float = 0.80
    unclear_seconds: float = 0.95
    unfinished_seconds: float = 1.80
    sure_seconds: float = 0.60
    """After finished words that also sound ended. Shorter would cut off more callers than the words alone do."""
    ready_seconds: float = 0.60
    """After finished words, where the reply to them could be heard already."""
    in_pieces_seconds: float = 1.40
    """After unclear words that spell something of unknown length: a name, a number in groups."""
    late_final_seconds: float = 1.50
    """How long to wait for the recogniser's transcript of speech that it has not written yet."""
    most_seconds: float = 2.50
    """The longest wait of all, whatever the evidence."""

    def __post_init__(self) -> None:
        waits = (self.sure_seconds, self.finished_seconds, self.unclear_seconds, self.unfinished_seconds)
        if list(waits) != sorted(waits) or waits[0] < 0 or waits[-1] > self.most_seconds:
            raise ValueError(
                "End-of-turn waits must not shrink as words get less finished: need 0 <= sure_seconds <= "
                "finished_seconds <= unclear_seconds <= unfinished_seconds <= most_seconds, "
                f"got {self}. Correct the settings."
            )


DEFAULT_POLICY = WaitPolicy()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known at a pause."""

    text: str
    """What the transcript says so far in this turn."""
    language: str | None = None
    """The recogniser's tag; may be wrong or None."""
    transcript_pending: bool = False
    """The recogniser heard speech that is not in `text` yet."""
    asked: str = ""
    """The agent's last sentence."""
    sounds_over: float | None = None
    """How likely the turn is over from its sound alone; None where nobody was asked."""
    reply_is_ready: bool = False
    """The reply to these words has been made: a longer wait is silence."""
    longest_pause_seconds: float = 0.0
    """How long this caller has lately paused inside a turn."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait after the last voiced sample, and why (fit for logs: no transcript in it)."""

    seconds: float
    completeness: Completeness
    reason: str


def how_long_to_wait(evidence: Evidence, policy: WaitPolicy = DEFAULT_POLICY) -> Wait:
    """Seconds of silence after which the turn counts as finished, unless the caller goes on before."""
    reading = read_words(evidence.text, evidence.language, evidence.asked)
    sound = read_sound(evidence.sounds_over, evidence.language)
    seconds = {
        Completeness.FINISHED: _after_finished_words(sound, evidence, policy),
        Completeness.UNCLEAR: policy.unclear_seconds,
        Completeness.UNFINISHED: policy.unfinished_seconds,
    }[reading.completeness]
    if reading.in_pieces:
        seconds = max(seconds, min(policy.in_pieces_seconds, policy.unfinished_seconds))
    reason = reading.reason
    if reading.completeness is Completeness.FINISHED and sound is not Sound.UNKNOWN:
        reason = f"{reason}; {sound.value}"
    if evidence.transcript_pending:
        seconds, reason = max(seconds, policy.late_final_seconds), f"{reason}; a transcript is due"
    return Wait(min(seconds, policy.most_seconds), reading.completeness, reason)


def _after_finished_words(sound: Sound, evidence: Evidence, policy: WaitPolicy) -> float:
    if sound is Sound.GOES_ON:
        return policy.unclear_seconds
    seconds = policy.sure_seconds if sound is Sound.ENDED else policy.finished_seconds
    if evidence.reply_is_ready:
        seconds = min(seconds, policy.ready_seconds)
    if not evidence.longest_pause_seconds:
        return seconds
    return max(seconds, min(evidence.longest_pause_seconds + _OVER_THEIR_PAUSES_SECONDS, policy.finished_seconds))
