"""Makes one call's outcome out of its conversation: asked for, checked, marked, masked."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.languages import LANGUAGES
from worker.outcome.conversation import Conversation, new_masker
from worker.outcome.promises import marked_promises
from worker.outcome.request import NoAnswer, OutcomeModel, Tokens
from worker.outcome.schema import OutcomeSchema
from worker.settings import OutcomeSettings

OK, DOES_NOT_FIT, NO_ANSWER = "ok", "does_not_fit", "no_answer"
NOTHING_SAID, NO_WORDS, NO_CONSENT = "nothing_said", "no_words", "no_consent"
LONGEST_SUMMARY_CHARACTERS = 2_000
LONGEST_ANSWER_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to."""

    status: str
    """`ok`; `does_not_fit`: kept as it came; `nothing_said`; `no_words`; `no_consent`; `no_answer: why`."""
    summary: str | None = None
    outcome: Any = None
    """What the operator's schema asks for; of an answer that does not fit, the answer."""
    promises: Sequence[dict[str, Any]] = ()
    seconds: float = 0.0
    model: str = ""
    """Which one was asked; empty where none was."""
    tokens: Tokens = field(default_factory=Tokens)

    @property
    def is_answered(self) -> bool:
        """Whether asking again would be no use."""
        return not self.status.startswith(NO_ANSWER)

    @property
    def usage(self) -> dict[str, dict[str, float]]:
        """What asking is billed for, as a call's usage has it; empty where nothing is."""
        counters = self.tokens.as_counters()
        return {f"llm_usage:{self.model}": counters} if counters else {}

    def as_event(self) -> dict[str, Any]:
        """What the call's record is told."""
        return {
            "status": self.status, "summary": self.summary, "outcome": self.outcome, "promises": list(self.promises),
        }  # fmt: skip


class OutcomeMaker:
    """Makes outcomes as the settings say."""

    def __init__(
        self, settings: OutcomeSettings, schema: OutcomeSchema, model: OutcomeModel, *, unmasked: Sequence[str]
    ) -> None:
        self._settings, self._schema, self._model = settings, schema, model
        self._unmasked = unmasked

    async def make(self, call: Conversation, tools: Sequence[str], *, keeps_words: bool) -> Outcome:
        """Make the outcome of a call that is over; never raises for what a model or a network does.

        Args:
            call: What was said, and which tools ran.
            tools: The names of those that could have.
            keeps_words: Whether summary and free text may be kept.
        """
        if call.is_silent:
            return Outcome(NOTHING_SAID)
        masker = new_masker(self._unmasked)
        language = LANGUAGES[self._settings.outcome_language].english_name
        begun_at = time.monotonic()
        try:
            answer = await self._model.answer(call.as_text(masker), self._schema, language, list(tools))
        except NoAnswer as error:
            seconds = time.monotonic() - begun_at
            return Outcome(f"{NO_ANSWER}: {error.why}", seconds=seconds, model=self._model.model, tokens=error.tokens)
        found = _read(answer.text)
        fits = found is not None and isinstance(found.get("summary"), str) and self._schema.fits(found.get("outcome"))
        # Masked once more: a model may write out what it has guessed, and the tools' results were not in the call.
        whole = masker.value(found) if found is not None else {"answer": masker.text(answer.text)}
        outcome = whole.get("outcome") if fits else whole.get("outcome", {"answer": _cut(whole)})
        summary = whole.get("summary") if isinstance(whole.get("summary"), str) else None
        promises = marked_promises(whole.get("promises"), call.tools)
        if not keeps_words:
            summary = None
            outcome = self._schema.without_words(outcome) if fits else None
            promises = [{**promise, "what": None} for promise in promises]
        return Outcome(
            status=OK if fits else DOES_NOT_FIT,
            summary=summary[:LONGEST_SUMMARY_CHARACTERS] if summary else None,
            outcome=outcome if isinstance(outcome, dict) or outcome is None else {"answer": outcome},
            promises=promises,
            seconds=time.monotonic() - begun_at,
            model=self._model.model,
            tokens=answer.tokens,
        )


def _read(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _cut(answer: dict[str, Any]) -> Any:
    written = json.dumps(answer, ensure_ascii=False)
    return answer if len(written) <= LONGEST_ANSWER_CHARACTERS else written[:LONGEST_ANSWER_CHARACTERS]
