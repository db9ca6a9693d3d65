"""Writes out what people shorten with signs: Delhi → Mumbai, 5'8", 8% p.a., ~₹200, *121#."""

import re
from functools import cache

from worker.languages import ENGLISH
from worker.spoken.endings import said_range
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import AFTER_SHORT_FORM, INDIC, INDIC_CHARS, NOT_A_LETTER, any_of
from worker.spoken.numbers import cardinal

_ONE_WAY, _BOTH_WAYS = "→⇒⟶➔➜➝➞➡", "↔⇄⇔⟷"
_BOTH = frozenset(_BOTH_WAYS)
_ARROW_CHARS = frozenset(_ONE_WAY + _BOTH_WAYS + ">")
_ARROW = re.compile(rf"\s*(?:[{_ONE_WAY}{_BOTH_WAYS}]\ufe0f?|(?<!\S)[-=]{{1,2}}>(?=\s))\s*")
_WORD_ENDS = re.compile(rf"[\w%)\"'{INDIC_CHARS}][ \t]*\Z")
_WORD_BEGINS = re.compile(rf"[\w₹$€£(\"'{INDIC_CHARS}]")
_FIGURE_ENDS, _FIGURE_BEGINS = re.compile(r"[0-9%]\s*$"), re.compile(r"[₹$€£]?[0-9]")

_FEET_AND_INCHES = re.compile(
    r"(?<![\w.,'’′])([0-9]{1,2})\s?['’′]\s?([0-9]{1,2}(?:\.[0-9])?)(?:\s?(?:[\"”″]|''|’’|′′))?(?![\w'’′])"
)
_FEET_AND_IN = re.compile(
    r"([0-9]\s?(?:ft|feet|foot)\.?\s?[0-9]{1,2}(?:\.[0-9])?)\s?in(?![A-Za-z])(?:\.(?=\s*[^\sA-Z]))?", re.IGNORECASE
)
_FEET_BY_FEET = re.compile(r"(?<![\w.,'’′])([0-9]{1,3})\s?['’′]\s?[x×X]\s?([0-9]{1,3})\s?['’′]")
_FEET = re.compile(r"(?<![\w.,'’′\"])([0-9]{1,2}(?:\.[0-9])?)['′](?=\s[a-z])")
_INCHES = re.compile(r"(?<![\w.,'’′\"])([0-9]{1,3}(?:\.[0-9])?)(?:[\"″]|'')(?=\s[A-Za-z]|[.,]?\s*$)")

_DASHES = frozenset("-–—")
_FEET_CHARS = frozenset("'’′\"″tT")
_TIMES_CHARS = frozenset("xX×")
_DIGIT = re.compile("[0-9]")

_LAKHS_A_YEAR = re.compile(r"([0-9])\s?LPA(?![A-Za-z])")
_A_YEAR = re.compile(r"(?:(?<=%)\s?p\.?\s?a|(?<=\w)\sp\.\s?a|^p\.\s?a)(?![A-Za-z])(\.?)")
_A_MONTH = re.compile(r"(?<=%)\s?p\.?\s?m(?![A-Za-z])(\.?)")
_SENTENCE_MAY_END = re.compile(r"\s*$|\s+[A-Z]")

_FRACTION = re.compile(
    r"(?<![\w/.,])(?:([0-9]{1,3})\s?)?(?:([½¼¾])|(?<![0-9/.,])([13]/[24]|[12]/3)(?![\w/]))"
    rf"(?:\s?([A-Za-z]+|[{INDIC_CHARS}]+))?"
)
_LONG_I = ("ी", "ી", "ੀ")
_FRACTION_CHARS = frozenset("½¼¾/")
_FRACTION_SIGNS = {"1/2": "½", "1/4": "¼", "3/4": "¾"}
_FRACTION_NAMES = {"½": ("half", ".5"), "¼": ("quarter", ".25"), "¾": ("three_quarters", ".75")}
_NAMED_SHARE = re.compile(r"(?<![\w/.,])(1/2|[13]/4|[12]/3)(?:th|rd|nd)s?(?![A-Za-z])")  # 3/4th of it
_SHARES = {"1/2": "half", "1/4": "fourth", "3/4": "three_fourths", "1/3": "third", "2/3": "two_thirds"}

