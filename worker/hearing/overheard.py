"""Keeps what the caller says while the agent speaks until the voice is silent, then answers it or lets it go.

"Haan" in the middle of a story wants no answer; the same word over the last words of "Shall I cancel it?" is one, and
which of both it was is known only when the agent has fallen silent. Words over speech that does not stop for anybody
(the greeting) are answered after it. What a loudspeaker gives back of the agent's own words is no turn.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents import ChatMessage, stt
from livekit.agents.voice import SpeechHandle

from worker.end_of_turn.asking import STATEMENT, asked_for, last_sentence
from worker.hearing.acknowledgements import is_acknowledgement
from worker.hearing.echo import FEWEST_WORDS, Echo, find_echo

# With so little left the caller is ahead of the agent, not listening to it; they know how the sentence ends.
ENDING_SECONDS = 1.5
LETTERS_PER_SECOND = 14.0  # as Sarvam's voices speak; only for the length of a question's last sentence
# An echo is as long as the words are; who repeats them begins when they have been said.
REPEATING_SHARE = 0.35
ANSWERABLE_SECONDS = 3.0  # farther from the end, the reckoning by letters is too rough
LATE_ECHO_SECONDS = 0.7  # over the network to the loudspeaker and back
# The agent's last syllable: whoever begins over it speaks after the agent, and waits for an answer. A busy machine
# learns that the voice has ended as much later.
HARDLY_OVER_SECONDS = 0.5
# So little of a reply stops nobody: who speaks then has not finished. Heard at the caller, whose voice is noticed that
# much later here: the way there and back, and the voice detector's onset.
FALSE_START_SECONDS = 0.3
NOTICED_AFTER_SECONDS = 0.25
REMEMBERED_LETTERS = 1500
CUT_LETTERS = 6  # marks, and a first word that the recogniser has missed


@dataclass(frozen=True, slots=True)
class _Held:
    """Holds words that were said over the agent's voice, and wait for its end."""

    event: stt.SpeechEvent
    began: float
    """Seconds of the agent's voice that had been heard by then."""
    echo: Echo | None


