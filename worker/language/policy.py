"""Applies the rules, in order of precedence: wish, noise, short turn, own script, grammar, tag.

One pure function, so that a conversation, a command and a test decide alike. The reasons are in
docs/language-policy.md under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from worker.language.evidence import SCRIPT_LANGUAGE, Evidence, language_of, weigh
from worker.language.lexicon import lexicon
from worker.language.wishes import find_wish
from worker.language.words import MAX_CHARACTERS, words_of
from worker.languages import ENGLISH, SUPPORTED, WRITTEN_IN, canonical_code
from worker.text.scripts import LATIN, OTHER

_TURNS_TO_FOLLOW = 2
"""How many turns in a row move the reply when one is not enough: against a wish, or when only the tag speaks."""
_PROOF_ALONE = 1.5
_PROOF_WITH_SUPPORT = 1.0
"""What another Indian language must have of its own in a turn: a verb; or a case marker, if the tag or a whole clause
says the same. English takes no part in what neighbours share."""
_MIN_PROBABILITY = 0.5
"""A tag its own recogniser calls less likely than not is no claim. 1.0 proves nothing: it also means "not reported"."""
_MIN_PROBABILITY_ALONE = 0.7
"""Where nothing but the tag speaks, a guess that is little better than a coin is no claim either."""
_MIN_PROBABILITY_HEARD = 0.3
"""A recogniser that doubts its own claim this much has probably heard words in a noise."""
_MAX_WORDS_PER_SECOND = 6.0
"""Nobody speaks faster for a whole turn; a recogniser that hears more has made words out of a noise."""

_URDU, _HINDI = "ur", "hi-IN"

# Stable names: they are logged, and documented in docs/language-policy.md.
NO_EVIDENCE = "no_evidence"
SAME = "same_language"
WISH = "wish"
WISH_UNSUPPORTED = "wish_unsupported"
WISH_HOLDS = "wish_holds"
WISH_OUTLIVED = "wish_outlived"
NOT_THAT_LANGUAGE = "declined_language"
DOUBTED = "doubted"
SCRIPT = "script"
GRAMMAR = "grammar"
SHARED_WORDS = "shared_words"
GRAMMAR_ONCE = "grammar_once"
GRAMMAR_TWICE = "grammar_twice"
TAG_ONCE = "tag_once"
TAG_TWICE = "tag_twice"
UNSUPPORTED = "unsupported_language"


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """One user turn as the recogniser reported it. Every field may be wrong."""

    text: str
    language: str | None = None
    """The claimed tag, e.g. `hi-IN`; anything else counts as none."""
    probability: float | None = None
    """The claimed probability of the tag, 0 to 1."""
    sound_seconds: float | None = None
    """How long the caller's voice was heard, where that is known."""


@dataclass(frozen=True, slots=True)
class LanguageState:
    """What earlier turns decided. Opaque to callers but for `language`."""

    language: str
    wished: bool = False
    """The language was asked for, so one turn in another does not move it."""
    leaning: str | None = None
    """Another language that the turns since have been in."""
    leaning_turns: int = 0

    @staticmethod
    def start(default: str) -> LanguageState:
        """Before the first turn: `default` until there is evidence; an unknown default is English."""
        return LanguageState(canonical_code(default) or ENGLISH)


@dataclass(frozen=True, slots=True)
class Decision:
    """The language of the reply, why, and what to hand to the next turn."""

    language: str
    reason: str
    state: LanguageState


def decide(turn: HeardTurn, state: LanguageState) -> Decision:
    """Choose the language of the reply to one turn. Never raises, whatever was heard."""
    text = turn.text[:MAX_CHARACTERS] if isinstance(turn.text, str) else ""
    words = words_of(text)
    tables = lexicon()
    wish = find_wish(words, tables)
    if wish.target is not None:
        if wish.target not in SUPPORTED:
            return _stay(state, WISH_UNSUPPORTED)
        return _decision(LanguageState(wish.target, wished=True), WISH)
    tagged = _claimed(turn, _MIN_PROBABILITY)
    expected = frozenset({state.language, tagged or state.language})
    evidence = weigh(words, tables, expected=expected)
    if not evidence.is_clause:
        return _stay(state, NO_EVIDENCE)
    if _may_be_phantom(turn, len(words)):
        return _stay(state, DOUBTED)
    spoken = language_of(evidence, current=state.language, tagged=tagged)
    if spoken == _URDU and not _is_said_to_be_urdu(turn):
        return _follow(_HINDI, state, GRAMMAR)
    if spoken is None:
        return _by_tag(_claimed(turn, _MIN_PROBABILITY_ALONE), evidence, state)
    if spoken not in SUPPORTED:
        return _stay(state, UNSUPPORTED)
    if spoken in wish.declined and spoken != state.language:
        return _stay(state, NOT_THAT_LANGUAGE)
    if spoken in {SCRIPT_LANGUAGE.get(script) for script in evidence.scripts}:
        return _follow(spoken, state, SCRIPT)
    if spoken not in (state.language, ENGLISH) and not _is_proven(spoken, evidence, state, tagged):
        if not (evidence.is_sure_of(spoken) and evidence.proof(spoken, against=state.language)):
            return _stay(state, SHARED_WORDS)
        return _after_two_turns(spoken, state, GRAMMAR_ONCE, GRAMMAR_TWICE)
    return _follow(spoken, state, GRAMMAR)