_NUMBER = r"[0-9][0-9,]*(?:\.[0-9]+)?"
_SAME_MEASURE_TWICE = re.compile(
    rf"(?<![\w.,])({_NUMBER})\s?(%|°\s?[CFcf]|[A-Za-z]{{1,8}}|[{INDIC_CHARS}]+)\s?[-–—]\s?((?:(?:[₹$€£]|Rs\.?)\s?)?{_NUMBER}\s?)\2(?![\w{INDIC_CHARS}])",
    re.IGNORECASE,
)

ENGLISH_WEEKDAYS = (
    "mon", "monday", "tue", "tues", "tuesday", "wed", "wednesday", "thu", "thur", "thurs", "thursday", "fri", "friday",
    "sat", "saturday", "sun", "sunday",
)  # fmt: skip
_WEEKDAY_STEMS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WEEKDAY = any_of(ENGLISH_WEEKDAYS)
_FOUR_K = re.compile(r"(?<![\w.])([248])K(?=\s(?:TV|UHD|LED|OLED|QLED|[Vv]ideo|[Dd]isplay|[Ss]creen|[Mm]onitor))")
_CARATS = re.compile(r"(?<![\w.])(9|14|18|20|22|24)K(?=[\s-](?:[Gg]old|सोन|সোনা|સોન|ਸੋਨ|ସୁନା|தங்க|బంగార|ಚಿನ್ನ|സ്വർണ))")
_LETTER_MINUS = re.compile(r"(?<!\w)([A-Z]{1,2})−(?!\w)")  # blood group B−
_ABOUT = re.compile(r"(?<![\w~])~\s?(?=(?:[₹$€£]|Rs\.?|INR)?\s?[0-9])")
_SERVICE_CODE = re.compile(r"(?<![\w*#])\*#?[0-9]{2,4}(?:\*[0-9]{1,16}){0,4}#")


def written_out(text: str, before: str, forms: SpokenForms) -> str:
    """`text` in the spellings that the passes for numbers and signs know."""
    text = _short_form_pattern(forms).sub(lambda found: f"{_in_words(found[0], forms)}{AFTER_SHORT_FORM}", text)
    if "vt" in text:
        text = _COMPANY.sub("Private Limited", text)
    if "no." in text.lower() and forms.language == ENGLISH:
        text = _say_number_word(text, before, forms)
    if forms.hour_short_forms and "." in text:
        text = _hour_word_pattern(forms).sub(lambda found: _hour_word(found, forms), text)
    if forms.day_part_short_forms:
        text = _day_part_pattern(forms).sub(
            lambda found: f"{forms.day_part_short_forms[found[0].rstrip()]}{AFTER_SHORT_FORM}", text
        )
    if "(" in text:
        text = _LETTERS_IN_BRACKETS.sub(lambda found: _spelt(found, before), text)
    if "24" in text:
        text = _ALWAYS_OPEN.sub(lambda found: _always(found, before, forms), text)
    chars = set(text)
    if not _DASHES.isdisjoint(chars):
        text = _named_range_pattern(forms).sub(
            lambda found: said_range(_in_full(found[1]), _in_full(found[2]), forms), text
        )
    if "K" in chars:
        text = _FOUR_K.sub(lambda found: f"{cardinal(int(found[1]), forms.numbers)} K", text)
        text = _CARATS.sub(r"\1kt", text)
    if "−" in chars:
        text = _LETTER_MINUS.sub(rf"\1 {forms.numbers.minus}", text)
    if chars & _ARROW_CHARS:
        text = _say_arrows(text, before, forms)
    if chars & _TIMES_CHARS and _DIGIT.search(text):
        text = _size_pattern(forms).sub(lambda found: _spoken_size(found, forms), text)
    if chars & _FEET_CHARS and _DIGIT.search(text):
        text = _say_feet(text, before, forms)
    if not _DASHES.isdisjoint(text) and _DIGIT.search(text):
        text = _SAME_MEASURE_TWICE.sub(lambda found: _spoken_once(found, forms), text)
    if "/" in chars:
        text = _NAMED_SHARE.sub(lambda found: forms.symbols[_SHARES[found[1]]], text)
    if chars & _FRACTION_CHARS:
        text = _FRACTION.sub(lambda found: _spoken_fraction(found, forms), text)
    if "p" in chars or "P" in chars:
        text = _say_rates(text, forms)
    if "~" in chars:
        text = _ABOUT.sub(f"{forms.symbols['about']} ", text)
    if "#" in chars:
        text = _SERVICE_CODE.sub(lambda found: _spoken_service_code(found[0], forms), text)
    return text


