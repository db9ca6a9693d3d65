"""Tells a wish for a language from a mere mention of it.

A name alone is nothing: "is the form available in Hindi" mentions it, "Hindi nahi aati" declines it, "Hindi mein baat
karo" wishes it. What decides is the verb that governs the name, who is its subject, and whether it is negated. English
puts the verb before the name; the Indian languages put it after: so each name is judged in the stretch of words that
can govern it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from worker.language.lexicon import QUESTION, VERB, Lexicon, Phrase
from worker.language.words import Word, loosely_spelt

_REACH_WITH_LOCATIVE = 6
"""How many words may stand between "Hindi mein" and its verb."""
_REACH_BARE = 1
_BEFORE = 2
_ENGLISH_REACH = 6
_NEGATION_REACH = 4
_SOFTENERS = frozenset({"na", "naa", "ना", "ને", "না", "ନା"})
_GOING_ON = frozenset({"raha", "rahe", "rahi", "rha", "rhe", "rhi", "रहा", "रहे", "रही", "ਰਿਹਾ", "ਰਹੇ", "ਰਹੀ"})
"""After a verb stem: somebody is, or was, speaking a language ("woh English bol rahe the"), which asks for nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a turn asks for. `target` may be a language without a voice; `declined` are those it refuses."""

    target: str | None = None
    declined: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Name:
    """A language's name, and the words that can govern it."""

    code: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    has_locative: bool
    is_last: bool
    is_first: bool


def find_wish(words: Sequence[Word], lexicon: Lexicon) -> Wish:
    """The language that the caller asks for in this turn, if any."""
    if not any(_code_of(word.text, lexicon) for word in words):
        return Wish()
    words = [replace(word, text=lexicon.english_spelt.get(word.text, word.text)) for word in words]
    targets: list[str] = []
    declined: set[str] = set()
    alone: list[str] = []
    for clause in _clauses(words):
        for name in _names(clause, lexicon):
            if _is_negated(name, lexicon):
                declined.add(name.code)
            elif _is_wished(name, clause, lexicon):
                targets.append(name.code)
            elif _stands_alone(name, lexicon):
                alone.append(name.code)
    if declined and not targets:
        targets = alone  # "not Tamil, English": the one that is refused makes the other a wish
    doubled = _bare_name(words, lexicon)
    if not targets and doubled is not None and doubled not in declined:
        targets.append(doubled)
    wanted = [target for target in targets if target not in declined]
    if not wanted:
        return Wish(declined=frozenset(declined))
    return Wish(wanted[-1], frozenset(declined))


def _code_of(word: str, lexicon: Lexicon) -> str | None:
    return lexicon.language_names.code_of(word)


def _clauses(words: Sequence[Word]) -> Iterator[list[str]]:
    clause: list[str] = []
    for word in words:
        clause.append(word.text)
        if word.ends_clause:
            yield clause
            clause = []
    if clause:
        yield clause


def _names(clause: list[str], lexicon: Lexicon) -> Iterator[_Name]:
    places = [i for i, word in enumerate(clause) if _is_a_language(clause, i, lexicon)]
    for order, place in enumerate(places):
        start = places[order - 1] + 1 if order else 0
        end = places[order + 1] if order + 1 < len(places) else len(clause)
        after = tuple(clause[place + 1 : end])
        fused = not lexicon.language_names.is_bare(clause[place])
        code = _code_of(clause[place], lexicon)
        if code is None:
            continue
        yield _Name(
            code=code,
            before=tuple(clause[start:place]),
            after=after,
            has_locative=fused or bool(after and after[0] in lexicon.wish.locatives),
            is_last=order + 1 == len(places),
            is_first=order == 0,
        )


def _is_a_language(clause: list[str], place: int, lexicon: Lexicon) -> bool:
    """Not "Tamil Nadu", not "Hindi movie": there the name describes another thing."""
    if _code_of(clause[place], lexicon) is None:
        return False
    described = clause[place + 1 : place + 2]
    if described and lexicon.language_names.is_bare(clause[place]) and (described[0],) in lexicon.english["documents"]:
        return False
    pair = tuple(clause[place : place + 2])
    return pair not in lexicon.phrases.get(clause[place], ())


def _bare_name(words: Sequence[Word], lexicon: Lexicon) -> str | None:
    """Nothing but one name, twice or with a please: "Hindi Hindi", "Kannada, please", "hmm, Hindi Hindi"."""
    polite = lexicon.english["fillers"]
    names = [
        _code_of(word.text, lexicon)
        for word in words
        if (word.text,) not in polite and (word.text,) not in lexicon.phrases.get(word.text, ())
    ]
    asked = any((word.text,) in lexicon.english["asking"] for word in words)
    if len(names) < (1 if asked else 2) or None in names or len(set(names)) > 1:
        return None
    return names[0]


