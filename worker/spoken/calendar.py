"""Says dates and times of day as people do: साढ़े दस बजे, বাইশে নভেম্বর, twenty second November."""

import re
from functools import cache

from worker.spoken.endings import said_range, with_ending
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import APART, ENDING, NOT_A_LETTER, any_of
from worker.spoken.numbers import cardinal, year
from worker.spoken.public_codes import counts

_MERIDIEM = r"(?:[AaPp]\.\s?[Mm](?![A-Za-z])\.?|[AaPp][Mm](?![A-Za-z]))"
_CLOCK = rf"(?<![0-9:.,/-])([01]?[0-9]|2[0-4])(?:([:.])([0-5][0-9])(?::[0-5][0-9])?)?(?:\s?({_MERIDIEM}))?(?![0-9:%])"
_SENTENCE_MAY_END = re.compile(r"\s*$|\s+[A-Z]")  # after the second stop of "p.m."
_RANGE_SIGN = r"\s?[-–—]\s?"
_NUMERIC_DATE = re.compile(
    r"(?<![0-9/.-])(?:([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})|([0-9]{1,2})([/.-])([0-9]{1,2})\5([0-9]{4}|[0-9]{2})"
    rf"|([0-9]{{2}})/([0-9]{{2}}))(?![0-9]|[/.-][0-9]){ENDING}"
)

_NUMERIC_DATES = re.compile(  # 01/04/2026-30/06/2026
    r"(?<![\w./-])([0-9]{1,2}([/.])[0-9]{1,2}\2(?:[0-9]{4}|[0-9]{2}))\s?[-–—]\s?(?=[0-9]{1,2}\2[0-9]{1,2}\2(?:[0-9]{4}|[0-9]{2})(?![0-9]))"
)


# ---- dates


@cache
def _month_patterns(forms: SpokenForms) -> tuple[re.Pattern[str], re.Pattern[str]]:
    month = rf"(?<![^\W\d_])({any_of(forms.months)}){NOT_A_LETTER}(?:\.(?=[\s,-]*[0-9]))?"
    day = r"(?<![0-9.,:/])([0-3]?[0-9])(?:st|nd|rd|th)?"
    year_part = rf"(?:(?:,\s?|\s|-)((?:19|20)[0-9]{{2}})(?![0-9,.]?[0-9]))?{ENDING}"
    flags = re.IGNORECASE
    return (
        re.compile(rf"{day}(?:\s(?:of\s)?|-){month}{year_part}", flags),
        re.compile(
            rf"{month}\s([0-3]?[0-9])(?:st|nd|rd|th)?(?![0-9:%]|[.,/][0-9]|-(?![0-3]?[0-9](?![0-9/-]))[0-9]|\s?{_MERIDIEM}){year_part}",
            flags,
        ),
    )


