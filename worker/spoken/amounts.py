"""Says money, percentages, measures, telephone numbers, codes and all other numbers found in a text."""

import re
from functools import cache

from worker.spoken.endings import counted_next, ordinal_words, said_code, said_range, said_share, with_ending
from worker.spoken.forms import SIZES, SpokenForms
from worker.spoken.letters import APART, ENDING, INDIC, INDIC_CHARS, NOT_A_LETTER, any_of, longest_first
from worker.spoken.numbers import (
    before_counted,
    before_noun,
    cardinal,
    decimal_words,
    digits,
    grouped_digits,
    of_a_half,
    ordinal,
    scaled,
    with_pause,
    year,
)  # fmt: skip
from worker.spoken.public_codes import counts, counts_next, is_pin, with_pause_before_pins, without_space_in_pins

_NUM = r"(?:[0-9]{1,3}(?:,[0-9]{2,3})+|[0-9]+)(?:\.[0-9]+)?"
_DASH = r"\s?[-–—]\s?"
_MINUS = rf"(?<![\w).%-])(?<!{INDIC})[-−]"


# ---- money


@cache
def _money_patterns(forms: SpokenForms) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(₹500, 500 Rs): the sign before the amount, and behind it."""
    signs = any_of(forms.currencies)
    sign = rf"(?<![A-Za-z])(?<!{INDIC})(?P<{{}}>{signs})\.?\s?"
    size = rf"(?i:{_scale_words(forms)}|{any_of(forms.numbers.money_scales)}){NOT_A_LETTER}"
    low = rf"(?:\s?(?P<low_scale>{size})(?={_DASH}(?:(?:{signs})|{_NUM}\s?{size})))?"  # ₹50k-₹1L
    scale = (
        rf"(?:\s?(?P<scale>{size})"
        rf"(?:\s(?P<of>(?i:{_scale_words(forms)})){NOT_A_LETTER})?"
        rf"|\s?(?P<bent>(?:{any_of(forms.numbers.scale_stems)})[{INDIC_CHARS}]+))?"
    )
    own_word = rf"\s(?P<word>{any_of(forms.money_words)}){NOT_A_LETTER}"
    written_on = rf"[-\u2011]?(?P<ending>{APART}?{INDIC}[{INDIC_CHARS}]*)"
    return (
        re.compile(
            rf"(?P<minus>{_MINUS}\s?)?{sign.format('sign')}(?P<debit>[-−](?=[0-9]))?(?P<number>{_NUM})"
            rf"(?:{low}{_DASH}(?:{sign.format('again')})?(?P<second>{_NUM}))?{scale}(?:/[-=])?(?:{written_on}|{own_word})?"
        ),
        re.compile(
            rf"(?P<minus>{_MINUS})?(?P<debit>(?!))?(?<![0-9.])(?P<number>{_NUM})(?:{low}{_DASH}(?P<second>{_NUM}))?{scale}"
            rf"(?:/[-=])?\s?(?P<sign>{signs})(?:(?P<ending>(?!))|{NOT_A_LETTER})(?:\.(?=\s*[^\sA-Z]))?(?P<word>(?!))?"
        ),
    )


def _scale_words(forms: SpokenForms) -> str:
    return any_of(forms.numbers.scale_words)


@cache
def _money_sign(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(any_of(forms.currencies))


@cache
def _money_named(forms: SpokenForms) -> re.Pattern[str]:
    """450/- টাকা: the /- says what the word behind it says."""
    return re.compile(rf"([0-9])/[-=]\s?(?={any_of(forms.money_words)})")


@cache
def _money_shown(forms: SpokenForms) -> re.Pattern[str]:
    """450/- is an amount of rupees though no sign says so."""
    signed = "".join(
        rf"(?<!{sign}{behind})" for sign in map(re.escape, forms.currencies) for behind in ("", " ", r"\.", r"\. ")
    )
    return re.compile(rf"(?<![0-9.,/-]){signed}({_NUM})/[-=](?![0-9A-Za-z])")


@cache
def _money_of_offer(plain: str, forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(rf"(?<=[0-9]\s){plain}(?=\s(?:{any_of(forms.offers)}))", re.IGNORECASE)


def say_money(text: str, forms: SpokenForms) -> str:
    if "/" in text:
        text = _money_named(forms).sub(r"\1 ", text)
        text = _money_shown(forms).sub(r"₹\1", text)
    for plain, bent in forms.endings.genitive:
        text = _money_of_offer(plain, forms).sub(bent, text)
    if not _money_sign(forms).search(text):
        return text
    for pattern in _money_patterns(forms):
        text = pattern.sub(lambda found: _spoken_money(found, forms), text)
    return text


def _spoken_money(found: re.Match[str], forms: SpokenForms) -> str:
    numbers, second, own_word = forms.numbers, found["second"], found["word"]
    currency = forms.currencies[found["sign"]]
    unit = _scale(found["scale"], forms) * _scale(found["of"], forms)
    spoken = _amount(second or found["number"], unit, currency, forms)
    if found["bent"]:  # the case ending is on the scale and no rupee needs saying: दीड लाखाचे
        spoken = f"{of_a_half(second or found['number'], numbers)} {found['bent']}"
    if second:
        low_unit = _scale(found["low_scale"], forms) if found["low_scale"] else unit
        low = scaled(found["number"], low_unit, numbers) if low_unit > 1 else decimal_words(found["number"], numbers)
        spoken = said_range(low, spoken, forms)
    if found["minus"] or found["debit"]:
        spoken = f"{numbers.minus} {spoken}"
    if found["ending"]:
        return with_ending(spoken, found["ending"], forms)
    if found["bent"] and own_word:
        return f"{spoken} {own_word}"
    plain = forms.money[currency][1].format("").strip()
    if own_word and plain in spoken:
        return spoken.replace(plain, own_word)
    return _of_offer(spoken, found, forms) or _apart(spoken, found)


def _of_offer(spoken: str, found: re.Match[str], forms: SpokenForms) -> str:
    """₹349 before a plan: তিনশো উনপঞ্চাশ টাকার প্ল্যান."""
    for plain, bent in forms.endings.genitive:
        if spoken.endswith(plain) and found.string[found.end() :].lower().startswith(_spaced(forms.offers)):
            return spoken.removesuffix(plain) + bent
    return ""


@cache
def _spaced(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f" {word}" for word in words)


def _apart(spoken: str, found: re.Match[str]) -> str:
    """Keeps a letter that stands straight behind an amount (₹500only) from growing together with its last word."""
    return f"{spoken} " if found.string[found.end() : found.end() + 1].isalnum() else spoken


def _scale(written: str | None, forms: SpokenForms) -> int:
    letters = (written or "").lower()
    return forms.numbers.scale_words.get(letters) or forms.numbers.money_scales.get(letters, 1)


def _amount(written: str, unit: int, currency: str, forms: SpokenForms) -> str:
    one, many = forms.money[currency]
    if unit > 1:
        return many.format(before_noun(scaled(written, unit, forms.numbers), forms.numbers))
    whole_text, _, fraction = written.replace(",", "").partition(".")
    whole, cents = int(whole_text), int((fraction + "00")[:2])
    if (currency != "rupee" and cents) or len(fraction) > 2:
        return many.format(decimal_words(written, forms.numbers))
    rupees = one if whole == 1 else many.format(before_counted(cardinal(whole, forms.numbers), forms.numbers))
    if not cents:
        return rupees
    one_paisa, paise = forms.money["paisa"]
    small = one_paisa if cents == 1 else paise.format(cardinal(cents, forms.numbers))
    return small if whole == 0 else f"{rupees} {small}"


# ---- telephone numbers and codes

_PHONE = re.compile(
    r"(?<![\w.,/-])(?P<number>"
    r"\+[0-9]{1,3}(?:[\s-]?\(?[0-9]{2,5}\)?){2,5}"
    r"|[6-9][0-9]{4}[\s-]?[0-9]{5}|[6-9][0-9]{2}[\s-][0-9]{3}[\s-][0-9]{4}"
    r"|1(?:800|860|900)[\s-]?[0-9]{2,4}[\s-]?[0-9]{2,4}(?:[\s-][0-9]{2,4})?"
    r"|[0-9]{4}(?:[\s-][0-9]{4}){2,3}"  # Aadhaar and bank cards, as they are printed
    r"|\(?0[0-9]{2,4}\)?[\s-][0-9]{3,8}(?:[\s-][0-9]{3,4})?"
    rf")(?![0-9]){ENDING}"
)
_CODE = re.compile(
    r"(?<![\w/-])(?=[A-Za-z0-9/_-]{0,80}[0-9])(?=[A-Za-z0-9/_-]{0,80}[A-Za-z])(?P<code>[A-Za-z0-9]+(?:[-/_][A-Za-z0-9]+)*)"
    rf"{ENDING}"
)
_DECIMAL_AND_LETTERS = re.compile(r"(?<![\w.,/-])([0-9]+\.[0-9]+)([A-Za-z]+)(?![\w.-])")
_ORDINALS = re.compile(r"[0-9]+(?:st|nd|rd|th)(?:/[0-9]+(?:st|nd|rd|th))+")
_RANGE_OF_ORDINALS = re.compile(r"(?<![\w-])([0-9]+(?:st|nd|rd|th))\s?[-–—]\s?([0-9]+(?:st|nd|rd|th))(?![\w-])")
_PART_OF_DECADE = re.compile(r"(mid|early|late)-([0-9]{2,4}s)", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")
_COMPOUND = re.compile(r"[0-9]+(?:-[a-z]{2,})+")
_COUNTED = re.compile(r"([0-9]+(?:-[0-9]+)?)([a-z]{3,})")
_RANGE_OF = re.compile(r"[0-9]+-[0-9]+([A-Za-z]+)")
_DECADE = re.compile(r"[0-9]{3}0s")
_MEASURE_END = re.compile(r"^[0-9]+(?:st|nd|rd|th)$")


def say_phones(text: str, forms: SpokenForms) -> str:
    def spoken(found: re.Match[str]) -> str:
        number = found["number"]
        groups = re.findall(r"[0-9]+", number)
        plus = f"{forms.symbols['plus']} " if number.startswith("+") else ""
        if mobile := re.fullmatch(r"\+(91)([6-9][0-9]{9})", number):
            groups = [mobile[1], mobile[2]]
        return said_code(plus + grouped_digits(groups, forms.numbers), found, forms)

    return _PHONE.sub(spoken, text)


def say_codes(text: str, before: str, forms: SpokenForms) -> str:
    text = _DECIMAL_AND_LETTERS.sub(lambda found: _with_unit(found[1], found[2], forms), text)
    text = _RANGE_OF_ORDINALS.sub(lambda found: said_range(found[1], found[2], forms), text)
    return _CODE.sub(lambda found: _ended_code(found, f"{before}{text[: found.start()]}", forms), text)


def _ended_code(found: re.Match[str], before: str, forms: SpokenForms) -> str:
    code = found["code"]
    said = _spoken_seat(code, before, forms) or _spoken_code(code, forms)
    if said[-1:].isdigit() or said == code:  # a later pass says it, and its ending with it
        return said + found[0][len(code) :]
    return said_code(said, found, forms)


_SEAT = re.compile(r"(?:([A-Z]{1,2})([0-9]{1,2})[-/]|([A-Z])-?)([1-9][0-9]?)")


def _spoken_seat(code: str, before: str, forms: SpokenForms) -> str:
    """Seat S5-32 and token B-27 are numbers behind a letter; nothing where no such word stands before them."""
    seat, words = _SEAT.fullmatch(code), tuple(_last_words(before, 3))
    if seat is None or not any(word.startswith(forms.seat_cues) for word in words):
        return ""
    coach = f"{' '.join(seat[1])} {cardinal(int(seat[2]), forms.numbers)}," if seat[1] else seat[3]
    return f"{coach} {cardinal(int(seat[4]), forms.numbers)}"


def _with_unit(number: str, letters: str, forms: SpokenForms) -> str:
    """1.5T is a number and a letter: what is behind the point is no code."""
    known = _is_unit(letters, forms) or letters.lower() in forms.numbers.scale_words
    return f"{number}{letters}" if known else f"{number} {letters}"


def _spoken_code(code: str, forms: SpokenForms) -> str:
    several = _RANGE_OF.fullmatch(code)
    ending = several[1] if several else code.lstrip("0123456789")
    if _COMPOUND.fullmatch(code):
        return code  # 24-hour, 5-star: words, not codes
    if _ORDINALS.fullmatch(code):
        return code.replace("/", ", ")  # 1st/2nd
    if part_of_decade := _PART_OF_DECADE.fullmatch(code):
        return f"{part_of_decade[1]} {part_of_decade[2]}"
    if counted := _COUNTED.fullmatch(code):
        return f"{counted[1]} {counted[2]}"  # 15days
    if (
        _MEASURE_END.match(code)
        or _DECADE.fullmatch(code)
        or _is_unit(ending, forms)
        or ending.lower() in forms.numbers.scale_words
    ):
        return code  # "12th", "5kg", "10k": the passes for those come later
    if re.fullmatch(r"[0-9]{1,2}x[0-9]{1,2}|[0-9]{3,4}x[0-9]{3,4}", code):
        return f" {forms.symbols['size']} ".join(cardinal(int(side), forms.numbers) for side in code.split("x"))
    if part := re.fullmatch(r"([1-9][0-9]?)[-/]?([A-Z])", code):
        return f"{cardinal(int(part[1]), forms.numbers)} {part[2]}"  # Section 80C, flat 12B, 12/B
    runs = _RUN.findall(code)
    if len(runs) == 2 and runs[1].isdigit() and len(runs[1]) <= 2 and not _is_spelt(runs[0]):
        return f"{runs[0]} {cardinal(int(runs[1]), forms.numbers)}"  # COVID-19, Windows11
    spell_all = len(runs) > 2  # 27AAPFU0939F1ZV has no word in it
    parts = [
        " ".join(_spoken_run(run, forms, spell_all) for run in _RUN.findall(part)) for part in re.split(r"[-/_]", code)
    ]
    return ", ".join(part.strip() for part in parts if part.strip())


def _is_unit(letters: str, forms: SpokenForms) -> bool:
    return (letters if len(letters) == 1 else letters.lower()) in forms.units  # 5g are grams, 5G is a network


def _is_spelt(letters: str) -> bool:
    return letters.isupper() and len(letters) <= 4


def _spoken_run(run: str, forms: SpokenForms, spell_all: bool) -> str:
    if run.isdigit():
        return grouped_digits([run], forms.numbers) if len(run) > 7 else digits(run, forms.numbers)
    if len(run) > 1 and set(run) <= set("Xx"):
        return ""  # XXXX4321: what is hidden is not read out
    return " ".join(run) if _is_spelt(run) or (spell_all and run.isupper()) else run


# ---- percentages, measures, plain numbers


@cache
def _number_pattern(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<minus>{_MINUS}(?=[0-9]))?(?P<number>(?<![0-9.]){_NUM})"
        rf"(?:(?P<to>{_DASH})(?P<second>{_NUM}))?"
        rf"(?:\s?(?P<percent>%)|\s?(?P<degrees>°)\s?(?P<heat>[CFcf])?{NOT_A_LETTER}"
        rf"|\s?(?P<scale>(?i:{_scale_words(forms)})){NOT_A_LETTER}|(?P<th>st|nd|rd|th){NOT_A_LETTER}"
        rf"|\s?(?P<unit>{_units_pattern(forms)}){NOT_A_LETTER}(?:\.(?=\s[a-z]))?)?{ENDING}"
    )


@cache
def _units_pattern(forms: SpokenForms) -> str:
    return "|".join(_unit_pattern(unit) for unit in longest_first(forms.units))


_SECONDS_BEHIND = re.compile(r"\s?[0-9]{1,2}\s?s(?:ecs?)?(?![A-Za-z])")
_HOURS_BEFORE = re.compile(r"[0-9]\s?h(?:rs?)?\s?$")


def _unit_pattern(unit: str) -> str:
    if "." in unit and not unit.isascii():
        return rf"{re.escape(unit)}(?:\.(?!\s*$))?"  # कि.मी.; the last stop of a text ends its sentence too
    return re.escape(unit) if len(unit) == 1 else f"(?i:{re.escape(unit)})"


_GROUPS = re.compile(r"(?<![\w.,/-])[0-9]+(?:-[0-9]+){2,}(?![\w-])")
_RATING = re.compile(r"(?<![0-9/.,])([0-9]{1,4}(?:\.[0-9])?)\s?/\s?([0-9]{1,4})(?![0-9/]|\.[0-9])(?=\W{0,2}(\w*))")
_PRESSURE = re.compile(
    r"(?<![0-9/.,])([0-9]{2,3})\s?/\s?([0-9]{2,3})(?:\s?(mm\s?hg))?(?![\w/]|[.,][0-9])", re.IGNORECASE
)
_VERSION = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+){2,}")
_BY_SIDE = re.compile(
    r"(?<![\w.])(24(?=×7)|[0-9]{3,4}(?=×[0-9]{3}))×([0-9]{1,4})(?![0-9A-Za-z]|\.[0-9]|\s?=)"
)  # 3840×2160
_SUM = re.compile(r"([0-9)])\s?([+×*=÷]|\sx\s)\s?(?=[0-9(])")
_FRACTION = re.compile(r"(?<![0-9/.,])([0-9]{1,6})/([0-9]{1,6})(?![0-9/]|[.,][0-9])")


_FORMULA_ENDS = re.compile(r"(?<!\w)(?:[A-Za-z]|[0-9.,]+)\s$")
_DIVIDED = re.compile(r"(?<=[A-Z0-9)])\s/\s(?=[0-9]+(?:\.[0-9]+)?(?:[\s.,=)]|$))")
_TIMES_AS = re.compile(r"([0-9])x(?![\w-])")


@cache
def _per_patterns(forms: SpokenForms) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """₹299/month; 100 SMS/day; ₹60/थाली, which the language has no "per" for."""
    measure = f"{_units_pattern(forms)}|(?i:{_scale_words(forms)}|{any_of(forms.numbers.money_scales)})"
    measure = f"{measure}|{any_of(forms.money_words)}"
    per = "|".join(_unit_pattern(name) for name in longest_first(forms.per))
    before = rf"([0-9](?:\s?(?:{measure}))?)(?:/-)?\s?/\s?"
    long = "|".join(_unit_pattern(name) for name in longest_first(forms.per) if len(name) > 2)
    return (
        re.compile(rf"{before}({per}){NOT_A_LETTER}"),
        re.compile(rf"([0-9]\s[A-Za-z]{{2,12}})/({long}){NOT_A_LETTER}"),
        re.compile(rf"{before}(?=[a-z]{{2}}|{INDIC}[{INDIC_CHARS}])"),
    )


@cache
def _per_measure_pattern(forms: SpokenForms) -> re.Pattern[str]:
    """110 mg/dL, 60 km/h: a measure by a measure, not ₹60/kg."""
    by = "|".join(_unit_pattern(name) for name in longest_first(forms.per.keys() & forms.units.keys()))
    measured = rf"(?<![\w.,₹$€£])(?<![₹$€£]\s)(?:{_NUM}{_DASH})?{_NUM}\s?(?:{_units_pattern(forms)})"
    return re.compile(rf"({measured})\s?/\s?({by}){NOT_A_LETTER}")


def say_per(text: str, forms: SpokenForms) -> str:
    """₹299/month is 299 per month; 60 km/h is 60 km per hour."""

    def spoken(found: re.Match[str]) -> str:
        name = found[2] if len(found[2]) == 1 else found[2].lower()
        return f"{found[1]} {forms.per[name]}"

    if forms.per_first:
        text = _per_measure_pattern(forms).sub(lambda found: f"{forms.per[found[2].lower()]} {found[1]}", text)
    measured, counted, other = _per_patterns(forms)
    return other.sub(rf"\1 {forms.symbols['per']} ", counted.sub(spoken, measured.sub(spoken, text)))


@cache
def _comparison_pattern(forms: SpokenForms) -> re.Pattern[str]:
    said = {word for unit in forms.units.values() for word in unit}
    counted = f"{_units_pattern(forms)}|{any_of((*said, *forms.money_words))}|(?i:{_scale_words(forms)})"
    amount = rf"(?:(?:{any_of(forms.currencies)})\.?\s?)?{_NUM}(?:\s?%|\s?(?:{counted}){NOT_A_LETTER})?"
    return re.compile(rf"(?<!<)(?P<sign><=|>=|[<>≤≥])\s?(?P<amount>{amount})")


def say_comparisons(text: str, forms: SpokenForms, *, at_line_start: bool) -> str:
    """<5 minutes is less than 5 minutes. A > at the beginning of a line is a quotation mark."""
    if not _COMPARED.search(text):
        return text
    names = {"<": "less_than", ">": "more_than", "<=": "at_most", "≤": "at_most", ">=": "at_least", "≥": "at_least"}
    return _comparison_pattern(forms).sub(
        lambda found: (
            found[0]
            if at_line_start and found["sign"] == ">" and not found.string[: found.start()].strip()
            else f" {forms.symbols[names[found['sign']]].format(found['amount'])}"
        ),
        text,
    )


_COMPARED = re.compile("[<>≤≥]")


def say_sums(text: str, before: str, forms: SpokenForms) -> str:
    """2 + 2 = 4, 5 * 3, 3x faster. Before markup goes, because a * between numbers is not emphasis."""
    names = {"+": "plus", "=": "equals", "×": "times", "*": "times", "x": "times", "÷": "by"}
    text = _TIMES_AS.sub(rf"\1 {forms.symbols['times']}", text)
    text = _BY_SIDE.sub(r"\1x\2", text)
    if text.startswith("/ ") and _FORMULA_ENDS.search(before):
        text = f"{forms.symbols['by']} {text.removeprefix('/ ')}"
    text = _DIVIDED.sub(f" {forms.symbols['by']} ", text)
    return _SUM.sub(lambda found: f"{found[1]} {forms.symbols[names[found[2].strip()]]} ", text)


def say_ratios(text: str, before: str, forms: SpokenForms) -> str:
    """3:1 is three to one; 1:20 only beside a word such as "ratio", for elsewhere it is a time of day."""

    def spoken(found: re.Match[str]) -> str:
        parts = found[0].split(":")
        around = _last_words(f"{before}{text[: found.start()]}", 4) | _first_words(text[found.end() :], 2)
        if len(parts[-1]) == 2 and len(parts[0]) <= 2 and int(parts[0]) < 25 and around.isdisjoint(forms.ratio_cues):
            return found[0]
        # The last is a number by itself, whatever noun follows; the others may bend before what joins them.
        return " ".join([*map(forms.symbols["ratio"].format, parts[:-1]), cardinal(int(parts[-1]), forms.numbers)])

    return _RATIO.sub(spoken, text)


_RATIO = re.compile(r"(?<![\w:.,/-])[0-9]{1,3}(?::[0-9]{1,3}){1,3}(?![\w:]|[.,][0-9]|\s?[AaPp]\.?[Mm]\b)")


def say_numbers(text: str, before: str, forms: SpokenForms) -> str:
    numbers = forms.numbers
    if " " in text:
        text = without_space_in_pins(text, before, forms, lambda code, context: _is_code(code, context, "", forms))
    text = with_pause_before_pins(text, before, forms)
    if text.count("-") > 1:  # 1-0-1: tablets for morning, noon and night
        text = _GROUPS.sub(lambda found: grouped_digits(found[0].split("-"), numbers), text)
    if text.count(".") > 1:
        text = _VERSION.sub(
            lambda found: f" {numbers.point} ".join(cardinal(int(part), numbers) for part in found[0].split(".")), text
        )
    if "/" in text:
        text = _PRESSURE.sub(lambda found: _spoken_pressure(found, before, forms), text)
        text = _RATING.sub(lambda found: _spoken_rating(found, before, forms), text)
        by = forms.symbols["by"]
        text = _FRACTION.sub(lambda found: _spoken_fraction(found, before, by, forms), text)

    def spoken(found: re.Match[str]) -> str:
        context, after = f"{before}{text[: found.start()]}", text[found.end() :]
        if _is_code_in_two(found, context, after, forms):
            said = ", ".join(digits(part, numbers) for part in (found["number"], found["second"]))
            return said_code(said, found, forms)
        said = _spoken_number(found, context, after, forms)
        paused = with_pause(said, after, forms)
        return paused if paused != said and _runs_on(found, context, after, forms) else said

    return _number_pattern(forms).sub(spoken, text)


def _runs_on(found: re.Match[str], before: str, after: str, forms: SpokenForms) -> bool:
    """Whether a number would be heard as one with the next: one said by its digits, and 2GB before 5G."""
    if found["ending"]:
        return False
    if found["unit"]:
        return _NETWORK_NEXT.match(after) is not None
    written = found["number"]
    if not written.isdigit() or any(found[part] for part in ("second", "percent", "degrees", "scale", "th")):
        return False
    return _is_code(written, before, after, forms) or is_pin(written, before, after, forms)


_NETWORK_NEXT = re.compile(r"\s\S+\sG(?![\w.])")


_LONGEST_IN_FRACTION = 4


def _spoken_fraction(found: re.Match[str], before: str, by: str, forms: SpokenForms) -> str:
    """1/2 is one by two; behind "invoice" or "number" 2026/45 is a code."""
    if _is_code(found[1], f"{before}{found.string[: found.start()]}", "", forms):
        return grouped_digits([found[1], found[2]], forms.numbers)
    if len(found[1]) > _LONGEST_IN_FRACTION or len(found[2]) > _LONGEST_IN_FRACTION:
        return found[0]
    return f"{cardinal(int(found[1]), forms.numbers)} {by} {cardinal(int(found[2]), forms.numbers)}"


def _spoken_pressure(found: re.Match[str], before: str, forms: SpokenForms) -> str:
    """A blood pressure is one number over another: by its unit, or by a word such as "BP" before it."""
    cued = _last_words(f"{before}{found.string[: found.start()]}", 4) & forms.pressure_cues
    if not found[3] and not (cued and int(found[1]) > int(found[2])):
        return found[0]
    systolic, diastolic = (cardinal(int(found[i]), forms.numbers) for i in (1, 2))
    unit = f" {forms.units['mmhg'][1]}" if found[3] else ""
    return f"{systolic} {forms.symbols['over']} {diastolic}{unit}"


def _spoken_rating(found: re.Match[str], before: str, forms: SpokenForms) -> str:
    """4.5/5 is a rating by its point; 8/10 and 450/500 are marks beside a word such as "rated"."""
    most = found[2]
    by_its_point = ("." in found[1] and most in ("5", "10")) or (most == "100" and float(found[1]) <= 100)
    words = {*_last_words(f"{before}{found.string[: found.start()]}", 3), found[3].lower()}
    if not by_its_point and (words.isdisjoint(forms.rating_cues) or float(found[1]) > int(most)):
        return found[0]
    return said_share(decimal_words(found[1], forms.numbers), decimal_words(most, forms.numbers), forms)


def _last_words(text: str, count: int) -> set[str]:
    return {word.strip(".,:;()\"'-") for word in text.lower().split()[-count:]}


def _first_words(text: str, count: int) -> set[str]:
    return {word.strip(".,:;()\"'-") for word in text.lower().split()[:count]}


def _spoken_number(found: re.Match[str], before: str, after: str, forms: SpokenForms) -> str:
    numbers, written, letters = forms.numbers, found["number"], found["unit"]
    unit = _scale(found["scale"], forms)
    if letters in ("l", "L") and _speaks_of_money(before, after, forms):
        unit, letters = SIZES["lakh"], None
    if letters == "s" and (_DECADE.fullmatch(written + letters) or _is_short_decade(written, before, forms)):
        return _decade(int(written), forms)
    behind = f" {letters}{after}" if letters else after
    words = _plain(written, unit, before, behind, forms)
    if not (found["percent"] or found["degrees"]) and _is_halved(written, letters, after, forms):
        words = of_a_half(written, numbers)
    if found["second"]:
        coded = len(written) > 7 or (unit == 1 and _is_code(found["second"], before, behind, forms))
        low = words if coded else decimal_words(written, numbers)
        high = _plain(found["second"], unit, before, behind, forms)
        words = said_range(low, high, forms)
        if _are_years(written, found["second"], unit, letters, forms):
            words = _spoken_years(int(written), found["second"], forms)
    if found["minus"]:
        words = f"{numbers.minus} {words}"
    whole = int(written) if written.isdigit() and not found["second"] else None
    if found["percent"]:
        words = numbers.percent.format(before_counted(words, numbers) if numbers.percent.startswith("{}") else words)
    elif found["degrees"]:
        words = forms.symbols[_scale_of_heat(found)].format(words)
    elif found["th"]:
        return _ordinal(int(float(written.replace(",", ""))), words, forms)
    elif letters:
        words = _measure(words, letters, whole, before, after, forms)
    if found["ending"]:
        return with_ending(words, found["ending"], forms, None if letters or found["percent"] else whole)
    counts_a_noun = re.match(INDIC, after.removeprefix(" "))
    if counts_a_noun and whole == 1 and numbers.one and not letters and not after.startswith(f" {numbers.point}"):
        return numbers.one if words == numbers.below_hundred[1] else words
    if counted_next(after, forms):
        return before_counted(words, numbers)
    return before_noun(words, numbers) if counts_a_noun else words


def _scale_of_heat(found: re.Match[str]) -> str:
    """24°C are degrees, 38.5°C degrees Celsius: of a fever people must hear which, most say Fahrenheit."""
    heat = (found["heat"] or "").upper()
    if heat == "C" and "." in (found["second"] or found["number"]):
        return "celsius"
    return "fahrenheit" if heat == "F" else "degrees"


def _ordinal(number: int, words: str, forms: SpokenForms) -> str:
    return ordinal(number, forms) if forms.days[:1] == ("first",) else ordinal_words(number, words, forms)


def _measure(words: str, letters: str, whole: int | None, before: str, after: str, forms: SpokenForms) -> str:
    """Five kilos, one kilo, a five kilo bag. After hours an m is a minute: 1h 30m."""
    if letters == "m" and (_HOURS_BEFORE.search(before) or _SECONDS_BEHIND.match(after)):
        letters = "min"
    spelt = letters if len(letters) == 1 else letters.lower()
    one, many = forms.units.get(spelt) or forms.units[spelt.rstrip(".")]
    if whole == 1:
        return f"{forms.numbers.one or words} {one}"
    return f"{before_counted(words, forms.numbers)} {one if _describes(before, after, forms) else many}"


_NOUN = re.compile(r" ([A-Za-z]{2,})")


def _describes(before: str, after: str, forms: SpokenForms) -> bool:
    """Whether a measure describes the noun behind it: a 10 km walk, 500mg tablets."""
    noun = _NOUN.match(after)
    if noun is None:
        return False
    articles = forms.attributive.articles
    return noun[1] in forms.attributive.nouns or (
        not articles.isdisjoint(_last_words(before, 1)) and noun[1].lower() not in forms.attributive.others
    )


def _is_short_decade(written: str, before: str, forms: SpokenForms) -> bool:
    """The 90s and the '90s are years, 90s alone are seconds."""
    return (
        forms.language == "en-IN"
        and len(written) == 2
        and written[1] == "0"
        and before.lower().endswith(("the ", "the '", "the ’", "mid ", "early ", "late "))
    )


