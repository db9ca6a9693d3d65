"""Weighs what a turn's own words say about its language.

The matrix language is found by grammar (verb endings, case markers, question words), because nouns are borrowed
freely: "order status check karo" is Hindi although three of its four words are English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.language.lexicon import CASE, PARTICLE, QUESTION, VERB, Entry, Lexicon, claims
from worker.language.noise import is_answer, without_noise
from worker.language.sounds import SOUND, SOUND_IN_TAMIL, TAMIL, sound_in_tamil, sound_of
from worker.language.words import Word, lightly_folded
from worker.languages import BY_SPEAKERS, ENGLISH, WRITTEN_IN
from worker.text.scripts import LATIN

SCRIPT_LANGUAGE = {script: codes[0] for script, codes in WRITTEN_IN.items() if len(codes) == 1 and script != LATIN}
"""Scripts that one supported language uses."""

_UNKNOWN_NATIVE_WORD = 0.5
_OWN_LETTER = 4.0
_FINAL_VERB_BONUS = 2.0
_DISTINCT_BONUS = {VERB: 2.0, QUESTION: 2.0, CASE: 2.0, PARTICLE: 1.0}
_PROOF = {VERB: 2.0, QUESTION: 2.0, CASE: 1.0, PARTICLE: 0.5}
_GUESSED = {VERB: 1.0, QUESTION: 0.5, CASE: 0.5, PARTICLE: 0.0}
"""A verb's ending is a verb's; a question word is too short for its looser spelling to be sure."""
_SHORT_TURN_WORDS = 2
_LEVEL = 0.75
"""Two languages closer than this are level: what is spoken now, then the tag, decides between them."""
_MIN_SHARE = 0.2
"""Least score per word left; below it a stray look-alike is drowned in an unknown language."""
_NEIGHBOURHOOD = 4
_MIN_BY_SOUND = 5.0
"""Two words, one of them a verb or a question: a single one may sound like anything."""
_MIN_OF_EXPECTED = 2.0
"""What is spoken already, or claimed, needs a word."""
_DESCRIBING = frozenset({"that", "thats", "which", "who", "they", "we", "you"})
"""What begins a relative clause behind its noun."""
_ALONE = 1.0
"""What a word that no other language has is worth more."""
_SURER_BY_SOUND = 2.0
"""How much more must be heard than is written before the letters are not believed."""
_SURER_BY_SOUND_OF_EXPECTED = 1.5
"""The same where the call is in that language already: a recogniser has changed its letters, not the caller."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One word that counts: who claims it, and who else has such a word."""

    claims: tuple[Entry, ...]
    shared_with: frozenset[str]
    is_acknowledgement: bool
    """Said to show that one listens as often as for what it means."""

    def proof(self, language: str, *, against: str, in_clause: bool) -> float:
        """How much it speaks for `language`; a word that neighbours share is proof against none of them."""
        own = next((entry for entry in self.claims if entry.language == language), None)
        theirs = next((entry for entry in self.claims if entry.language == against), None)
        if own is None or (theirs is not None and (against != ENGLISH or theirs.kind != PARTICLE)):
            return 0.0
        is_shared = against != ENGLISH and (self.is_acknowledgement or against in self.shared_with)
        if is_shared and not in_clause:
            return 0.0
        worth = _GUESSED[own.kind] if own.is_guess else _PROOF[own.kind]
        return worth / 2 if is_shared else worth

    def is_clause_word_of(self, language: str) -> bool:
        """Whether it is, for certain and not in English too, a verb or a question word of a language."""
        languages = {entry.language for entry in self.claims}
        return ENGLISH not in languages and any(
            entry.language == language and entry.kind in (VERB, QUESTION) and not entry.is_guess
            for entry in self.claims
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the words of one turn say, before anything that was decided earlier counts."""

    words_left: int
    """How many words are left once acknowledgements, numbers, names and codes are out."""
    scores: Mapping[str, float]
    distinct: Mapping[str, float]
    """Score of the words that one Indian language alone claims: they tell siblings apart."""
    with_grammar: frozenset[str]
    scripts: frozenset[str]
    with_own_script: frozenset[str]
    """Languages whose script was heard, where no other language is written in it, with a voice or without."""
    is_clause: bool
    words: tuple[Heard, ...] = ()
    english_has_verb: bool = False

    def proof(self, language: str, *, against: str) -> float:
        """How much speaks for `language` that `against` does not have too: a verb of its own is worth 2."""
        in_clause = self.has_clause_in(language, against=against)
        return sum(word.proof(language, against=against, in_clause=in_clause) for word in self.words)

    def has_clause_in(self, language: str, *, against: str) -> bool:
        """Whether two words make a clause of a language: one is a verb, or `against` has no grammar here at all."""
        grammar = self._grammar_of(language)
        return len(grammar) > 1 and (bool({VERB, QUESTION} & set(grammar)) or not self._grammar_of(against))

    def is_foreign_to(self, language: str, *, least_words: int) -> bool:
        """Whether a turn of some words has none that a language would claim."""
        return self.words_left >= least_words and not any(e.language == language for w in self.words for e in w.claims)

    def has_own_word_of(self, language: str) -> bool:
        """Whether a word was heard, or a letter, that is not as well an English one."""
        if language == ENGLISH or language in self.with_own_script:
            return True
        claims_of = ({entry.language for entry in word.claims} for word in self.words)
        return any(language in languages and ENGLISH not in languages for languages in claims_of)

    def is_sure_of(self, language: str) -> bool:
        """Whether a word of the language itself was heard, not only its like."""
        return any(
            e.language == language and e.kind != PARTICLE and not e.is_guess for w in self.words for e in w.claims
        )

    def is_english_against(self, language: str) -> bool:
        """Whether a call in an Indian language has changed to English: a clause with its verb, and none in `language`.

        Callers in every language say English phrases, and end an English one with their own verb.
        """
        if not self.english_has_verb:
            return False
        is_embedded = any(word.is_clause_word_of(language) for word in self.words)
        return not is_embedded or self.scores.get(ENGLISH, 0.0) >= 2 * self.scores[language]

    def _grammar_of(self, language: str) -> list[str]:
        kinds = (entry.kind for word in self.words for entry in word.claims if entry.language == language)
        return [kind for kind in kinds if kind != PARTICLE]


def _owned(
    words: Sequence[Word], found: Sequence[tuple[Entry, ...]], sides: Sequence[str], index: int
) -> tuple[Entry, ...]:
    """Claims on a word that is both English and Indic ("me", "to", "do") go to the side its neighbours are on."""
    entries = found[index]
    if sides[index] != "both":
        return entries
    for distance in range(1, _NEIGHBOURHOOD):
        for place in (index - distance, index + distance):
            if not 0 <= place < len(found) or words[place].script != words[index].script:
                continue
            side = sides[place]
            if side == "english":
                return tuple(e for e in entries if e.language == ENGLISH)
            if side == "other":
                return tuple(e for e in entries if e.language != ENGLISH)
    return entries


def _side(entries: Sequence[Entry], word: Word, lexicon: Lexicon) -> str:
    is_borrowed = word.text in lexicon.loanwords and all(entry.kind == PARTICLE for entry in entries)
    if not entries or is_borrowed:
        return "none" if word.script == LATIN else "other"
    english = any(entry.language == ENGLISH for entry in entries)
    if english:
        return "english" if len(entries) == 1 else "both"
    return "other"


def weigh(words: Sequence[Word], lexicon: Lexicon, *, expected: frozenset[str]) -> Evidence:
    """Score every language on the words that count, by their sound where the letters are not its own.

    `expected` is what is spoken and what the recogniser claims: less convinces of it.
    """
    left = without_noise(words, lexicon)
    if is_answer(words, left, lexicon):
        left = []
    if any(word.script != LATIN for word in left):
        heard = [_by_sound(word) for word in left]
        if _is_in_foreign_letters(left, heard, expected, lexicon):
            return _weigh_left(heard, lexicon)
    return _weigh_left(left, lexicon)


def _by_sound(word: Word) -> Word:
    if word.script == LATIN:
        return word
    sound = sound_of(word.text, word.script)
    if word.script == TAMIL:
        return Word(sound_in_tamil(sound), SOUND_IN_TAMIL, word.ends_clause)
    return Word(sound, SOUND, word.ends_clause)


def _is_in_foreign_letters(
    written: Sequence[Word], heard: Sequence[Word], expected: frozenset[str], lexicon: Lexicon
) -> bool:
    """Whether the sound of a turn is a clause of some language, and its letters spell next to nothing of theirs."""
    if _written_with_own_letters(written, lexicon):
        return False
    own = {code for word in written for code in WRITTEN_IN.get(word.script, ()) if word.script != LATIN}
    by_letters, by_sound = _known(written, lexicon), _known(heard, lexicon)
    theirs = max(by_letters.values(), default=0.0), *(by_sound.get(language, 0.0) for language in own)
    return any(
        weight
        >= (
            max(_SURER_BY_SOUND_OF_EXPECTED * max(theirs), _MIN_OF_EXPECTED)
            if language in expected
            else max(_SURER_BY_SOUND * max(theirs), _MIN_BY_SOUND)
        )
        for language, weight in by_sound.items()
        if language not in own
    )


def _known(words: Sequence[Word], lexicon: Lexicon) -> dict[str, float]:
    """How much of a turn each language knows: what only looks like its words counts half, what it alone has, more."""
    weights: dict[str, float] = {}
    for word in words:
        known = claims(lexicon, word.text, word.script)
        alone = _ALONE if len(known) == 1 else 0.0
        for entry in known:
            weight = entry.weight / 2 if entry.is_guess else entry.weight + alone
            weights[entry.language] = weights.get(entry.language, 0.0) + weight
    return weights


def _weigh_left(left: Sequence[Word], lexicon: Lexicon) -> Evidence:
    scores: dict[str, float] = {}
    kinds: dict[str, set[str]] = {}
    distinct: dict[str, float] = {}
    found = [claims(lexicon, word.text, word.script) for word in left]
    sides = [_side(entries, word, lexicon) for entries, word in zip(found, left, strict=True)]
    final_verbs: frozenset[str] = frozenset()
    counted = tuple(_owned(left, found, sides, index) for index in range(len(left)))
    for index, (word, owned) in enumerate(zip(left, counted, strict=True)):
        for entry in owned:
            scores[entry.language] = scores.get(entry.language, 0.0) + entry.weight
            kinds.setdefault(entry.language, set()).add(entry.kind)
            if len(owned) == 1:
                distinct[entry.language] = distinct.get(entry.language, 0.0) + _DISTINCT_BONUS[entry.kind]
        if not owned and word.script in SCRIPT_LANGUAGE:
            language = SCRIPT_LANGUAGE[word.script]
            scores[language] = scores.get(language, 0.0) + _UNKNOWN_NATIVE_WORD
        if owned and index >= len(left) - 2:
            verbs = frozenset(e.language for e in owned if e.kind == VERB and e.language != ENGLISH)
            final_verbs = verbs or final_verbs
    for language in final_verbs:
        scores[language] += _FINAL_VERB_BONUS
    for language in _written_with_own_letters(left, lexicon):
        scores[language] = scores.get(language, 0.0) + _OWN_LETTER
        kinds.setdefault(language, set()).add(CASE)
    with_grammar = frozenset(language for language, had in kinds.items() if _is_grammar(had, len(left)))
    scripts = frozenset(word.script for word in left)
    return Evidence(
        len(left), scores, distinct, with_grammar, scripts,
        frozenset(SCRIPT_LANGUAGE[s] for s in scripts - lexicon.contested_scripts if s in SCRIPT_LANGUAGE),
        bool(with_grammar) or len(left) > _SHORT_TURN_WORDS,
        tuple(
            Heard(
                owned,
                shared_with=lexicon.shared_with.get(lightly_folded(word.text), frozenset()),
                is_acknowledgement=word.text in lexicon.acknowledgements,
            )
            for word, owned in zip(left, counted, strict=True)
        ),
        _has_english_verb(left, counted, lexicon),
    )  # fmt: skip


def _written_with_own_letters(words: Sequence[Word], lexicon: Lexicon) -> set[str]:
    """Languages that have a letter to themselves in these words: ৰ and ৱ are Assamese, and not Bengali."""
    return {code for letter, code in lexicon.own_letters.items() if any(letter in word.text for word in words)}


def _has_english_verb(words: Sequence[Word], counted: Sequence[tuple[Entry, ...]], lexicon: Lexicon) -> bool:
    """A verb that only English has, or a verb that everybody borrows where English alone would put it."""
    spoken = [lexicon.english_spelt.get(word.text, word.text) for word in words]
    has_grammar = any(_is_english(counted, index) for index in range(len(counted)))
    describing = _relative_clauses(words, spoken, counted)
    for index, claimed in enumerate(counted):
        if index in describing:
            continue
        if any(entry.language == ENGLISH and entry.kind in (VERB, QUESTION) for entry in claimed):
            return True
        is_subject = spoken[index] in lexicon.english_subjects and _is_english_or_unknown(counted, index)
        if is_subject and _is_english_or_unknown(counted, index + 1):
            return True
        if spoken[index] in lexicon.english_verbs and _is_english(counted, index + 1):
            return True
        if spoken[index] in lexicon.english_finite and has_grammar:
            return True
    return False


def _relative_clauses(
    words: Sequence[Word], spoken: Sequence[str], counted: Sequence[tuple[Entry, ...]]
) -> frozenset[int]:
    """Where a noun is described ("food they serve", "a place thats cheap"): such verbs make no sentence of a phrase."""
    begins = [
        index
        for index in range(1, len(spoken))
        if spoken[index] in _DESCRIBING
        and not words[index - 1].ends_clause
        and all(entry.language != ENGLISH for entry in counted[index - 1])
    ]
    return frozenset(place for index in begins for place in (index, index + 1))


def _is_english(counted: Sequence[tuple[Entry, ...]], index: int) -> bool:
    """Whether an English grammar word stands there: after a verb it begins the object ("cancel my order")."""
    return index < len(counted) and any(e.language == ENGLISH and e.kind == CASE for e in counted[index])


def _is_english_or_unknown(counted: Sequence[tuple[Entry, ...]], index: int) -> bool:
    return index < len(counted) and (not counted[index] or any(e.language == ENGLISH for e in counted[index]))


def _is_grammar(kinds: set[str], words_left: int) -> bool:
    """A single word is a clause only as a verb or a question: a lone pronoun is an answer, not a sentence."""
    if words_left == 1:
        return bool(kinds & {VERB, QUESTION})
    return bool(kinds - {PARTICLE})


def language_of(evidence: Evidence, *, current: str, tagged: str | None) -> str | None:
    """The language the words speak, supported or not; None when they do not say."""
    if not evidence.is_clause:
        return None
    candidates = _candidates(evidence)
    if current != ENGLISH and not evidence.is_english_against(current):
        candidates.pop(ENGLISH, None)  # "east side of the market ma": English phrases are at home in every call
    if current == ENGLISH:  # "Use the main gate": every word of it is English too
        candidates = {code: score for code, score in candidates.items() if evidence.has_own_word_of(code)}
    if not candidates:
        return None
    best = max(candidates.values())
    if best < _MIN_SHARE * evidence.words_left:
        return None
    candidates = _likeliest_sibling(candidates, evidence, current=current, tagged=tagged)
    best = max(candidates.values())
    level = [language for language, score in candidates.items() if best - score < _LEVEL]
    # When two are level and neither is spoken nor claimed, the one with more speakers is the better guess.
    for preferred in (current, tagged, *BY_SPEAKERS):
        if preferred in level:
            return preferred
    return level[0]


def _likeliest_sibling(
    candidates: dict[str, float], evidence: Evidence, *, current: str, tagged: str | None
) -> dict[str, float]:
    """English, and of the Indian languages only the one that fits best: what sets siblings apart counts more."""
    siblings = {
        language: score + evidence.distinct.get(language, 0.0)
        for language, score in candidates.items()
        if language != ENGLISH
    }
    if not siblings:
        return candidates
    best = max(siblings.values())
    level = [language for language, score in siblings.items() if best - score < _LEVEL]
    preferred = next((code for code in (current, tagged, *BY_SPEAKERS) if code in level), level[0])
    kept = {preferred: candidates[preferred]}
    return kept | {ENGLISH: candidates[ENGLISH]} if ENGLISH in candidates else kept


def _candidates(evidence: Evidence) -> dict[str, float]:
    grammatical = {language: score for language, score in evidence.scores.items() if language in evidence.with_grammar}
    if evidence.words_left <= _SHORT_TURN_WORDS:
        return grammatical
    natives = {language: evidence.scores.get(language, 0.0) for language in evidence.with_own_script}
    native_clause = {k: v for k, v in natives.items() if v > _SHORT_TURN_WORDS * _UNKNOWN_NATIVE_WORD}
    weak = {language: score for language, score in evidence.scores.items() if score >= 2.0} if not grammatical else {}
    return weak | native_clause | grammatical
