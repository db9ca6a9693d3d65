"""Reads the word lists of every language into one table that answers in constant time.

The lists are for people (one file per language, a reason beside each list); this table is for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import product
from typing import Any

from worker.lang import part_of, shared
from worker.language.names import KEPT_ANSWERS, LanguageNames, read_names
from worker.language.sounds import SOUND, SOUND_IN_TAMIL, SURE_SOUND, sound_in_tamil, sound_of, without_last_nasal
from worker.language.words import folded, lightly_folded, loosely_spelt
from worker.languages import ENGLISH, LANGUAGES, SUPPORTED
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, script_of

# What a list in a data file is worth. Grammar makes a clause; the rest only adds to the side it is on.
VERB = "verb"
QUESTION = "question"
CASE = "case"
PARTICLE = "particle"
_KINDS = {"verbs": VERB, "questions": QUESTION, "cases": CASE, "particles": PARTICLE, "shared": PARTICLE}
_WEIGHTS = {VERB: 3.0, QUESTION: 3.0, CASE: 2.0, PARTICLE: 1.0}
_ENDINGS = {"verb_endings": (VERB, 2.0), "case_endings": (CASE, 1.5)}
_FORMS = ("native", "latin")
_SHORTEST_STEM = 2
_SHORTEST_SOUND = 2
_SHORTEST_FOLDED = 4
"""Shorter words have too many look-alikes to be read by their folded spelling."""

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One language's claim on a word."""

    language: str
    kind: str
    weight: float
    is_guess: bool = False
    """The word itself is on no list, only its ending or a looser spelling: another language's noun may look so."""


@dataclass(frozen=True, slots=True)
class WishWords:
    """What turns a language's name into a wish, in one language."""

    speech: frozenset[Phrase] = frozenset()
    """Verbs of speaking in a wishing form: "baat karo", "pesunga". """
    wants: frozenset[Phrase] = frozenset()
    """Verbs of wanting or of knowing, asked: "chahiye", "venum", "theriyuma"; no wish where a document is wanted."""
    lights: frozenset[Phrase] = frozenset()
    """Verbs that make an English verb of speaking one's own, in a wishing form: "(explain) pannunga". """
    locatives: frozenset[str] = frozenset()
    negators: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EnglishAnswers:
    """The English of short answers, which is at home in every language's calls."""

    words: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    """What agents ask for: "name", "number"."""
    asking: frozenset[str] = frozenset()
    """Verbs that make such a noun a request: "I need the number"."""
    inversions: frozenset[str] = frozenset()
    """Verbs that begin a question before their subject."""
    subjects: frozenset[str] = frozenset()
    """What follows them then."""
    unfinished: frozenset[str] = frozenset()
    """What a turn that was cut off ends with: "can I have a"."""
    introductions: frozenset[Phrase] = frozenset()
    """What stands before the speaker's name: "my name is", "this is"."""


@dataclass(slots=True, eq=False)
class Lexicon:
    """All word lists, as look-up tables. Built once, never changed.

    Equal only to itself, so that answers can be kept.
    """

    words: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    spellings: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    """Romanised Indian words under their folded spelling, for variants that no list has."""
    sounds: dict[str, dict[str, tuple[Entry, ...]]] = field(default_factory=dict)
    """All Indian words by their sound, as every script writes it and as Tamil does."""
    endings: dict[str, dict[str, tuple[Entry, ...]]] = field(default_factory=dict)
    """Script -> ending -> claims; searched from the longest ending down."""
    longest_ending: dict[str, int] = field(default_factory=dict)
    phrases: dict[str, tuple[Phrase, ...]] = field(default_factory=dict)
    """First word -> phrases that are no evidence (acknowledgements, names, brands, places), longest first."""
    answers: frozenset[str] = frozenset()
    """Words that are no evidence when nothing else is said: "illa", "ledu", "nahi"."""
    english_answers: EnglishAnswers = field(default_factory=EnglishAnswers)
    acknowledgements: frozenset[str] = frozenset()
    """Acknowledgements that are also grammar: "acha" has happened in Tamil, and is "I see" in the north."""
    numbers: frozenset[str] = frozenset()
    loanwords: frozenset[str] = frozenset()
    """English nouns that every Indian language borrows: no ending is searched in them."""
    language_names: LanguageNames = field(default_factory=LanguageNames)
    wish: WishWords = field(default_factory=WishWords)
    english: dict[str, frozenset[Phrase]] = field(default_factory=dict)
    """English wish vocabulary by role."""
    english_spelt: dict[str, str] = field(default_factory=dict)
    """An English word in Indian letters -> the English word."""
    surnames: frozenset[str] = frozenset()
    """Family names that are also a grammar word of some language."""
    words_for_name: frozenset[str] = frozenset()
    first_names: frozenset[str] = frozenset()
    english_verbs: frozenset[str] = frozenset()
    """English main verbs, which every Indian language borrows."""
    english_finite: frozenset[str] = frozenset()
    """Their forms with a person or a tense: "speaks", "called"."""
    english_subjects: frozenset[str] = frozenset()
    """English pronouns that are followed by their verb."""
    shared_with: dict[str, frozenset[str]] = field(default_factory=dict)
    """`lightly_folded` word of one language's lists -> other languages that have such a word too."""
    own_letters: dict[str, str] = field(default_factory=dict)
    """Letter that one language alone is written with -> that language."""
    contested_scripts: frozenset[str] = frozenset()
    """Scripts that languages without a voice are written in too: such a script alone proves nothing."""
    persons: tuple[str, ...] = ()
    """How words for other people begin, in every language."""