def _decade(number: int, forms: SpokenForms) -> str:
    words = year(number, forms)
    if forms.language != "en-IN":
        return forms.symbols["decade"].format(words)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _speaks_of_money(before: str, after: str, forms: SpokenForms) -> bool:
    """Whether a word such as "loan" stands close before or next: 12L are lakhs there, and litres elsewhere."""
    next_word = after.split(maxsplit=1)[:1]
    return not forms.lakh_cues.isdisjoint(_last_words(before, 5) | _last_words("".join(next_word), 1))


def _is_halved(written: str, letters: str | None, after: str, forms: SpokenForms) -> bool:
    """Whether people say "two and a half" of what is counted: hours and kilos, but no percentages."""
    if not (forms.numbers.halves or forms.numbers.half_numbers) or not written.endswith(".5"):
        return False
    return letters in forms.halved_units if letters else after.removeprefix(" ").startswith(forms.halved_words)


def _plain(written: str, unit: int, before: str, after: str, forms: SpokenForms) -> str:
    numbers = forms.numbers
    if unit > 1:
        return scaled(written, unit, numbers)
    if "," in written or "." in written:
        return decimal_words(written, numbers)
    if _is_code(written, before, after, forms) or is_pin(written, before, after, forms):
        return grouped_digits([written], numbers)
    if len(written) == 4 and _is_year(int(written), before, forms):
        return year(int(written), forms)
    return cardinal(int(written), numbers)


