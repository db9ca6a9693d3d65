"""Follows the language of one call: previews it for a reply begun early, commits it when the turn is really over."""

from __future__ import annotations

from worker.language import LANGUAGES, Decision, HeardTurn, LanguageState, decide


class ReplyLanguage:
    """The language state of one call.

    A reply may be begun for words that turn out to be half a turn: only `commit` moves the state, `preview` never.
    """

    def __init__(self, default: str) -> None:
        self._state = LanguageState.start(default)
        self._claims: list[tuple[str, str | None, float | None]] = []
        self._committed_turns = 0
        self.replying = self._state.language
        self.last: Decision | None = None

    @property
    def settled(self) -> str:
        """The language decided by the last finished turn."""
        return self._state.language

    def hear(self, text: str, language: str | None, probability: float | None) -> None:
        """One final transcript and what the recogniser claims about it."""
        self._claims.append((text, language, probability))

    def preview(self, text: str, turns: int) -> Decision | None:
        """What the reply to `text`, the `turns`-th thing the caller said, would be spoken in."""
        if self.is_over(turns):
            self.replying = self._state.language
            return None
        decision = decide(self._turn(text), self._state)
        self.replying = decision.language
        return decision

    def is_over(self, turns: int) -> bool:
        """Whether the `turns`-th thing the caller said has been decided on for good."""
        return turns <= self._committed_turns

    def commit(self, text: str, turns: int) -> Decision:
        """The turn is over: decide for good."""
        decision = decide(self._turn(text), self._state)
        self._state = decision.state
        self._committed_turns = turns
        self._claims.clear()
        self.replying = decision.language
        self.last = decision
        return decision

    def switch(self, language: str) -> None:
        """The caller asked for `language` in words that only the model understood."""
        self._state = LanguageState.start(language)
        self.replying = self._state.language

    def restore(self, language: str, *, turns: int) -> None:
        """Go on in `language` after `turns` turns that another agent has heard."""
        self.switch(language)
        self._committed_turns = turns

    def _turn(self, text: str) -> HeardTurn:
        """The claims of a turn's parts become one: that of its longest part."""
        if not self._claims:
            return HeardTurn(text, None, None)
        _, language, probability = max(self._claims, key=lambda claim: len(claim[0]))
        return HeardTurn(text, language, probability)


def instruction(language: str) -> str:
    """The line that tells the model what to write; it stands last, so that the shared prefix stays cacheable."""
    known = LANGUAGES[language]
    written = "" if language == "en-IN" else f", written in {known.script}"
    return f"Reply in {known.english_name} ({language}){written}."