# ---- negation


def _is_negated(name: _Name, lexicon: Lexicon) -> bool:
    english, indic = lexicon.english, lexicon.wish.negators
    name = replace(name, before=_without_answering_no(name.before, lexicon))
    refusing = any((word,) in english["negators"] for word in name.before)
    if refusing and any(_has(name.before, phrase) for phrase in english["not negations"]):
        return False
    after = _after_locative(name, lexicon)
    if any(name.before[-len(p) :] == p for p in english["excluding before"]):
        return True
    if after and after[0] in {p[0] for p in english["excluding after"]}:
        return not name.is_last or after[0] in indic
    if refusing:
        return True
    if name.is_last and any((word,) in english["negators"] for word in name.after[:4]):
        return True
    if any(word in indic for word in _refusals(name.after[:_NEGATION_REACH], lexicon)) and not _asks_back(name):
        return True
    return name.is_first and any(word in indic for word in name.before) and not _wish_verb_in(name.after, lexicon)


def _without_answering_no(before: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    """Without the "no" that answers the agent, before a wish of the caller's own: "no I want English"."""
    own = lexicon.english["behind an answering no"]
    kept: list[str] = []
    following = ""
    for word in reversed(before):
        if word == "no" and (following,) in own:  # and so the first "no" of "no no please"
            continue
        kept.append(word)
        following = word
    return tuple(reversed(kept))


def _refusals(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """Without "nahi to" ("or else") and the softening "na" after a verb ("bolo na"): they negate nothing."""
    kept = [w for i, w in enumerate(words) if i + 1 >= len(words) or words[i + 1] not in {"to", "toh", "तो"}]
    return [word for place, word in enumerate(kept) if not _softens(kept, place, lexicon)]


def _softens(words: Sequence[str], place: int, lexicon: Lexicon) -> bool:
    if words[place] not in _SOFTENERS:
        return False
    asked = any(_starts(words[place - size : place], lexicon.wish.speech) for size in (1, 2, 3) if size <= place)
    # Bengali "bolben na" does forbid: a polite future, not an imperative.
    return asked and not words[place - 1].endswith(("ben", "বেন"))


def _asks_back(name: _Name) -> bool:
    """ "Hindi mein baat nahi kar sakte kya?" asks for Hindi."""
    return bool(name.after) and name.after[-1] in {"kya", "क्या"}


def _after_locative(name: _Name, lexicon: Lexicon) -> tuple[str, ...]:
    if name.after and name.after[0] in lexicon.wish.locatives:
        return name.after[1:]
    return name.after


def _has(words: Sequence[str], phrase: Phrase) -> bool:
    size = len(phrase)
    return any(tuple(words[i : i + size]) == phrase for i in range(len(words) - size + 1))


# ---- wishes


def _is_wished(name: _Name, clause: list[str], lexicon: Lexicon) -> bool:
    near = (*name.before[-1:], *_after_locative(name, lexicon)[:1])
    only = any((word,) in lexicon.english["only"] for word in near)
    if only and any(_is_person(word, lexicon) for word in clause):
        return False  # "my wife speaks only Tamil"
    if only and not _is_about_the_caller(name.before, lexicon):
        if not any(_starts(name.after[at:], lexicon.wish.speech) for at in range(len(name.after))):
            return False  # "the tenants know only Hindi"
        only = False
    about_a_document = any((word,) in lexicon.english["documents"] for word in clause)
    if _by_indic_verb(name, lexicon, about_a_document=about_a_document):
        return True
    if _by_english_verb(name, lexicon):
        return True
    if about_a_document:
        return False
    if _is_easier_for_the_caller(clause, lexicon):
        return True
    return _by_preference(name, lexicon, only=only) or _only_the_name(name, lexicon)


def _is_about_the_caller(before: Sequence[str], lexicon: Lexicon) -> bool:
    """No subject but the caller: "only Hindi", "I know only Hindi"; not "the tenants know only Hindi"."""
    english = lexicon.english
    roles = [english[role] for role in ("fillers", "for me", "only", "preferring", "bridge after", "bridge")]
    known = {phrase[0] for phrase in english["preferring"]}
    return all(word in known or any((word,) in role for role in roles) for word in before)


def _is_person(word: str, lexicon: Lexicon) -> bool:
    return word.startswith(lexicon.persons) or (word,) in lexicon.english["persons by one word"]


def _wish_verb_in(words: Sequence[str], lexicon: Lexicon) -> bool:
    return any(_verb_at(words, i, lexicon) for i in range(len(words)))


def _verb_at(words: Sequence[str], index: int, lexicon: Lexicon) -> bool:
    wish = lexicon.wish
    return any(_starts(words[index:], verbs) for verbs in (wish.speech, wish.wants, wish.lights))


def _by_indic_verb(name: _Name, lexicon: Lexicon, *, about_a_document: bool) -> bool:
    after = _after_locative(name, lexicon)
    reach = _REACH_WITH_LOCATIVE if name.has_locative else _REACH_BARE
    if any((word,) in lexicon.english["nouns of speech"] for word in name.before[-3:]) and _starts(
        after, lexicon.wish.lights
    ):
        return True  # "baat Punjabi mein kar lein"
    for index in range(min(reach + 1, len(after))):
        borrowed = (after[index],) in lexicon.english["english verbs"]
        if borrowed and _starts(after[index + 1 :], lexicon.wish.lights):
            return True  # "Hindi-la explain pannunga"
        if _starts(after[index:], lexicon.wish.speech):
            return not _GOING_ON.intersection(after[index + 1 : index + 3])
        if not about_a_document and _starts(after[index:], lexicon.wish.wants):
            return True
        if (after[index],) in lexicon.english["documents"] or _governs_otherwise(after[index], lexicon):
            break
    if not name.is_first:
        return False
    tail = name.before[-4:]
    return any(
        _starts(tail[index:], lexicon.wish.speech) and len(tail) - index <= _BEFORE + 1 for index in range(len(tail))
    )


def _starts(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    spelt = [loosely_spelt(word) for word in words[:3]]
    return any(tuple(spelt[:size]) in phrases for size in range(len(spelt), 0, -1))


def _governs_otherwise(word: str, lexicon: Lexicon) -> bool:
    """A verb or question word that is no wish: "Hindi mein kya bolte hain" asks for a word, not for Hindi."""
    return any(entry.kind in {VERB, QUESTION} for entry in lexicon.words.get(word, ()))


def _by_english_verb(name: _Name, lexicon: Lexicon) -> bool:
    """ "Speak in X", "can you explain it to me in X", "switch to X", "X can you speak"."""
    english = lexicon.english
    before = name.before
    if name.after and (name.after[0],) in english["documents"]:
        return False  # "switch to the Kannada pack"
    for index in range(len(before) - 1, max(-1, len(before) - 1 - _ENGLISH_REACH), -1):
        asks = (before[index],) in english["speech"] or (
            (before[index],) in english["subjunctives"]
            and any((word,) in english["conditions"] for word in before[max(0, index - 3) : index])
        )
        if not asks:
            continue
        if any((word,) in english["breaks"] for word in before[index + 1 :]):
            continue
        subject = before[max(0, index - 4) : index]
        if any((word,) in english["others"] for word in subject) and not _asks_for_anybody(subject, lexicon):
            return False
        if subject[-1:] == ("i",) and (name.after or not name.is_last):
            return False
        return not (before[index] == "speaking" and not any((w,) in english["carrying on"] for w in subject))
    leading = [word for word in name.after if (word,) not in english["bridge"]]
    if leading[:1] == ["speaking"]:
        return False  # "a Gujarati speaking nurse"
    return len(leading) < len(name.after) and bool(leading) and (leading[0],) in english["speech"]


def _asks_for_anybody(subject: Sequence[str], lexicon: Lexicon) -> bool:
    """ "Could someone explain it in X": whoever will do, so the caller is who wishes it."""
    return any(
        (first,) in lexicon.english["asking for"] and (second,) in lexicon.english["anybody"]
        for first, second in pairwise(subject)
    )


def _by_preference(name: _Name, lexicon: Lexicon, *, only: bool) -> bool:
    """ "I prefer X", "I want X", "comfortable in X", "X would be better", "only X"."""
    english = lexicon.english
    before = tuple(word for word in name.before if (word,) not in english["bridge after"])
    if any(before[-len(phrase) :] == phrase for phrase in english["preferring"]) and not any(
        (word,) in english["others"] for word in name.before
    ):
        return True
    if any(name.after[: len(phrase)] == phrase for phrase in english["better"]):
        return True
    return only and not any((word,) in english["others"] for word in name.before)


def _is_easier_for_the_caller(clause: Sequence[str], lexicon: Lexicon) -> bool:
    """ "Mala Bangla jasta sope jaate": a language, the caller in the dative, and that it is easy."""
    english = lexicon.english
    return any((word,) in english["ease"] for word in clause) and any((word,) in english["for me"] for word in clause)


def _only_the_name(name: _Name, lexicon: Lexicon) -> bool:
    """The whole clause is the name with "in" or "please": "Hindi mein", "Tamil please", "in English"."""
    asked = name.has_locative or any((word,) in lexicon.english["asking"] for word in (*name.before, *name.after))
    return asked and _stands_alone(name, lexicon)


def _stands_alone(name: _Name, lexicon: Lexicon) -> bool:
    fillers = lexicon.english["fillers"]
    return all((word,) in fillers for word in (*name.before, *_after_locative(name, lexicon)))