@cache
def _last_figures(forms: SpokenForms) -> re.Pattern[str]:
    """The last 4 digits of your Aadhaar are 6650, आखिरी 4 अंक 6650: named in the same sentence."""
    last, figures = ("|".join(map(re.escape, words)) for words in (forms.last_words, forms.figure_words))
    return re.compile(rf"(?:{last})\S*(?:\s\S+)?\s(?:{figures})[^.!?।0-9\n]{{1,40}}$", re.IGNORECASE)


def _is_code(written: str, before: str, after: str, forms: SpokenForms) -> bool:
    """Codes, not quantities: zeros in front, eight digits and more that are not round, or a word like OTP before it."""
    if written[0] == "0" and len(written) > 1:
        return True
    if len(written) >= 8:
        return not written.endswith("0000") or len(written) > 15
    if before.rstrip().endswith("#"):
        return True
    if 3 <= len(written) <= 6 and _last_figures(forms).search(before[-60:]):
        return True
    if len(written) < 3 or counts_next(after, forms):
        return False
    words = [word.strip(".'\"`") for word in re.split(r"[\s:#,()*_।–—-]+", before.lower())[-6:]]
    for position, word in reversed(list(enumerate(words))):
        if word in forms.number_words:
            return len(written) >= 4 and _is_number_of_one(words[:position], before, word, forms)
        if word in forms.strong_cues or (word in forms.weak_cues and len(written) >= 4):
            return True
        if word and word not in forms.connectors and word not in forms.weak_cues:
            return False
    return False