@lru_cache(maxsize=KEPT_ANSWERS)
def claims(lexicon: Lexicon, word: str, script: str) -> tuple[Entry, ...]:
    """Which languages know this word, by the lists first and by its ending second."""
    known = lexicon.sounds.get(script, lexicon.words).get(word)
    if known is not None:
        return known
    if word in lexicon.loanwords:
        return ()
    if script == LATIN and len(word) >= _SHORTEST_FOLDED:
        variant = lexicon.spellings.get(folded(word))
        if variant is not None:
            return variant
    endings = lexicon.endings.get(script)
    if endings is None:
        return ()
    for size in range(min(lexicon.longest_ending[script], len(word) - _SHORTEST_STEM), 0, -1):
        found = endings.get(word[-size:])
        if found is not None:
            return found
    return ()


def _split(section: dict[str, Any], form: str) -> list[str]:
    return normalised(section.get(form, "")).split()


def _phrases(listed: Iterable[str]) -> list[Phrase]:
    return [tuple(normalised(phrase).split()) for phrase in listed]


def _script_groups(words: list[str]) -> list[tuple[str, str]]:
    return [(script_of(word[0]), word) for word in words]


class _Builder:
    """Collects the files; separate from the table so that the table stays plain data."""

    def __init__(self) -> None:
        self.words: dict[str, dict[str, Entry]] = {}
        self.endings: dict[str, dict[str, dict[str, Entry]]] = {}
        self.phrases: set[Phrase] = set()
        self.answers: set[str] = set()
        self.numbers: set[str] = set()
        self.speech: set[Phrase] = set()
        self.wants: set[Phrase] = set()
        self.lights: set[Phrase] = set()
        self.locatives: set[str] = set()
        self.negators: set[str] = set()
        self.own_letters: dict[str, str] = {}
        self.contested_scripts: set[str] = set()

    def _verbs(self, table: dict[str, Any], name: str, form: str) -> list[Phrase]:
        return [tuple(map(loosely_spelt, phrase)) for phrase in _phrases(table.get(name, {}).get(form, []))]

    def add_language(self, table: dict[str, Any]) -> None:
        code = table["code"]
        self.own_letters.update(dict.fromkeys(table.get("own_letters", ""), code))
        if code not in SUPPORTED:
            natives = (_split(table.get(kind, {}), "native") for kind in _KINDS)
            self.contested_scripts.update(script_of(word[0]) for words in natives for word in words)
        for name, kind in _KINDS.items():
            for form in _FORMS:
                for word in _split(table.get(name, {}), form):
                    self._claim(self.words, word, Entry(code, kind, _WEIGHTS[kind]))
        for name, (kind, weight) in _ENDINGS.items():
            for form in _FORMS:
                for script, ending in _script_groups(_split(table.get(name, {}), form)):
                    self._claim(self.endings.setdefault(script, {}), ending, Entry(code, kind, weight, is_guess=True))
        for form in _FORMS:
            self.phrases.update(_phrases(table.get("acknowledgements", {}).get(form, [])))
            if code != "en-IN":
                self.answers.update(_split(table.get("answers", {}), form))
            self.numbers.update(_split(table.get("numbers", {}), form))
            self.negators.update(_split(table.get("wish_negators", {}), form))
            self.locatives.update(_split(table.get("wish_locatives", {}), form))
            self.speech.update(self._verbs(table, "wish_speech", form))
            self.wants.update(self._verbs(table, "wish_wants", form))

    def add_endings(self, table: dict[str, Any]) -> None:
        """The end of turn's lists: digits with their values ("ek=1"), and what anybody says while listening."""
        digits = table.get("lists", {}).get("digits", "")
        self.numbers.update(normalised(pair.partition("=")[0]) for pair in digits.split())
        self.phrases.update(_phrases(table.get("listening", {}).get("of_any_language", [])))

    def add_confirmations(self, section: dict[str, str]) -> None:
        """Every subject with everything that is said of it: "that's right", "it is correct"."""
        pairs = product(_phrases(section["subjects"]), _phrases(section["said"]))
        self.phrases.update(subject + said for subject, said in pairs)

    def claim(self, word: str, entry: Entry) -> None:
        """One more claim on a word."""
        self._claim(self.words, word, entry)

    def add_wish_forms(self, groups: list[dict[str, str]]) -> None:
        """Every stem with every ending of its group; `_` stands for a space."""
        for group in groups:
            endings = normalised(group["endings"]).split() or [""]
            for role, forms in (("stems", self.speech), ("light", self.lights)):
                written = product(normalised(group.get(role, "")).split(), endings)
                forms.update(tuple(map(loosely_spelt, (stem + end).replace("_", " ").split())) for stem, end in written)

    def wish_words(self) -> WishWords:
        return WishWords(
            frozenset(self.speech),
            frozenset(self.wants),
            frozenset(self.lights),
            frozenset(self.locatives),
            frozenset(self.negators),
        )

    def add_english_in_scripts(self, spellings: dict[str, str]) -> dict[str, str]:
        """What claims an English word claims its spellings; returns spelling -> word."""
        spelt = {each: word for word, written in spellings.items() for each in normalised(written).split()}
        for spelling, word in spelt.items():
            for entry in list(self.words.get(word, {}).values()):
                if entry.language == "en-IN":
                    self._claim(self.words, spelling, entry)
        return spelt

    def spellings(self) -> dict[str, tuple[Entry, ...]]:
        """Folded spelling -> claims. English keeps to its own spelling: it has one."""
        variants: dict[str, dict[str, Entry]] = {}
        for word, known in self.words.items():
            if len(word) >= _SHORTEST_FOLDED and script_of(word[0]) == LATIN:
                for entry in known.values():
                    if entry.language in SUPPORTED and entry.language != "en-IN":
                        self._claim(variants, folded(word), replace(entry, is_guess=True))
        return {spelling: tuple(known.values()) for spelling, known in variants.items()}

    def sounds(self, loanwords: frozenset[str]) -> dict[str, dict[str, tuple[Entry, ...]]]:
        """Sound -> claims, for words in letters of another language. Borrowed words stay out: "card" is no "karda"."""
        indian = self.words.keys() & loanwords
        borrowed = {
            sound_of(word.replace("c", "k"), LATIN)
            for word in loanwords - indian
            if script_of(word[0]) == LATIN and len(word) >= _SHORTEST_FOLDED
        }
        heard: dict[str, dict[str, dict[str, Entry]]] = {SOUND: {}, SOUND_IN_TAMIL: {}}
        for word, known in self.words.items():
            script = script_of(word[0])
            spoken = {word, without_last_nasal(word)} if script == LATIN else {word}
            for sound, entry in product({sound_of(each, script) for each in spoken}, known.values()):
                if len(sound) >= _SHORTEST_SOUND and sound not in borrowed and entry.language != "en-IN":
                    claim = replace(entry, is_guess=len(sound) < SURE_SOUND)
                    self._claim(heard[SOUND], sound, claim)
                    self._claim(heard[SOUND_IN_TAMIL], sound_in_tamil(sound), claim)
        return {how: {sound: tuple(k.values()) for sound, k in found.items()} for how, found in heard.items()}

    @staticmethod
    def _claim(target: dict[str, dict[str, Entry]], word: str, entry: Entry) -> None:
        known = target.setdefault(word, {})
        if entry.language not in known or known[entry.language].weight < entry.weight:
            known[entry.language] = entry