class Overheard:
    """Judges the caller's words over the agent's voice, in one call."""

    def __init__(
        self,
        *,
        give_back: Callable[[stt.SpeechEvent], None],
        spoken_form: Callable[[str], str] = str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._give_back = give_back
        self._spoken_form = spoken_form
        self._now = now
        self._said = ""
        self._spoken_seconds = 0.0
        self._speaking_since: float | None = None
        self._silent_since = -LATE_ECHO_SECONDS
        self._agent_thinks = False
        self._over: SpeechHandle | None = None
        self._heard_of_it_at = 0.0
        self._answered_at: float | None = None  # by the same count; None before the caller's first turn
        self._began_after_silence_seconds = LATE_ECHO_SECONDS
        self._held: list[_Held] = []
        self._given_back: list[stt.SpeechEvent] = []

    @property
    def over_speech(self) -> bool:
        """Return whether the caller's newest words began over the agent's voice, or wait for its end.

        Not those that began with the voice's last syllable: without an answer to them nobody would speak.
        """
        if self._held or self._over is None:
            return bool(self._held)
        ended = self._over.done() and not self._over.interrupted
        return not ended or self._spoken() - self._heard_of_it_at > HARDLY_OVER_SECONDS

    @property
    def false_start(self) -> SpeechHandle | None:
        """Return the reply that the caller's newest words began too early to be about; None for any other speech."""
        speech = self._over
        if speech is None or speech.done() or speech.interrupted or not speech.allow_interruptions:
            return None
        return speech if self.reply_seconds <= FALSE_START_SECONDS + NOTICED_AFTER_SECONDS else None

    @property
    def reply_seconds(self) -> float:
        """Return how much of the agent's answer had sounded when the caller's newest words began."""
        return math.inf if self._answered_at is None else self._heard_of_it_at - self._answered_at

    def agent_state_changed(self, state: str) -> None:
        """Count the seconds in which the agent can be heard: a paused agent is not."""
        self._agent_thinks = state == "thinking"
        if state == "speaking":
            if self._speaking_since is None:
                self._speaking_since = self._now()
        elif self._speaking_since is not None:
            self._silent_since = self._now()
            self._spoken_seconds += self._silent_since - self._speaking_since
            self._speaking_since = None

    def agent_says(self, text: str) -> None:
        """Remember what is being said; the text is ahead of the sound."""
        self._said = (self._said + text)[-REMEMBERED_LETTERS:]

    def caller_spoke(self, speech: SpeechHandle | None) -> None:
        """Note that the caller begins to speak, while `speech` is being said or prepared."""
        # Not the agent's state: a paused agent counts as listening, and one "haan" can begin twice.
        self._over = speech if speech is not None and not speech.done() and not speech.interrupted else None
        self._heard_of_it_at = self._spoken()
        self._began_after_silence_seconds = self._now() - self._silent_since

    def turn_is_over(self) -> None:
        """Forget what is being answered now."""
        self._over = None
        self._answered_at = self._spoken()

    def is_interrupted(self, beginning: str) -> bool:
        """Return whether a turn that begins like this is spoken over the agent's voice, and is no echo of it.

        Fewer words than an echo is known by may be the beginning of one.
        """
        if self._over is None or self._over.done() or len(beginning.split()) < FEWEST_WORDS:
            return False
        return not is_acknowledgement(beginning) and self._echo_in(beginning) is None

    def keeps(self, event: stt.SpeechEvent, speech: SpeechHandle | None) -> bool:
        """Return whether this final transcript, come during `speech`, is to be passed over now.

        It may be given back later, and is then heard like any other. An echo that the caller has spoken into is cut off
        from the event's words.
        """
        if any(each is event for each in self._given_back):
            self._given_back.remove(event)
            return False
        echo = self._without_echo(event)
        listens = echo is not None or (self.false_start is None and is_acknowledgement(event.alternatives[0].text))
        if speech is not None and not speech.done() and not speech.allow_interruptions:
            began = self._heard_of_it_at if self._over is speech else self._spoken()
            self._hold(_Held(event, began, echo), speech)
            return True
        if self._over is None:
            return echo is not None
        if not listens:
            self._join_held_to(event)
            return False
        words = _Held(event, self._heard_of_it_at, echo)
        if self._over.done():
            return not self._is_answer(words, self._over)
        self._hold(words, self._over)
        return True

    def _without_echo(self, event: stt.SpeechEvent) -> Echo | None:
        """The echo that these words are, if they are one; what the caller has said into it stays as the event's."""
        best = event.alternatives[0]
        late = self._over is None and self._began_after_silence_seconds < LATE_ECHO_SECONDS
        if self._over is None and not late:
            return None
        echo = self._echo_in(best.text)
        if echo is None or (late and not _is_whole_question(echo, self._said)):
            return None
        if echo.rest and not is_acknowledgement(echo.rest):
            best.text = echo.rest
            return None
        return echo

    def _echo_in(self, heard: str) -> Echo | None:
        """Return the echo that these words are: of what was written, or of what the voice has made of its numbers."""
        return find_echo(heard, self._said) or find_echo(heard, self._spoken_form(self._said))

    def _hold(self, words: _Held, speech: SpeechHandle) -> None:
        if not self._held:
            speech.add_done_callback(self._fell_silent)
        self._held.append(words)

    def _join_held_to(self, event: stt.SpeechEvent) -> None:
        """Put "yes," in front of "but send it tomorrow": one sentence of the caller's, heard in two pieces."""
        since = self._spoken() - ENDING_SECONDS
        joined = [words for words in self._held if words.echo is None and words.began >= since]
        self._held = [words for words in self._held if words not in joined]
        heard = event.alternatives[0]
        heard.text = " ".join([*(words.event.alternatives[0].text.strip() for words in joined), heard.text])

    def _fell_silent(self, speech: SpeechHandle) -> None:
        held, self._held = self._held, []
        for words in held:
            listens = words.echo is not None or is_acknowledgement(words.event.alternatives[0].text)
            if not listens or self._is_answer(words, speech):
                self._given_back.append(words.event)
                self._give_back(words.event)

    def _is_answer(self, words: _Held, speech: SpeechHandle) -> bool:
        """Whether an acknowledgement, or what sounds like an echo, was said to the last words of `speech`."""
        if speech.interrupted or self._agent_thinks:
            return False  # other words have stopped it, and those are answered; or more is to come
        left_seconds = self._spoken() - words.began
        if words.echo is None:
            return left_seconds <= _ending_seconds(_words(speech))
        end_seconds = words.echo.letters_from_end / LETTERS_PER_SECOND
        length_seconds = words.echo.letters_from_start / LETTERS_PER_SECOND - end_seconds
        if end_seconds > ANSWERABLE_SECONDS or _is_whole_question(words.echo, self._said):
            return False
        return left_seconds <= end_seconds + REPEATING_SHARE * length_seconds

    def _spoken(self) -> float:
        running = 0.0 if self._speaking_since is None else self._now() - self._speaking_since
        return self._spoken_seconds + running


def _ending_seconds(said: str) -> float:
    """How long before the agent's silence an answer can begin: over all of a closing question."""
    if asked_for(said) == STATEMENT:
        return ENDING_SECONDS
    return max(ENDING_SECONDS, len(last_sentence(said)) / LETTERS_PER_SECOND)


def _is_whole_question(echo: Echo, said: str) -> bool:
    """Whether an echo is all of the agent's last question: nobody answers with that."""
    question = len(last_sentence(said))
    to_the_end = echo.letters_from_start >= question - CUT_LETTERS and echo.letters_from_end <= CUT_LETTERS
    return to_the_end and asked_for(said) != STATEMENT


def _words(speech: SpeechHandle) -> str:
    said = [item for item in speech.chat_items if isinstance(item, ChatMessage) and item.role == "assistant"]
    return said[-1].text_content or "" if said else ""
