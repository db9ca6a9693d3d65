"""Writes a case or ordinal ending on to a spoken number: 15వ is పదిహేనవ, 500-க்கு is ஐந்நூறுக்கு, 2रा is दूसरा."""

from worker.spoken.forms import SpokenForms
from worker.spoken.numbers import before_noun

_JOINING_VIRAMAS = ("్", "್", "୍")
"""Of Telugu, Kannada and Odia. Devanagari and its neighbours join on purpose, Tamil and Malayalam never."""


def with_ending(words: str, ending: str | None, forms: SpokenForms, number: int | None = None) -> str:
    """`words` with what the writer put straight behind the figures; what is counted becomes a word of its own.

    Args:
        number: The whole number that `words` say: the first ordinals have stems of their own (पहला, প্রথম).
    """
    if not ending:
        return words
    own = forms.endings
    if _begins(ending, own.nouns) or (own.glued and ending not in own.glued):
        return f"{before_noun(words, forms.numbers)} {ending}"
    for stem_number, beginning, stem in own.stems:
        if number == stem_number and ending.startswith(beginning):
            return stem + ending
    return _joined(words, ending, forms) or _written_on(before_noun(words, forms.numbers), ending)


def with_postposition(words: str, postposition: str, forms: SpokenForms) -> str:
    """`words` and what the writer put behind them as a word of its own, which some hours bend before: વાગ્યા સુધી."""
    return _joined(words, f" {postposition}", forms) or f"{words} {postposition}"


def _written_on(words: str, ending: str) -> str:
    """A hyphen behind Latin letters; a non-joiner where two consonants would grow into one letter: కామ్‌లో."""
    if words[-1:].isascii():
        return f"{words}-{ending}"
    return f"{words}\u200c{ending}" if words.endswith(_JOINING_VIRAMAS) else words + ending


def said_range(low: str, high: str, forms: SpokenForms) -> str:
    """Two numbers with what stands between them: five to seven, ಐದರಿಂದ ಏಳು."""
    between = forms.numbers.range.removeprefix("{}").removesuffix("{}").rstrip()
    low = before_noun(low, forms.numbers)
    if joined := _joined(low, between, forms):
        return f"{joined} {high}"
    return forms.numbers.range.format(low, high)


def said_share(part: str, whole: str, forms: SpokenForms) -> str:
    """Four out of five, ఐదుకి నాలుగు: in most languages the whole stands first and takes a case ending."""
    pattern = forms.symbols["out_of"]
    ending, _, rest = pattern.removeprefix("{1}").partition(" ")
    if not pattern.startswith("{1}") or not ending:
        return pattern.format(part, whole)
    return f"{with_ending(whole, ending, forms)} {rest.format(part)}"


def _joined(words: str, ending: str, forms: SpokenForms) -> str:
    """`words` grown together with `ending`; nothing if no joint of the language fits."""
    for word_end, beginning, both in forms.endings.joints:
        whole = beginning.removesuffix("$")
        fits = ending == whole if whole != beginning else ending.startswith(beginning)
        if fits and words.endswith(word_end):
            return words[: len(words) - len(word_end)] + both + ending[len(whole) :]
    return ""


def _begins(ending: str, nouns: tuple[str, ...]) -> bool:
    return any(ending == noun[:-1] if noun.endswith("$") else ending.startswith(noun) for noun in nouns)


def ordinal_words(number: int, words: str, forms: SpokenForms) -> str:
    """What "12th" is in a language whose ordinals are written with an ending: बारहवाँ."""
    own = forms.endings
    if number <= len(own.first):
        return own.first[number - 1]
    return with_ending(words, own.nth, forms, number) if own.nth else words