def _words(written: str) -> frozenset[str]:
    return frozenset(normalised(written).split())


def _by_first(phrases: set[Phrase]) -> dict[str, tuple[Phrase, ...]]:
    grouped: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        if phrase:
            grouped.setdefault(phrase[0], []).append(phrase)
    return {first: tuple(sorted(group, key=lambda p: (-len(p), p))) for first, group in grouped.items()}


def _english_answers(lists: Mapping[str, Any]) -> EnglishAnswers:
    return EnglishAnswers(
        words=_words(lists["answers"]["latin"]),
        nouns=_words(lists["answer_nouns"]["latin"]),
        asking=_words(lists["asking_verbs"]["latin"]),
        inversions=_words(lists["inversions"]["latin"]),
        subjects=_words(lists["subjects"]["latin"]) | _words(lists["inverted_subjects"]["latin"]),
        unfinished=_words(lists["unfinished"]["latin"]),
        introductions=frozenset(_phrases(lists["introductions"]["latin"])),
    )


def _shared_words() -> dict[str, frozenset[str]]:
    sharers: dict[str, set[str]] = {}
    for code, section in shared("shared_words").items():
        if code == "en-IN":
            continue  # homographs: claimed for English like any of its words
        for word in map(lightly_folded, normalised(section["words"]).split()):
            sharers.setdefault(word, set()).add(code)
    return {word: frozenset(codes) for word, codes in sharers.items()}