def _is_number_of_one(words: list[str], before: str, word: str, forms: SpokenForms) -> bool:
    """गाड़ी संख्या 12302 is a train's number, कुल संख्या 12302 how many there are."""
    owner = words[-1] if words else ""
    if counts(before[: before.lower().rfind(word)], forms) or owner.endswith(forms.many_owners):
        return False
    return word in forms.weak_cues or owner.startswith(forms.number_owners)


_FARTHEST_RANGE_OF_CODES = 1000  # seats and orders in a range stand closer together


def _is_code_in_two(found: re.Match[str], before: str, after: str, forms: SpokenForms) -> bool:
    """PNR 245-1234567 is one number, not a range."""
    low, high = found["number"], found["second"] or ""
    measured = found["percent"] or found["scale"] or found["unit"]
    if measured or not (low.isdigit() and high.isdigit()):
        return False
    if len(low) > 2 and len(high) > 2 and int(high) < int(low) and not counts_next(after, forms):
        return True  # 8842-1093: no range goes down
    far = len(high) > 4 or (len(high) == 4 and int(high) - int(low) > _FARTHEST_RANGE_OF_CODES)
    return far and _is_code(low, before, after, forms)


def _is_year(number: int, before: str, forms: SpokenForms) -> bool:
    if forms.language != "en-IN":
        return 1900 <= number < 2000
    words = before.lower().split()
    return 1100 <= number < 2100 and bool(words) and (words[-1] in forms.year_cues or words[-1] in _month_words(forms))


def _are_years(first: str, second: str, unit: int, letters: str | None, forms: SpokenForms) -> bool:
    """2025-26 and 2025-2026 are a financial year."""
    if unit > 1 or letters or not (first.isdigit() and len(first) == 4 and second.isdigit()):
        return False
    if forms.language != "en-IN" and len(second) != 2:
        return False
    return 1900 <= int(first) < 2100 and second in (str(int(first) + 1), f"{(int(first) + 1) % 100:02}")


def _spoken_years(first: int, second: str, forms: SpokenForms) -> str:
    """Twenty twenty five to twenty six; the others say the two beside each other: दो हज़ार पच्चीस छब्बीस."""
    last = year(int(second), forms)
    return said_range(year(first, forms), last, forms) if forms.language == "en-IN" else f"{year(first, forms)} {last}"


@cache
def _month_words(forms: SpokenForms) -> frozenset[str]:
    return frozenset(forms.months)
