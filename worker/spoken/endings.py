"""Writes a case or ordinal ending on to a spoken number: 15వ is పదిహేనవ, 500-க்கு is ஐந்நூறுக்கு, 2रा is दूसरा."""

import re
from functools import cache

from worker.spoken.forms import SpokenForms
from worker.spoken.letters import AFTER_SHORT_FORM, APART, INDIC, INDIC_CHARS, any_of
from worker.spoken.numbers import before_counted, before_noun, with_pause

_JOINING_VIRAMAS = ("్", "್", "୍")
"""Of Telugu, Kannada and Odia. Devanagari and its neighbours join on purpose, Tamil and Malayalam never."""


def with_ending(words: str, ending: str | None, forms: SpokenForms, number: int | None = None) -> str:
    """`words` with what the writer put straight behind the figures; what is counted becomes a word of its own.

    Args:
        number: The whole number that `words` say: the first ordinals have stems of their own (पहला, প্রথম).
    """
    if not ending:
        return words
    if ending.startswith(APART):
        return _with_apart(words, ending.removeprefix(APART), forms, number)
    own = forms.endings
    if _begins(ending, own.nouns) or (own.glued and ending not in own.glued):
        bent = before_counted if counted_next(f" {ending}", forms) else before_noun
        return f"{bent(words, forms.numbers)} {ending}"
    for stem_number, beginning, stem in own.stems:
        if number == stem_number and ending.startswith(beginning):
            return stem + ending
    return _joined(words, ending, forms) or _written_on(before_noun(words, forms.numbers), ending)


def _with_apart(words: str, ending: str, forms: SpokenForms, number: int | None) -> str:
    """`words` and an ending that the writer put behind them as a word of its own: વાગ્યા સુધી, ಎರಡರಿಂದ."""
    if joined := _joined(words, f" {ending}", forms):
        return joined
    if ending in forms.endings.written_on:
        return with_ending(words, ending, forms, number)
    return f"{before_noun(words, forms.numbers)} {ending}"


def _written_on(words: str, ending: str) -> str:
    """A hyphen behind Latin letters; a non-joiner where two consonants would grow into one letter: కామ్‌లో."""
    if words[-1:].isascii():
        return f"{words}-{ending}"
    return f"{words}\u200c{ending}" if words.endswith(_JOINING_VIRAMAS) else words + ending


def said_code(said: str, found: re.Match[str], forms: SpokenForms) -> str:
    """A code with the ending that was found with it; without one, with a pause between its figures and the next."""
    if found["ending"] or not found[0][-1:].isdigit():  # RAC 4 belongs together
        return with_ending(said, found["ending"], forms)
    return with_pause(said, found.string[found.end() :], forms)


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


def counted_next(after: str, forms: SpokenForms) -> bool:
    """Whether a noun that is counted follows: 11 மணிக்கு, not 11 முதல்."""
    noun, between = after.removeprefix(" "), forms.numbers.range.replace("{}", "").strip()
    return after.startswith(" ") and _begins(noun, forms.endings.nouns) and not noun.startswith(between)


def _begins(ending: str, nouns: tuple[str, ...]) -> bool:
    return any(ending == noun[:-1] if noun.endswith("$") else ending.startswith(noun) for noun in nouns)


def ordinal_words(number: int, words: str, forms: SpokenForms) -> str:
    """What "12th" is in a language whose ordinals are written with an ending: बारहवाँ."""
    own = forms.endings
    if number <= len(own.first):
        return own.first[number - 1]
    return with_ending(words, own.nth, forms, number) if own.nth else words


# ---- endings that stand apart


@cache
def _apart_pattern(forms: SpokenForms) -> re.Pattern[str]:
    endings = any_of(forms.endings.apart) or "(?!)"
    # Not thousands: a rupee behind them is said as it is counted, యాభై వేల రూపాయలు వరకు.
    scales = any_of(_large_scales(forms))
    measured = rf"\s?(?:%|°(?:\s?[CFcf])?|[AaPp]\.?\s?[Mm]\.?|(?:(?i:{any_of(forms.units)}|hrs|{scales}))\.?)"
    return re.compile(rf"([0-9](?:{measured})?)\s({endings})(?![\w{INDIC_CHARS}]|\.\S)")


def _large_scales(forms: SpokenForms) -> list[str]:
    return [word for word, size in forms.numbers.scale_words.items() if size >= 10**5]


def mark_apart(text: str, before: str, forms: SpokenForms) -> str:
    """`text` with APART before the case endings that stand as words of their own behind a number."""

    def marked(found: re.Match[str]) -> str:
        context = f"{before}{text[: found.start() + 1]}"
        kept = _PIN_IN_HALVES.search(context) or _BEHIND_SHORT_FORM.search(context)
        return found[0] if kept else f"{found[1]}{APART}{found[2]}"

    return _apart_pattern(forms).sub(marked, text) if forms.endings.apart else text


def join_apart(text: str, forms: SpokenForms) -> str:
    """`text` with what is left of these endings joined to the last word said: of a version, a fraction."""
    if APART not in text:
        return text
    text = _SAID_AND_APART.sub(lambda found: with_ending(found[1], found[2], forms), text)
    return text.replace(APART, " ")


_SAID_AND_APART = re.compile(rf"({INDIC}[{INDIC_CHARS}]*)({APART}[{INDIC_CHARS}]+)")
_PIN_IN_HALVES = re.compile(r"(?<![0-9])[1-8][0-9]{2}\s[0-9]{3}$")
_BEHIND_SHORT_FORM = re.compile(rf"{AFTER_SHORT_FORM}[0-9]{{1,3}}$")  # ನಂ. 12 ರಲ್ಲಿ, ಬೆ. 10 ರಿಂದ: as in a timetable
