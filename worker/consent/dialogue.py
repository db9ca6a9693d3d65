"""Leads one call's dialogue about keeping it, from the notice to the caller's change of mind.

Knows no session: what it says, hears and tells goes through the ports it is built with, so that a test leads it on fake
time. Times are those of the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol

from worker.consent import notices
from worker.consent.answers import Answer, Heard, read_answer, read_key
from worker.consent.notices import Notices, kept_phrase
from worker.consent.rules import ConsentRules, Mode, Purpose
from worker.consent.withdrawal import Remark, remark_in

ANSWER_SECONDS = 2.5  # an answer has begun by then
WORDS_SECONDS = 1.5  # and its words are there this long after the voice has fallen silent
LONGEST_ANSWER_SECONDS = 9.0  # a noisy line may sound like a caller for ever
LONGEST_NOTICE_SECONDS = 12.0  # a dead voice is somebody else's to notice
OVERLAP_SECONDS = 0.3  # so little before its end everybody has understood the question
EARLIER_SECONDS = 0.4  # for the record of an earlier call


class State(Enum):
    """How far the dialogue is."""

    SILENT = "nothing has been said about it"
    SAYING = "the notice is being said"
    LISTENING = "the question has been put"
    ALLOWED = "what the notice is about may be kept"
    UNANSWERED = "there was no clear answer, which is a no"
    REFUSED = "the caller has said no"
    WITHDRAWN = "the caller has changed their mind: what was kept is erased"


@dataclass(frozen=True, slots=True)
class Proof:
    """Proves what was said about one purpose, and what came of it."""

    at: datetime
    purpose: Purpose
    state: str
    """announced, given, refused, unclear or withdrawn."""
    by: str
    """voice, key, silence, notice (it was announced), page, reference (given outside), earlier (in another call)."""
    language: str
    notice_version: str
    turn: int
    reference: str | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return it as records and logs have it; when, each of them knows itself."""
        return {
            "purpose": str(self.purpose), "state": self.state, "by": self.by, "language": self.language,
            "notice_version": self.notice_version, "turn": self.turn, "reference": self.reference,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """Says what a caller has decided before this call: outside (a reference), or in an earlier one."""

    allowed: frozenset[Purpose]
    by: str
    reference: str | None = None
    notice_version: str | None = None


class Speech(Protocol):
    """What is being said; the framework's SpeechHandle is one."""

    async def wait_for_playout(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the dialogue asks of its call."""

    say: Callable[[str, str | None], Speech]
    """Say a phrase, in a voice if not in the call's own; nothing stops it."""
    language: Callable[[], str]
    turn: Callable[[], int]
    tell: Callable[[Proof], None]
    changed: Callable[[frozenset[Purpose]], None]
    """What may be kept from now on."""
    erase: Callable[[], None]
    """Erase what this call has kept so far; begun at once, never waited for."""
    earlier: Callable[[], Awaitable[Given | None]]
    """What the same caller has decided before, if that is known and still counts."""


class Consent:
    """Leads the dialogue of one call.

    ==========  ==========================================  ==========  ================================================
    in          what happens                                goes to     and
    ==========  ==========================================  ==========  ================================================
    SILENT      the call opens                              SAYING      nothing is kept yet
    SILENT      a reference, or an earlier call, says so    ALLOWED     or REFUSED; nothing is said
    SAYING      an announcement has been said               ALLOWED
    SAYING      a question has been said                    LISTENING   words that began before its end are never a yes
    LISTENING   a clear yes, by voice or key                ALLOWED     thanks; then the question about improving
    LISTENING   a clear no, "later"                         REFUSED     says so; never asked again
    LISTENING   nothing, or another matter                  UNANSWERED  the call goes on; another matter is answered
    UNANSWERED  the caller changes to another language      SAYING      once a language
    ALLOWED     the same                                    SAYING      the announcement; what is allowed stays so
    any         "don't record this", a button               WITHDRAWN   stops, erases, says so
    ==========  ==========================================  ==========  ================================================
    """

    def __init__(
        self, rules: ConsentRules, words: Notices, ports: Ports, *,
        notice_language: str | None = None, outside: Given | None = None,
    ) -> None:  # fmt: skip
        """Lead a dialogue by these rules.

        Args:
            notice_language: Said in this one at first, whatever the call is held in: the operator's choice.
            outside: What the operator's own dispatch says was given before.
        """
        self.state = State.SILENT
        self.allowed = rules.unasked
        """What may be kept now."""
        self._rules = rules
        self._words = words
        self._ports = ports
        self._notice_language = notice_language
        self._outside = outside
        self._heard_in: set[str] = set()
        self._asked = rules.opening
        self._said_in = ""
        self._answered = asyncio.Event()
        self._answer = Heard(Answer.NOTHING, says_more=False)
        self._by = "voice"
        self._speaks = False
        self._spoke_at = self._moved_at = self._ended_at = 0.0
        self._again: asyncio.Task[bool] | None = None

    # ---- what others ask and tell

    @property
    def listens(self) -> bool:
        """Return whether the caller's words may be an answer: nothing else is made of them before they are whole."""
        return self._rules.mode is Mode.ASKED and self.state in (State.SAYING, State.LISTENING)

    def allows(self, purpose: Purpose) -> bool:
        """Return whether something may be kept for this purpose now."""
        return purpose in self.allowed

    def caller_moved(self, *, speaks: bool) -> None:
        """Note that the caller begins or ends to speak."""
        self._speaks, self._moved_at = speaks, _now()
        if speaks:
            self._spoke_at = _now()

    def hear(self, text: str) -> bool:
        """Take in what the caller has said; True for words that want no other reply."""
        if not self._rules.opening:
            return False
        remark = remark_in(text)
        if remark is Remark.WITHDRAWS:
            self.withdraw("voice")
            return True
        if remark is Remark.ASKS:
            self._say(kept_phrase(self.allowed & self._rules.opening))
            return True
        return self.listens and self._take(read_answer(text))

    def press(self, digit: str) -> bool:
        """Take in a key of the caller's phone; True for one that answers."""
        answer = read_key(digit)
        if self.state is State.LISTENING or (self.listens and answer is Answer.NO):
            self._settle(Heard(answer, says_more=False), "key")
            return answer is not Answer.NOTHING
        return False

    def withdraw(self, by: str) -> None:
        """Keep nothing more, erase what was kept, and say so."""
        if not self._rules.opening:
            return
        kept = self.allowed & self._rules.purposes
        if self.listens and not kept:
            self._settle(Heard(Answer.NO, says_more=False), by)
        elif kept or self.state is State.SAYING:
            self._become(State.WITHDRAWN, self._rules.unasked, kept or self._asked, "withdrawn", by)
            self._answered.set()
            self._ports.erase()
            self._say(notices.WITHDRAWN)
        else:
            self._say(notices.NOT_KEPT)

    def language_changed(self) -> None:
        """Give the notice once in the language that the call has changed to, unless the caller has said no."""
        due = self._ports.language() not in self._heard_in and self.state in (State.ALLOWED, State.UNANSWERED)
        if due and self._rules.opening and (self._again is None or self._again.done()):
            self._again = asyncio.create_task(self._give_notice())

    def close(self) -> None:
        """End the dialogue with the call."""
        if self._again is not None:
            self._again.cancel()

    # ---- the opening

    async def open(self) -> bool:
        """Lead the dialogue before the greeting; False where the caller's words are being answered already."""
        if not self._rules.opening:
            self._ports.changed(self.allowed)
            return True
        given = self._outside or await self._earlier()
        if given is not None:
            self._accept(given)
            return True
        return await self._give_notice()

    async def _earlier(self) -> Given | None:
        if self._rules.mode is not Mode.ASKED:
            return None  # an announcement is made in every call
        try:
            async with asyncio.timeout(EARLIER_SECONDS):
                earlier = await self._ports.earlier()
        except TimeoutError:
            return None
        version = self._words.versions.get(self._ports.language())
        return earlier if earlier is not None and earlier.notice_version == version else None

    def _accept(self, given: Given) -> None:
        allowed = given.allowed & self._rules.purposes
        self._said_in = self._ports.language()
        self._heard_in.add(self._said_in)
        state = State.ALLOWED if allowed & self._rules.opening else State.REFUSED
        self._become(state, self._rules.unasked | allowed, allowed, "given", given.by, given.reference)
        if refused := self._rules.opening - allowed:
            self._tell(refused, "refused", given.by, given.reference)

    async def _give_notice(self) -> bool:
        """Say the notice and take the answer; False where the caller said something that is being answered."""
        self._asked = self._rules.opening
        if self.state is State.ALLOWED:
            await self._put(notices.TOLD)
            return True
        self.state = State.SAYING
        whole = await self._put(notices.NOTICE)
        if self.state is State.WITHDRAWN:
            return True
        if not whole:
            self._become(State.UNANSWERED, self._rules.unasked, self._asked, "unclear", "silence")
            return True
        if self._rules.mode is Mode.ANNOUNCED:
            self._become(State.ALLOWED, self._rules.unasked | self._asked, self._asked, "announced", "notice")
            return True
        heard = await self._take_answer()
        if heard.answer is Answer.YES and self._rules.asks_to_improve and not heard.says_more:
            self._asked, self.state = frozenset({Purpose.IMPROVEMENT}), State.SAYING
            if await self._put(notices.IMPROVEMENT):
                heard = await self._take_answer()
            elif self.state is State.SAYING:
                self.state = State.ALLOWED
        return not heard.says_more

    async def _put(self, phrase: str) -> bool:
        """Say a notice or a question to its end; False where it cannot be."""
        language = self._language_of_notice()
        self._heard_in |= {language, self._ports.language()}
        self._said_in = language
        self._answered.clear()
        self._ended_at = float("inf")
        speech = self._ports.say(self._words.name_in(language, phrase), self._words.voices.get(language))
        try:
            async with asyncio.timeout(LONGEST_NOTICE_SECONDS):
                await speech.wait_for_playout()
        except TimeoutError:
            return False
        self._ended_at = _now()
        return True

    def _language_of_notice(self) -> str:
        own, self._notice_language = self._notice_language or "", None
        return own if own in self._words.voices else self._ports.language()

    async def _take_answer(self) -> Heard:
        """Wait for the answer to the question just put, and keep to it."""
        if self.state is State.SAYING:
            self.state = State.LISTENING
        until = _now() + LONGEST_ANSWER_SECONDS
        while not self._answered.is_set() and (wait := self._seconds_left(until)) > 0:
            try:
                async with asyncio.timeout(min(wait, 0.25)):
                    await self._answered.wait()
            except TimeoutError:
                continue
        if self.state is State.WITHDRAWN:
            return Heard(Answer.NO, says_more=False)
        heard = self._answer if self._answered.is_set() else Heard(Answer.NOTHING, says_more=False)
        self._conclude(heard)
        return heard

    def _seconds_left(self, until: float) -> float:
        """Return how much longer an answer may be on its way."""
        if self._speaks:
            return until - _now()
        last = max(self._ended_at + ANSWER_SECONDS, self._moved_at + WORDS_SECONDS)
        return min(last, until) - _now()

    def _take(self, heard: Heard) -> bool:
        """Take words that were said to the question, or over it; True for those that want no other reply."""
        over = self._spoke_at < self._ended_at - OVERLAP_SECONDS
        if over and heard.answer is Answer.YES:
            heard = Heard(Answer.UNCLEAR, says_more=True) if heard.says_more else Heard(Answer.NOTHING, says_more=False)
        self._settle(heard, "voice")
        return not heard.says_more

    def _settle(self, heard: Heard, by: str) -> None:
        if heard.answer is not Answer.NOTHING and not self._answered.is_set():
            self._answer, self._by = heard, by
            self._answered.set()

    def _conclude(self, heard: Heard) -> None:
        asked, kept = self._asked, self.allowed
        improving = asked == {Purpose.IMPROVEMENT}
        if heard.answer is Answer.YES:
            self._become(State.ALLOWED, kept | asked, asked, "given", self._by)
            if not heard.says_more:
                self._say(notices.GIVEN)
        elif heard.answer in (Answer.NO, Answer.LATER):
            self._become(State.ALLOWED if improving else State.REFUSED, kept, asked, "refused", self._by)
            if not heard.says_more and not improving:
                self._say(notices.REFUSED)
        else:
            by = "silence" if heard.answer is Answer.NOTHING else "voice"
            state = "refused" if heard.answer is Answer.NOTHING else "unclear"
            self._become(State.ALLOWED if improving else State.UNANSWERED, kept, asked, state, by)

    # ---- what came of it

    def _become(
        self, state: State, allowed: frozenset[Purpose], about: frozenset[Purpose], word: str, by: str,
        reference: str | None = None,
    ) -> None:  # fmt: skip
        self.state, self.allowed = state, allowed
        self._tell(about, word, by, reference)
        self._ports.changed(allowed)

    def _tell(self, about: frozenset[Purpose], state: str, by: str, reference: str | None = None) -> None:
        language = self._said_in or self._ports.language()
        version = self._words.versions.get(language, "")
        for purpose in sorted(about):
            proof = Proof(datetime.now(UTC), purpose, state, by, language, version, self._ports.turn(), reference)
            self._ports.tell(proof)

    def _say(self, phrase: str) -> None:
        self._ports.say(phrase, None)

    # ---- over agents

    def snapshot(self) -> dict[str, Any]:
        """Return the dialogue as the next agent of the call needs it."""
        return {
            "state": self.state.name, "allowed": sorted(self.allowed), "languages": sorted(self._heard_in),
            "said_in": self._said_in,
        }  # fmt: skip

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on where the agent before was; what is not known for sure is a no."""
        if not self._rules.opening:
            self._ports.changed(self.allowed)
            return
        known = {purpose.value: purpose for purpose in Purpose}
        allowed = frozenset(known[name] for name in saved.get("allowed", []) if name in known)
        state = State.__members__.get(str(saved.get("state")), State.UNANSWERED)
        self._heard_in = {str(language) for language in saved.get("languages", [])}
        self._said_in = str(saved.get("said_in", ""))
        if state in (State.SILENT, State.SAYING, State.LISTENING):
            state, allowed = State.UNANSWERED, frozenset()
        self.state, self.allowed = state, self._rules.unasked | (allowed & self._rules.purposes)
        self._ports.changed(self.allowed)


def _now() -> float:
    return asyncio.get_running_loop().time()