def _is_said_to_be_urdu(turn: HeardTurn) -> bool:
    """Whether the recogniser calls it Urdu, not only writes it so: spoken, it is the Hindi that we answer in."""
    return isinstance(turn.language, str) and turn.language.lower().startswith(_URDU)


def _is_proven(spoken: str, evidence: Evidence, state: LanguageState, tagged: str | None) -> bool:
    """Whether a person would believe that the caller has changed to another Indian language."""
    proof = evidence.proof(spoken, against=state.language)
    if proof < evidence.proof(state.language, against=spoken):
        return False
    enough_to_stand_alone = 2 if evidence.is_sure_of(spoken) else 3
    has_support = (
        state.language == ENGLISH
        or tagged == spoken
        or evidence.has_clause_in(spoken, against=state.language)
        or evidence.is_foreign_to(state.language, least_words=enough_to_stand_alone)
    )
    return proof >= (_PROOF_WITH_SUPPORT if has_support else _PROOF_ALONE)


def _follow(spoken: str, state: LanguageState, reason: str) -> Decision:
    """The words speak for a language: at once, unless a wish holds."""
    if spoken == state.language:
        return _decision(replace(state, leaning=None, leaning_turns=0), SAME)
    if not state.wished:
        return _decision(LanguageState(spoken), reason)
    leaning = _lean(spoken, state)
    if leaning.leaning_turns < _TURNS_TO_FOLLOW:
        return _decision(leaning, WISH_HOLDS)
    return _decision(LanguageState(spoken), WISH_OUTLIVED)


def _by_tag(tagged: str | None, evidence: Evidence, state: LanguageState) -> Decision:
    """Only the tag speaks: two turns in a row."""
    has_own_words = evidence.scores.get(state.language, 0.0) > 0
    if tagged is None or (has_own_words and tagged != state.language) or not _can_be_written(tagged, evidence.scripts):
        return _stay(state, NO_EVIDENCE)
    if tagged == state.language:
        return _decision(replace(state, leaning=None, leaning_turns=0), SAME)
    return _after_two_turns(tagged, state, TAG_ONCE, TAG_TWICE)


def _after_two_turns(spoken: str, state: LanguageState, once: str, twice: str) -> Decision:
    leaning = _lean(spoken, state)
    if leaning.leaning_turns < _TURNS_TO_FOLLOW:
        return _decision(leaning, once)
    return _decision(LanguageState(spoken), twice)


def _can_be_written(language: str, scripts: frozenset[str]) -> bool:
    """Words in Devanagari are not Tamil, and words in Arabic letters are none of ours, whatever the tag says."""
    if OTHER in scripts:
        return False
    natives = {code for script in scripts if script != LATIN for code in WRITTEN_IN[script]}
    return not natives or language in natives


def _may_be_phantom(turn: HeardTurn, words: int) -> bool:
    """Whether the words were perhaps never said: the recogniser doubts them, or nobody speaks so fast."""
    seconds = turn.sound_seconds or None  # a length of nothing is none that was measured
    return _is_below(_MIN_PROBABILITY_HEARD, turn.probability) or _is_below(words / _MAX_WORDS_PER_SECOND, seconds)


def _claimed(turn: HeardTurn, least_probability: float) -> str | None:
    return None if _is_below(least_probability, turn.probability) else canonical_code(turn.language)


def _is_below(least: float, value: object) -> bool:
    """Whether a claimed number is too small; what is no number, or below zero, is no claim."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value < least


def _lean(towards: str, state: LanguageState) -> LanguageState:
    turns = state.leaning_turns + 1 if state.leaning == towards else 1
    return replace(state, leaning=towards, leaning_turns=turns)


def _stay(state: LanguageState, reason: str) -> Decision:
    return _decision(state, reason)


def _decision(state: LanguageState, reason: str) -> Decision:
    return Decision(state.language, reason, state)