_LETTERS_IN_BRACKETS = re.compile(r"\s?\(((?=[B-DF-HJ-NP-TV-Z]{2,4}\))[A-Z]+|[SU][BU]|AC)\)")


def _spelt(found: re.Match[str], before: str) -> str:
    """Berth 45 (LB) is berth 45, L B: no vowel, so no word. What has one may be a word in capitals."""
    begins = not f"{before}{found.string[: found.start()]}".strip()
    goes_on = " " if found.string[found.end() : found.end() + 1].isalnum() else ""
    return f"{'' if begins else ', '}{' '.join(found[1])}{goes_on}"


_ALWAYS_OPEN = re.compile(
    rf"(?<![\w.,:/₹$-])24\s?[xX×/*]\s?7(?![A-Za-z0-9_/:%]|[.,][0-9]|\s?[xX×=]|-[0-9])(?:[-\u2011]?({INDIC}[{INDIC_CHARS}]*))?"
)


def _always(found: re.Match[str], before: str, forms: SpokenForms) -> str:
    """Round the clock; with a slash behind "house number" it is an address."""
    word = "".join(f"{before}{found.string[: found.start()]}".lower().split()[-1:]).strip(".,:#()")
    if "/" in found[0] and (word in forms.weak_cues or word.startswith(forms.addresses)):
        return found[0]
    said = forms.symbols["always"]
    return f"{said} {found[1]}" if found[1] else said


def _say_number_word(text: str, before: str, forms: SpokenForms) -> str:
    """no. 7 is number seven, and "complaint no. is" a number too; elsewhere a "no." ends a sentence."""

    def spoken(found: re.Match[str]) -> str:
        words = f"{before}{text[: found.start()]}".lower().split()[-1:]
        named = not (forms.weak_cues | forms.strong_cues | _NUMBERED).isdisjoint(words)
        if not named and (found[1][0] in "iw" or not _DENIED.isdisjoint(words)):
            return found[0]
        return f"{'N' if found[0][0] == 'N' else 'n'}umber {found[1]}"

    return _NUMBER_WORD.sub(spoken, text)


_COMPANY = re.compile(r"\bPvt\.?\s?Ltd\b(?:\.(?=[,;:]|\s+[^A-Z\s]))?")
_NUMBER_WORD = re.compile(r"(?<!\w)[Nn]o\.\s?(is\b|was\b|#?(?:[A-Z]{1,5}[-/ ]?)?[0-9])")
_DENIED = frozenset({"answer", "is", "said", "say", "says", "was"})
_NUMBERED = frozenset({
    "bill", "bus", "cheque", "coach", "consumer", "contact", "counter", "customer", "flat", "gate", "house", "plot",
    "policy", "receipt", "registration", "roll", "room", "seat", "serial", "vehicle",
})  # fmt: skip


