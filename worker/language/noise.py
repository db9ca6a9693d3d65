"""Takes out of a turn what says nothing about its language: names, numbers, acknowledgements, answers.

Apart from the weighing because it changes for other reasons: with what agents ask and how people answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from worker.language.lexicon import EnglishAnswers, Lexicon, Phrase
from worker.language.words import Word
from worker.text.scripts import LATIN

_MAX_FIRST_NAMES = 2
_MAX_NAMES = 3
"""How many words of a name follow "my name is"."""
_LONGEST_ENGLISH_ANSWER = 6
"""Who says more in English than this has chosen it, even in words that say little."""
_LONGEST_INTRODUCTION = 4
_FRAGMENT_WORDS = 2
"""So few words may be the beginning of anything: "can I", "is it"."""
_COMMANDS = {("do", pointed_at) for pointed_at in ("it", "this", "that", "the")}
"""What looks like a question and is an order."""
_BEFORE_AN_EXAMPLE = (("for",), ("as", "in"), ("like",))
"""Between a spelt letter and the word that it begins: "c for cat", "m as in mango"."""
_LETTERS_THAT_LIKE = "ia"
"""With these before it "like" is no spelling: "I like tea"."""


def without_noise(words: Sequence[Word], lexicon: Lexicon) -> list[Word]:
    """Drop what is no evidence: acknowledgements, names, brands, places, numbers, spelt letters, language names."""
    said = [word for index, word in enumerate(words) if not _is_surname(words, index, lexicon)]
    spoken = _without_phrases(
        _without_examples(said), lexicon
    )  # first: whether "do" is a number is told by the words that are left
    return [
        word
        for index, word in enumerate(spoken)
        if not (
            _is_number(spoken, index, lexicon)
            or _is_half_of_the_day(spoken, index, lexicon)
            or _is_letter(spoken, index)
            or _is_name(word, lexicon)
        )
    ]


def _without_examples(words: Sequence[Word]) -> list[Word]:
    """Without what spells a letter by a word: "c for cat h for hen" is no English."""
    kept: list[Word] = []
    index = 0
    while index < len(words):
        size = _example_size(words, index)
        if size == 0:
            kept.append(words[index])
        index += size or 1
    return kept


def _example_size(words: Sequence[Word], index: int) -> int:
    """How many words spell one letter from here on; 0 where none do."""
    letter = words[index]
    if letter.script != LATIN or len(letter.text) > 1:
        return 0
    for joint in _BEFORE_AN_EXAMPLE:
        end = index + 1 + len(joint)
        joined = tuple(word.text for word in words[index + 1 : end]) == joint and end < len(words)
        if joined and (joint != ("like",) or letter.text not in _LETTERS_THAT_LIKE):
            return end + 1 - index
    return 0


def _without_phrases(words: Sequence[Word], lexicon: Lexicon) -> list[Word]:
    kept: list[Word] = []
    index = 0
    while index < len(words):
        phrase = _phrase_at(words, index, lexicon)
        if phrase is None:
            kept.append(words[index])
        index += len(phrase) if phrase else 1
    return kept


def _phrase_at(words: Sequence[Word], index: int, lexicon: Lexicon) -> Phrase | None:
    for phrase in lexicon.phrases.get(words[index].text, ()):
        if len(phrase) == 1 or tuple(w.text for w in words[index : index + len(phrase)]) == phrase:
            return phrase
    return None


def _is_number(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """Number words; those that are also grammar ("do", "one") only beside another number."""
    if words[index].text not in lexicon.numbers:
        return False
    if words[index].text not in lexicon.words:
        return True
    beside = [words[i].text for i in (index - 1, index + 1) if 0 <= i < len(words)]
    return any(text in lexicon.numbers for text in beside) or not beside


def _is_half_of_the_day(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """The "am" of "eleven am" is no verb; behind digits it has gone with them."""
    return words[index].text in {"am", "pm"} and index > 0 and words[index - 1].text in lexicon.numbers


def _is_surname(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """ "Das" tells in Punjabi, and is a family name behind a first name ("Sumitra Das") or a word for name."""
    if index == 0 or words[index].text not in lexicon.surnames:
        return False
    before = [word.text for word in words[max(0, index - 2) : index]]
    if any(text in lexicon.words_for_name for text in before) or _is_introduced(words, index, lexicon):
        return True
    names = [word for word in words[:index] if not _is_acknowledgement(word, lexicon)]  # "hmm, Sumitra Das"
    is_whole_turn = index == len(words) - 1 and 0 < len(names) <= _MAX_FIRST_NAMES
    return is_whole_turn and all(_may_be_first_name(word, lexicon) for word in names)


def _is_acknowledgement(word: Word, lexicon: Lexicon) -> bool:
    return word.text not in lexicon.first_names and (word.text,) in lexicon.phrases.get(word.text, ())


def _may_be_first_name(word: Word, lexicon: Lexicon) -> bool:
    """A name that we know, or a Latin word that no list has."""
    return word.text in lexicon.first_names or (word.script == LATIN and _is_on_no_list(word, lexicon))


def _is_on_no_list(word: Word, lexicon: Lexicon) -> bool:
    return not any(word.text in known for known in (lexicon.words, lexicon.loanwords, lexicon.phrases, lexicon.answers))


def _is_introduced(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """Whether a word is one of the few behind "my name is" or "this is"."""
    said = [lexicon.english_spelt.get(word.text, word.text) for word in words[:index]]
    return any(
        tuple(said[end - size : end]) in lexicon.english_answers.introductions
        for end in range(index, max(0, index - _MAX_NAMES), -1)
        for size in range(1, min(_LONGEST_INTRODUCTION, end) + 1)
    )


def is_answer(words: Sequence[Word], left: Sequence[Word], lexicon: Lexicon) -> bool:
    """Whether a turn only refuses, confirms or says who one is: people do so in any language, mostly in English.

    English beside a language's name is about that language ("I don't know Hindi"), and no answer.
    """
    if all(word.text in lexicon.answers for word in left):
        return True
    if len(left) > _LONGEST_ENGLISH_ANSWER or any(_is_name(word, lexicon) for word in words):
        return False
    spoken = [lexicon.english_spelt.get(word.text, word.text) for word in left]
    answers = lexicon.english_answers
    return not _asks(spoken, answers) and all(
        text in answers.words
        or text in answers.nouns
        or word.text in lexicon.answers
        or (_is_on_no_list(word, lexicon) and _is_introduced(left, index, lexicon))
        for index, (word, text) in enumerate(zip(left, spoken, strict=True))
    )


def _asks(spoken: Sequence[str], answers: EnglishAnswers) -> bool:
    """Whether English begins as a question does ("is it ready"), or asks for a thing ("I need the address")."""
    if not answers.nouns.isdisjoint(spoken) and "dont" not in spoken:
        return not answers.asking.isdisjoint(spoken)
    is_fragment = len(spoken) <= _FRAGMENT_WORDS or spoken[-1] in answers.unfinished
    if is_fragment or spoken[0] not in answers.inversions:
        return False
    return tuple(spoken[:2]) not in _COMMANDS and spoken[1] in answers.subjects


def _is_letter(words: Sequence[Word], index: int) -> bool:
    """A spelt letter. "I" and "a" are words unless they stand beside another single letter."""
    word = words[index]
    if word.script != LATIN or len(word.text) > 1:
        return False
    if word.text not in "iaeonu":
        return True
    beside = [words[i] for i in (index - 1, index + 1) if 0 <= i < len(words)]
    return any(len(w.text) == 1 and w.script == LATIN for w in beside)


def _is_name(word: Word, lexicon: Lexicon) -> bool:
    return lexicon.language_names.code_of(word.text) is not None