def _finite_forms(verbs: Iterable[str]) -> Iterator[str]:
    """Third person and past of regular English verbs."""
    for verb in verbs:
        if verb.endswith("y") and verb[-2] not in "aeou":
            yield from (verb[:-1] + "ies", verb[:-1] + "ied")
        else:
            yield verb + ("es" if verb.endswith(("s", "x", "ch", "sh", "o")) else "s")
            yield verb + ("d" if verb.endswith("e") else "ed")


@cache
def lexicon() -> Lexicon:
    """The tables, read from the data files once per process."""
    builder = _Builder()
    for code in LANGUAGES:
        builder.add_language({**part_of(code, "identity"), "code": code})
        builder.add_endings(part_of(code, "endings"))
    for table in shared("unsupported")["language"]:
        builder.add_language(table)
    builder.add_wish_forms(shared("wish_forms")["forms"])
    for word in _words(shared("shared_words")["en-IN"]["words"]):
        builder.claim(word, Entry("en-IN", PARTICLE, _WEIGHTS[PARTICLE]))
    english_spelt = builder.add_english_in_scripts(shared("english_in_scripts")["spellings"])
    names, proper, english = shared("language_names"), shared("proper_names"), shared("english_wishes")
    surnames, words_for_name = (_words(proper.pop(section)["words"]) for section in ("surnames", "words_for_name"))
    for section in proper.values():
        builder.phrases.update(_phrases(section["words"]))
    english_lists = part_of(ENGLISH, "identity")
    builder.add_confirmations(english_lists["confirmations"])
    loanwords = _words(shared("loanwords")["words"])
    main_verbs = _words(english_lists["main_verbs"]["latin"])
    # "ho" is Marathi for yes and a verb in Hindi: such a word is no evidence only when nothing else is said.
    ambiguous = {phrase for phrase in builder.phrases if len(phrase) == 1 and phrase[0] in builder.words}
    tables = Lexicon(
        words={word: tuple(known.values()) for word, known in builder.words.items()},
        spellings=builder.spellings(),
        sounds=builder.sounds(loanwords),
        endings={s: {e: tuple(k.values()) for e, k in found.items()} for s, found in builder.endings.items()},
        phrases=_by_first(builder.phrases - ambiguous),
        answers=frozenset(builder.answers | {phrase[0] for phrase in ambiguous}),
        english_answers=_english_answers(english_lists),
        acknowledgements=frozenset(phrase[0] for phrase in ambiguous),
        numbers=frozenset(builder.numbers),
        loanwords=loanwords,
        language_names=read_names(names),
        wish=builder.wish_words(),
        english_spelt=english_spelt,
        shared_with=_shared_words(),
        surnames=surnames,
        words_for_name=words_for_name,
        first_names=frozenset(phrase[0] for phrase in _phrases(proper["people"]["words"]) if len(phrase) == 1),
        english_verbs=main_verbs,
        english_finite=frozenset(_finite_forms(main_verbs)) | _words(english_lists["irregular_verbs"]["latin"]),
        english_subjects=_words(english_lists["subjects"]["latin"]),
        own_letters=builder.own_letters,
        contested_scripts=frozenset(builder.contested_scripts),
        persons=tuple(sorted(phrase[0] for phrase in _phrases(english["persons"]["words"]))),
        english={role: frozenset(_phrases(section["words"])) for role, section in english.items()},
    )
    tables.longest_ending = {script: max(map(len, found)) for script, found in tables.endings.items()}
    return tables
