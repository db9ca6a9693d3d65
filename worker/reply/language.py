"""Follows the language of one call: previews it for a reply begun early, commits it when the turn is really over."""

from __future__ import annotations

from dataclasses import replace

from worker.language import LANGUAGES, Decision, HeardTurn, LanguageState, decide
from worker.languages import ENGLISH


class ReplyLanguage:
    """Keeps the language state of one call.

    A reply may be begun for words that turn out to be half a turn: only `commit` moves the state, `preview` never.
    """

    def __init__(self, default: str) -> None:
        self._state = LanguageState.start(default)
        self._claims: list[tuple[str, str | None, float | None]] = []
        self._committed_turns = 0
        self._before_turn = self._state, self._claims
        self.replying = self._state.language
        self.last: Decision | None = None

    @property
    def settled(self) -> str:
        """Return the language decided by the last finished turn."""
        return self._state.language

    @property
    def state(self) -> LanguageState:
        """Return all that earlier turns decided, for an agent that goes on with the call."""
        return self._state

    def hear(self, text: str, language: str | None, probability: float | None) -> None:
        """Take in a final transcript and what the recogniser claims about it."""
        self._claims.append((text, language, probability))

    def forget_claims(self) -> None:
        """What was heard of this turn so far was no part of it."""
        self._claims.clear()

    def preview(self, text: str, turns: int) -> Decision | None:
        """Decide for now what the reply to `text`, the `turns`-th thing the caller said, is spoken in."""
        if self.is_over(turns):
            self.replying = self._state.language
            return None
        decision = decide(self._turn(text), self._state)
        self.replying = decision.language
        return decision

    def is_over(self, turns: int) -> bool:
        """Return whether the `turns`-th thing the caller said has been decided on for good."""
        return turns <= self._committed_turns

    def commit(self, text: str, turns: int) -> Decision:
        """Decide for good: the turn is over."""
        self._before_turn = self._state, self._claims
        decision = decide(self._turn(text), self._state)
        self._state = decision.state
        self._committed_turns = turns
        self._claims = []
        self.replying = decision.language
        self.last = decision
        return decision

    def take_back(self) -> None:
        """Take the last decision back: the turn goes on, and more of it has been heard since."""
        self._state, claims = self._before_turn
        self._claims = claims + self._claims
        self._committed_turns -= 1

    def open_in(self, language: str) -> None:
        """Begin the call in `language`: a guess, which the caller's first words may correct."""
        self._go_on_from(LanguageState.start(language))

    def wish(self, language: str) -> None:
        """Note a wish for `language` that only the model understood: it sticks like any wish."""
        self._go_on_from(replace(LanguageState.start(language), wished=True))

    def restore(self, state: LanguageState, *, turns: int) -> None:
        """Go on from what `turns` turns that another agent has heard have decided."""
        self._go_on_from(state)
        self._committed_turns = turns

    def _go_on_from(self, state: LanguageState) -> None:
        self._state = state
        self.replying = state.language

    def _turn(self, text: str) -> HeardTurn:
        """Make the claims of a turn's parts one: that of its longest part."""
        if not self._claims:
            return HeardTurn(text, None, None)
        _, language, probability = max(self._claims, key=lambda claim: len(claim[0]))
        return HeardTurn(text, language, probability)


def instruction(language: str) -> str:
    """Return the line that tells the model what to write; it stands last, so that the shared prefix stays cacheable."""
    known = LANGUAGES[language]
    written = "" if language == ENGLISH else f", written in {known.script_name}"
    return f"Reply in {known.english_name} ({language}){written}."
