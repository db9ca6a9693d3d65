"""Says numbers the way India counts: hundreds, thousands, lakhs and crores, with each language's own joints."""

import re
from decimal import Decimal
from functools import cache

from worker.spoken.forms import Endings, NumberForms, Scale, SpokenForms
from worker.spoken.letters import any_of

MAX_DIGITS = 15  # longer than any amount: whatever it is, it is read digit by digit


def cardinal(number: int, forms: NumberForms) -> str:
    """`number` in words: 125000 is "एक लाख पच्चीस हज़ार". Negative numbers get the language's "minus"."""
    if number < 0:
        return f"{forms.minus} {cardinal(-number, forms)}"
    if number >= 10**MAX_DIGITS:
        return digits(str(number), forms)
    if number < 100:
        return forms.below_hundred[number]
    parts = _parts(number, forms)
    return " ".join([*(_with_ending(part, forms.link) for part in parts[:-1]), parts[-1]])


def _parts(number: int, forms: NumberForms) -> list[str]:
    crores, number = divmod(number, 10**7)
    lakhs, number = divmod(number, 10**5)
    thousands, number = divmod(number, 10**3)
    hundreds, rest = divmod(number, 100)
    parts: list[str] = []
    if crores:
        parts.append(_of_scale(crores, forms.crore, forms))
    if lakhs:
        parts.append(_of_scale(lakhs, forms.lakh, forms))
    if thousands:
        fused = forms.thousands
        parts.append(fused[thousands - 1] if fused else _of_scale(thousands, forms.thousand, forms))
    if hundreds:
        parts.append(forms.hundreds[hundreds - 1])
    if rest:
        parts.append(forms.below_hundred[rest])
    return parts


def _of_scale(count: int, scale: Scale, forms: NumberForms) -> str:
    exactly_one, many = scale
    return exactly_one if count == 1 else many.format(before_noun(cardinal(count, forms), forms))


def before_noun(words: str, forms: NumberForms) -> str:
    """Telugu says రెండు వేల రూపాయలు, not రెండు వేలు రూపాయలు: the number bends before what it counts."""
    return _with_ending(words, forms.before_noun)


def before_counted(words: str, forms: NumberForms) -> str:
    """The same before a measure, money or another noun that is surely counted: பதினொரு மணி."""
    return _with_ending(before_noun(words, forms), forms.counting)


def _with_ending(words: str, endings: Endings) -> str:
    for ending, other in endings:
        if ending.startswith("="):
            if words == ending[1:]:
                return other
        elif words.endswith(ending):
            return words[: len(words) - len(ending)] + other
    return words


def digits(text: str, forms: NumberForms) -> str:
    """Each digit by itself: "4 0 7"."""
    return " ".join(forms.below_hundred[int(char)] for char in text if char in "0123456789")


def spelt(code: str, forms: NumberForms) -> str:
    """Every letter and figure of a code by itself."""
    return " ".join(digits(char, forms) if char.isdigit() else char for char in code)


def grouped_digits(groups: list[str], forms: NumberForms) -> str:
    """Digit by digit with a breath between groups; an ungrouped long number is cut where people would."""
    cut = [piece for group in groups for piece in _comfortable(group)]
    return ", ".join(digits(piece, forms) for piece in cut)


def _comfortable(group: str) -> list[str]:
    if len(group) <= 6:
        return [group]
    if len(group) == 10:
        return [group[:5], group[5:]]  # how mobile numbers are printed and said in India
    return [group[i : i + 4] for i in range(0, len(group), 4)]


def decimal_words(written: str, forms: NumberForms) -> str:
    """ "12.50" and "1,25,000": what stands before the point as a number, what stands after it digit by digit."""
    whole, _, fraction = written.replace(",", "").partition(".")
    if not fraction.strip("0"):
        return cardinal(int(whole), forms)
    return f"{cardinal(int(whole), forms)} {forms.point} {digits(fraction, forms)}"


def scaled(written: str, scale: int, forms: NumberForms) -> str:
    """ "2.5" with 100000: ढाई लाख where the language has halves, else spelt out (two lakh fifty thousand)."""
    value = Decimal(written.replace(",", ""))
    steps = {10**3: forms.thousand, 10**5: forms.lakh, 10**7: forms.crore}
    if forms.halves and scale in steps and value % 1 == Decimal("0.5") and 1 < value < 100:
        return steps[scale][1].format(of_a_half(written, forms))
    exact = value * scale
    return cardinal(int(exact), forms) if exact == int(exact) else decimal_words(f"{exact:f}", forms)


def of_a_half(written: str, forms: NumberForms) -> str:
    """ "2.5" is ढाई where the language has halves; all else is a plain number."""
    value = Decimal(written.replace(",", ""))
    if forms.halves and value % 1 == Decimal("0.5") and 1 < value < 100:
        return _and_a_half(int(value), forms)
    if value % 1 == Decimal("0.5") and 1 < value < len(forms.half_numbers) + 1:
        return forms.half_numbers[int(value) - 1]
    return decimal_words(written, forms)


def _and_a_half(whole: int, forms: NumberForms) -> str:
    one_and, two_and, other = forms.halves
    return {1: one_and, 2: two_and}.get(whole) or other.format(cardinal(whole, forms))


def year(number: int, forms: SpokenForms) -> str:
    """1998 is "nineteen ninety eight", उन्नीस सौ अट्ठानवे; Tamil, Kannada and Malayalam say plain numbers."""
    numbers = forms.numbers
    century, rest = divmod(number, 100)
    english = forms.language == "en-IN"
    if not numbers.century or rest == 0 or not (1100 <= number < 2000 or (english and 2010 <= number < 2100)):
        return cardinal(number, numbers)
    tail = numbers.below_hundred[rest]
    if english and rest < 10:
        tail = f"oh {tail}"
    return f"{numbers.century.format(numbers.below_hundred[century])} {tail}"


def ordinal(number: int, forms: SpokenForms) -> str:
    """English only ("twenty second"); the others write their ordinals as a number with an ending of their own."""
    head, _, last = cardinal(number, forms.numbers).rpartition(" ")
    irregular = dict(zip(forms.numbers.below_hundred[1:21], forms.days, strict=False))
    last = irregular.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {last}".strip()


# ---- a pause before the next number


@cache
def _number_next(forms: SpokenForms) -> re.Pattern[str]:
    numbers = forms.numbers
    said = (*numbers.below_hundred, *numbers.hundreds, *numbers.half_numbers, *numbers.halves[:2], numbers.one)
    scales = (numbers.thousand[0], numbers.lakh[0], numbers.crore[0], *numbers.thousands)
    first = {words.split()[0] for words in (*said, *scales, *forms.clock.half_hours, *forms.clock.hours) if words}
    return re.compile(rf"\s(?:(?:(?:{any_of(forms.currencies)})\.?\s?)?[0-9]|(?:{any_of(first)})(?=\s))")


def with_pause(said: str, after: str, forms: SpokenForms) -> str:
    """A code and a comma where another number is next, so that the two are not heard as one: AI-763 2 hours."""
    return f"{said}," if _number_next(forms).match(after) else said
