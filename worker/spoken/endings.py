"""Writes a case or ordinal ending on to a spoken number: 15వ is పదిహేనవ, 500-க்கு is ஐந்நூறுக்கு, 2रा is दूसरा."""

from worker.spoken.forms import SpokenForms
from worker.spoken.numbers import before_noun


def with_ending(words: str, ending: str, forms: SpokenForms, number: int | None = None) -> str:
    """`words` with what the writer put straight behind the figures; what is counted becomes a word of its own.

    Args:
        number: The whole number that `words` say: the first ordinals have stems of their own (पहला, প্রথম).
    """
    own = forms.endings
    if _begins(ending, own.nouns) or (own.glued and ending not in own.glued):
        return f"{before_noun(words, forms.numbers)} {ending}"
    for stem_number, beginning, stem in own.stems:
        if number == stem_number and ending.startswith(beginning):
            return stem + ending
    for word_end, beginning, both in own.joints:
        whole = beginning.removesuffix("$")
        fits = ending == whole if whole != beginning else ending.startswith(beginning)
        if fits and words.endswith(word_end):
            return words[: len(words) - len(word_end)] + both + ending[len(whole) :]
    return before_noun(words, forms.numbers) + ending


def _begins(ending: str, nouns: tuple[str, ...]) -> bool:
    return any(ending == noun[:-1] if noun.endswith("$") else ending.startswith(noun) for noun in nouns)


def ordinal_words(number: int, words: str, forms: SpokenForms) -> str:
    """What "12th" is in a language whose ordinals are written with an ending: बारहवाँ."""
    own = forms.endings
    if number <= len(own.first):
        return own.first[number - 1]
    return with_ending(words, own.nth, forms, number) if own.nth else words