_ISO_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2})(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def without_seconds_and_zone(text: str) -> str:
    """2026-11-29T14:30:00+05:30 is a date and a time of day. Before sums, because its + adds nothing."""
    return _ISO_TIME.sub(r"\1 \2", text)


def say_dates(text: str, forms: SpokenForms) -> str:
    if "/" in text or "-" in text or "." in text:
        text = _NUMERIC_DATES.sub(r"\1–", text)
        text = _NUMERIC_DATE.sub(lambda found: _numeric_date(found, forms), text)
    words = {word.strip(".,()।॥?!;:") for word in text.lower().replace("-", " ").split()}
    if not forms.months.keys().isdisjoint(words):
        day_first, month_first = _month_patterns(forms)
        text = day_first.sub(lambda found: _named_date(found, found[1], found[2], found[3], forms), text)
        text = month_first.sub(lambda found: _named_date(found, found[2], found[1], found[3], forms), text)
    return _say_ranges_of_dates(text, forms)


_DATE_BEGINS, _DATE_ENDS = "\ue000", "\ue001"  # private characters, around every date until its ranges are known
_SAID_DATE = rf"{_DATE_BEGINS}([^{_DATE_ENDS}]*){_DATE_ENDS}"
_TWO_DATES = re.compile(rf"{_SAID_DATE}{_RANGE_SIGN}{_SAID_DATE}")
_DAY_TO_DATE = re.compile(rf"(?<![\w.,:/-])(0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?(?:\s?[–—]\s?|-|\s-\s){_SAID_DATE}")
_DATE_TO_DAY = re.compile(
    rf"{_SAID_DATE}(?:\s?[–—]\s?|-)(0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?(?:,\s((?:19|20)[0-9]{{2}}))?(?![\w:%]|[.,/-][0-9])"
)


def _say_ranges_of_dates(text: str, forms: SpokenForms) -> str:
    """12–15 December, Dec 12–15, 2026 and 1 Apr – 30 Jun: from one day to another."""
    if _DATE_BEGINS not in text:
        return text
    text = _TWO_DATES.sub(lambda found: said_range(found[1], found[2], forms), text)
    text = _DAY_TO_DATE.sub(lambda found: said_range(_day(int(found[1]), forms), found[2], forms), text)

    def to_day(found: re.Match[str]) -> str:
        of_year = f" {year(int(found[3]), forms)}" if found[3] else ""
        return said_range(found[1], _day(int(found[2]), forms) + of_year, forms)

    text = _DATE_TO_DAY.sub(to_day, text)
    return text.replace(_DATE_BEGINS, "").replace(_DATE_ENDS, "")


def _day(day: int, forms: SpokenForms) -> str:
    return forms.days[day - 1] if forms.days else cardinal(day, forms.numbers)


def _numeric_date(found: re.Match[str], forms: SpokenForms) -> str:
    if found[1]:
        day, month, year_number = int(found[3]), int(found[2]), int(found[1])
    elif found[8]:
        day, month, year_number = int(found[8]), int(found[9]), 0
    else:  # India writes the day first
        day, month, year_number = int(found[4]), int(found[6]), int(found[7])
        year_number += 2000 if year_number < 100 else 0
    if not (1 <= day <= 31 and 1 <= month <= 12) or (year_number and not 1000 <= year_number < 2200):
        return found[0]
    said = with_ending(_date(day, month, year_number, forms.date_order, forms), found["ending"], forms)
    return f"{_DATE_BEGINS}{said}{_DATE_ENDS}"


def _named_date(found: re.Match[str], day: str, month: str, year_text: str | None, forms: SpokenForms) -> str:
    if not 1 <= int(day) <= 31 or month == "may":  # "5 may apply" is no date; people who mean the month write May
        return found[0]
    month_first = found[0].lower().startswith(month.lower())
    kept = month_first and (forms.language == "en-IN" or forms.date_order.startswith("{month}"))
    order = "{month} {day}, {year}" if kept else "{day} {month} {year}"
    said = _date(int(day), forms.months[month.lower()], int(year_text or 0), order, forms)
    return f"{_DATE_BEGINS}{with_ending(said, found['ending'], forms)}{_DATE_ENDS}"


def _date(day: int, month: int, year_number: int, order: str, forms: SpokenForms) -> str:
    spoken_day = _day(day, forms)
    if not year_number:
        order = order.replace(", {year}", "").replace(" {year}", "")
    spoken_year = year(year_number, forms) if year_number else ""
    return order.format(day=spoken_day, month=forms.month_names[month - 1], year=spoken_year)


# ---- times


@cache
def _clock_pattern(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(
        rf"{_CLOCK}(\s?hrs?{NOT_A_LETTER})?(?:{_RANGE_SIGN}{_CLOCK_AGAIN}(\s?hrs?{NOT_A_LETTER})?)?"
        rf"(?:[\s\u2011-]?({any_of(forms.clock.words)}){NOT_A_LETTER}|{ENDING})"
    )


_CLOCK_AGAIN = _CLOCK.replace("(?<![0-9:.,/-])", "")


_HOURS_OF_DAY = re.compile(
    rf"(?<![\w.,:/-])(?:([01][0-9]|2[0-3])([0-5][0-9]){_RANGE_SIGN})?([01][0-9]|2[0-3])([0-5][0-9])\s?(?:hrs?|hours){NOT_A_LETTER}(?!\sof\b)",
    re.IGNORECASE,
)


def with_colons(text: str, before: str, forms: SpokenForms) -> str:
    """1430 hrs is 14:30 hrs. 1800 hrs is so many hours, unless a word such as "at" stands before it."""

    def written(found: re.Match[str]) -> str:
        context = f"{before}{text[: found.start()]}"
        words = context.lower().split()[-1:]
        certain = found[1] or found[3][0] == "0" or found[4] != "00" or not forms.military_time_cues.isdisjoint(words)
        if not certain or counts(context, forms):
            return found[0]
        from_hour = f"{found[1]}:{found[2]}-" if found[1] else ""
        return f"{from_hour}{found[3]}:{found[4]} hrs"

    return _HOURS_OF_DAY.sub(written, text)


def say_times(text: str, before: str, forms: SpokenForms) -> str:
    def spoken(found: re.Match[str]) -> str:
        context = f"{before}{text[: found.start()]}"
        ends_sentence = found[0].endswith(".") and _SENTENCE_MAY_END.match(text, found.end())
        return _times(found, context, forms) + ("." if ends_sentence else "")

    return _clock_pattern(forms).sub(spoken, text)


def _times(found: re.Match[str], context: str, forms: SpokenForms) -> str:
    hour, sign, minute, meridiem, hours, hour2, _, minute2, meridiem2, hours2, clock_word, *_ = found.groups()
    is_time = bool(meridiem or meridiem2 or (sign == ":" and minute))
    if sign == "." and minute and forms.language != "en-IN":  # 2.30 बजे, सुबह 9.30; in English 2.30 is a decimal
        is_time = is_time or bool(clock_word) or _names_part_of_day(context, forms)
    elif sign == "." and minute and int(hour) <= 12:
        is_time = is_time or bool(_ENGLISH_TIME_NEXT.match(found.string, found.end()))
        is_time = is_time or bool(_ENGLISH_TIME_BEFORE.search(context))
    if not is_time:
        return found[0]
    if hours or hours2:  # 05:45 hrs: of the 24 hours there is only one
        meridiem = _half_day(hour)
        meridiem2 = _half_day(hour2) if hour2 else None
    if hour2 is None:
        said = clock_time(int(hour), int(minute or 0), meridiem, clock_word, context, forms)
        return with_ending(said, found["ending"], forms)
    first = clock_time(int(hour), int(minute or 0), meridiem or meridiem2, None, context, forms)
    last = clock_time(int(hour2), int(minute2 or 0), meridiem2, clock_word, "", forms)
    for _, part in forms.clock.day_parts:
        if first.startswith(f"{part} ") or context.rstrip().endswith(part):
            last = last.removeprefix(f"{part} ")
    asked = forms.clock.until and not clock_word and _CLAUSE_ENDS.match(found.string, found.end())
    until = f"{APART}{forms.clock.until}" if asked else None
    return said_range(first, with_ending(last, found["ending"] or until, forms), forms)


_CLAUSE_ENDS = re.compile(r"\s*(?:[.,;:!?)।]|$)")
_ENGLISH_TIME_NEXT = re.compile(r"\s(?:tonight|sharp|o'clock)\b")
_ENGLISH_TIME_BEFORE = re.compile(
    r"\b(?:morning|afternoon|evening|night|tonight|tomorrow) (?:at|by|from|before|after) $"
)


def _names_part_of_day(context: str, forms: SpokenForms) -> bool:
    return context.rstrip().endswith(tuple(part for _, part in forms.clock.day_parts))


def _half_day(hour: str) -> str:
    return "pm" if 12 <= int(hour) < 24 else "am"


def clock_time(
    hour: int, minute: int, meridiem: str | None, clock_word: str | None, context: str, forms: SpokenForms
) -> str:
    """One time of day. `context` is what was said before it: a part of the day already named is not said twice."""
    afternoon = bool(meridiem and meridiem[0] in "Pp")
    if meridiem:
        hour = hour % 12 + (12 if afternoon else 0)
    certain = bool(meridiem) or hour > 12 or hour == 0
    phrase = _clock_phrase(hour % 12 or 12, minute, clock_word, forms)
    if forms.language == "en-IN":
        if not certain:
            return phrase
        half_day = "P M" if hour % 24 >= 12 else "A M"
        return phrase.removesuffix(" o'clock") + f" {half_day}"
    part = next((word for start, word in reversed(forms.clock.day_parts) if hour % 24 >= start), "")
    return phrase if _names_part_of_day(context, forms) or not certain else f"{part} {phrase}"


def _clock_phrase(hour: int, minute: int, clock_word: str | None, forms: SpokenForms) -> str:
    phrase = _regular_phrase(hour, minute, clock_word, forms)
    for regular, irregular in forms.clock.irregular:
        phrase = phrase.replace(regular, irregular)
    return phrase


def _regular_phrase(hour: int, minute: int, clock_word: str | None, forms: SpokenForms) -> str:
    clock = forms.clock
    name = clock.hours[hour - 1]
    if minute == 30:
        return _join_clock_word(clock.half_hours[hour - 1], clock_word, forms, half=True)
    if minute == 0:
        return _join_clock_word(clock.o_clock.format(hour=name), clock_word, forms)
    if minute == 15 and clock.quarter_past:
        return _join_clock_word(clock.quarter_past.format(hour=name), clock_word, forms)
    if minute == 45 and clock.quarter_to:
        return _join_clock_word(clock.quarter_to.format(hour=clock.hours[hour % 12]), clock_word, forms)
    spoken_minute = cardinal(minute, forms.numbers)
    if forms.language == "en-IN" and minute < 10:
        spoken_minute = f"oh {spoken_minute}"
    bent = bool(clock_word and clock.minutes_at and clock_word != clock.words[0])
    pattern = clock.minutes_at if bent else clock.minutes
    return pattern.format(hour=name, minute=spoken_minute)


def _join_clock_word(phrase: str, clock_word: str | None, forms: SpokenForms, *, half: bool = False) -> str:
    """Keeps the writer's own word for "o'clock", with its case ending, in place of ours: பத்து மணிக்கு, দশটায়."""
    if not clock_word:
        return phrase
    stem = forms.clock.words[0]
    head, _, last = phrase.rpartition(" ")
    if last[:3] == clock_word[:3]:
        return f"{head} {clock_word}"
    if phrase.endswith(stem) and clock_word.startswith(stem):
        return phrase + clock_word[len(stem) :]
    return f"{phrase} {clock_word}" if half else phrase