def _in_words(short: str, forms: SpokenForms) -> str:
    form = short.strip().lower().replace("॰", ".")
    return forms.short_forms.get(form) or forms.short_forms[f"{form}."]


@cache
def _short_form_pattern(forms: SpokenForms) -> re.Pattern[str]:
    """With its mark before a word or a number; what is short for "number" without one too: ନଂ 112."""
    short = any_of(forms.short_forms).replace(r"\.", "[.॰]")
    numbers = (form for form, whole in forms.short_forms.items() if whole.split()[-1] in forms.weak_cues)
    bare = any_of(form.removesuffix(".") for form in numbers)
    ways = rf"(?:{short or '(?!)'})\s?(?=[\w₹])|(?:{bare or '(?!)'})\s?(?=[0-9])"
    return re.compile(rf"(?<![\w{INDIC_CHARS}.])(?:{ways})", re.IGNORECASE)


@cache
def _day_part_pattern(forms: SpokenForms) -> re.Pattern[str]:
    """उ. before an hour is the morning; before a name it is an initial."""
    return re.compile(rf"(?<![\w{INDIC_CHARS}.])(?:{any_of(forms.day_part_short_forms)})\s?(?=[0-9])")


@cache
def _hour_word_pattern(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(rf"(?<=[0-9])\s?(?P<word>{any_of(forms.hour_short_forms)})(?![\w{INDIC_CHARS}])(?P<ends>\s*$)?")


def _hour_word(found: re.Match[str], forms: SpokenForms) -> str:
    """6:40 वा. is 6:40 वाजता; a stop that is the last of a text ends its sentence too."""
    ends = found["word"].endswith(".") and found["ends"] is not None
    return f" {forms.hour_short_forms[found['word']]}{'.' if ends else ''}"


@cache
def _named_range_pattern(forms: SpokenForms) -> re.Pattern[str]:
    """Mon–Fri, Jan-Mar, सोम–शनि: two days of the week or months with only a dash between them."""
    latin = "|".join(name for name in forms.months if name.isascii())
    indic = "|".join([*forms.weekdays, *(name for name in forms.months if not name.isascii())])
    name = rf"(?:{latin}|{_WEEKDAY})(?![A-Za-z])|(?:{indic})[{INDIC_CHARS}]*"
    return re.compile(rf"(?<![\w{INDIC_CHARS}-])({name})\s?[-–—]\s?({name})(?![\w{INDIC_CHARS}-])", re.IGNORECASE)


def _in_full(name: str) -> str:
    """Mon is Monday. A month is left to the pass for dates, and to the voice."""
    whole = next(
        (day for day in _WEEKDAY_STEMS if name.lower() in ENGLISH_WEEKDAYS and day.startswith(name.lower())), ""
    )
    return whole.capitalize() or name


@cache
def _size_pattern(forms: SpokenForms) -> re.Pattern[str]:
    side = rf"[0-9]{{1,4}}(?:\.[0-9]{{1,2}})?(?![0-9])(?:\s?(?:{any_of(forms.lengths)}){NOT_A_LETTER})?"
    return re.compile(rf"(?<![\w.,-]){side}(?:\s?[x×]\s?{side}){{1,2}}", re.IGNORECASE)


def _spoken_size(found: re.Match[str], forms: SpokenForms) -> str:
    """10 x 12 ft is ten by twelve feet; without a unit it is a sum, or a code."""
    *others, last = re.split(r"\s?[x×X]\s?(?=[0-9])", found[0])
    unit = last.lstrip("0123456789. ")
    if not unit:
        return found[0]
    return f" {forms.symbols['size']} ".join([*(side.removesuffix(unit).rstrip() for side in others), last])


def _say_arrows(text: str, before: str, forms: SpokenForms) -> str:
    """An arrow between words is "to". One that only points, at a line's beginning or behind a sentence, is not said."""

    def spoken(found: re.Match[str]) -> str:
        left, right = f"{before}{text[: found.start()]}", text[found.end() :]
        if not (_WORD_ENDS.search(left) and _WORD_BEGINS.match(right)):
            return found[0]
        if _FIGURE_ENDS.search(left) and _FIGURE_BEGINS.match(right):
            return "–"  # 10 → 20 is a range
        return f" {forms.symbols['arrow' if _BOTH.isdisjoint(found[0]) else 'and']} "

    return _ARROW.sub(spoken, text)


def _say_feet(text: str, before: str, forms: SpokenForms) -> str:
    """5'8" is five feet eight inches. A sign that may close a quotation is left alone."""
    text = _FEET_BY_FEET.sub(rf"\1 {forms.symbols['size']} \2 ft", text)
    text = _FEET_AND_IN.sub(r"\1 inch", _FEET_AND_INCHES.sub(r"\1 ft \2 inch", text))
    if before.count('"') % 2 == 0:
        text = _INCHES.sub(r"\1 inch", text)
    return text if re.search(r"(?:^|\s)'\w", before) else _FEET.sub(r"\1 ft", text)


def _spoken_once(found: re.Match[str], forms: SpokenForms) -> str:
    """₹5k-10k is ₹5-10k, 5 किलो-10 किलो is 5-10 किलो."""
    measure, numbers = found[2].lower(), forms.numbers
    scale = measure[0] in "%°" or measure in numbers.scale_words or measure in numbers.money_scales
    known = scale or measure in forms.units or any(measure in said for said in forms.units.values())
    return f"{found[1]}-{found[3]}{found[2]}" if known else found[0]


def _spoken_fraction(found: re.Match[str], forms: SpokenForms) -> str:
    """½ tablet is half of one, 1/2 too where the word behind it can be halved; 2½ is 2.5."""
    whole, sign, written, noun = found.groups()
    thirds = written in ("1/3", "2/3") and noun and noun.lower().startswith(forms.fraction_nouns)
    if written in _SHARES and not whole and noun and (thirds or _is_share(noun, forms)):
        name = _SHARES[written]
        feminine = noun.endswith(_LONG_I) or noun.startswith(forms.feminine_nouns)
        return f"{(forms.symbols.get(f'{name}_feminine') if feminine else None) or forms.symbols[name]} {noun}"
    sign = sign or _FRACTION_SIGNS.get(written)
    if sign is None or (written and not (noun and noun.lower().startswith(forms.fraction_nouns))):
        return found[0]
    name, decimals = _FRACTION_NAMES[sign]
    if whole:
        return f"{whole}{decimals} {noun or ''}"
    unit = forms.units.get(noun.lower()) if noun else None
    thing = unit[0] if unit else noun or ""
    if thing.endswith(_LONG_I):
        name = f"{name}_feminine"
    return f"{forms.symbols.get(name) or forms.symbols[name.removesuffix('_feminine')]} {thing}"


def _is_share(noun: str, forms: SpokenForms) -> bool:
    noun = noun.lower()
    return noun in forms.share_words or noun.startswith(forms.share_nouns)


def _say_rates(text: str, forms: SpokenForms) -> str:
    """8% p.a. is per annum; its last stop stays where a sentence may end there."""

    def spoken(found: re.Match[str], per: str) -> str:
        ends = found[1] and _SENTENCE_MAY_END.match(found.string, found.end())
        space = " " if found.start() else ""
        return f"{space}{forms.per[per]}{'.' if ends else ''}"

    text = _LAKHS_A_YEAR.sub(rf"\1 lakh {forms.per['annum']}", text)
    text = _A_MONTH.sub(lambda found: spoken(found, "month"), text)
    return _A_YEAR.sub(lambda found: spoken(found, "annum"), text)


def _spoken_service_code(code: str, forms: SpokenForms) -> str:
    """*121# is dialled, so every sign of it is said."""
    names = {"*": forms.symbols["star"], "#": forms.symbols["hash"]}
    return " ".join(names.get(char) or forms.numbers.below_hundred[int(char)] for char in code)
