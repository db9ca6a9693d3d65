"""Loads how each language says numbers, money, dates and signs, from files a native speaker can edit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from worker.lang import part_of, shared
from worker.languages import ENGLISH, canonical_code

SIZES = MappingProxyType({"thousand": 10**3, "lakh": 10**5, "million": 10**6, "crore": 10**7, "billion": 10**9})

Endings = tuple[tuple[str, str], ...]
Scale = tuple[str, str]  # (exactly one of it, "{} of it")


@dataclass(frozen=True, slots=True)
class NumberForms:
    below_hundred: tuple[str, ...]
    hundreds: tuple[str, ...]
    thousand: Scale
    lakh: Scale
    crore: Scale
    thousands: tuple[str, ...]  # 1 to 99 thousand where they fuse into one word, else empty
    link: Endings
    before_noun: Endings
    counting: Endings  # before what is surely counted: பதினொரு மணி, while 11 and 12 are பதினொன்று and பன்னிரண்டு
    century: str
    point: str
    minus: str
    percent: str
    range: str
    halves: tuple[str, ...]  # (1.5, 2.5, "{} and a half"), or empty
    half_numbers: tuple[str, ...]  # 1.5 to 12.5 where every one has a word of its own: நாலரை; else empty
    scale_words: MappingProxyType[str, int]
    scale_stems: tuple[str, ...]  # what the language's own scale words begin with, whatever their case
    money_scales: MappingProxyType[str, int]  # what may also stand behind an amount of money: ₹1.5L
    one: str  # 1 before a noun


@dataclass(frozen=True, slots=True)
class EndingForms:
    """What is written on to a number, a price or an address, and what the two become."""

    joints: tuple[tuple[str, str, str], ...]  # (end of the word, beginning of the ending, both)
    apart: tuple[str, ...]  # what may bend what it stands behind though a space is between
    genitive: Endings  # money before a plan or a recharge: টাকার প্ল্যান
    written_on: frozenset[str]  # those of them that are always written on to it
    glued: tuple[str, ...]  # the only endings; empty: whatever is no noun is an ending
    nouns: tuple[str, ...]  # words of their own even where they are written on to the number
    first: tuple[str, ...]  # the first ordinals
    nth: str  # the ending of the others
    stems: tuple[tuple[int, str, str], ...]  # (number, beginning of a written ending, what stands before it)


@dataclass(frozen=True, slots=True)
class StageDirections:
    """What a model acts out in brackets or asterisks: *smiles*, _smiles_, [pause], (laughs softly)."""

    words: tuple[str, ...]
    whole: re.Pattern[str]

    def may_begin(self, text: str) -> bool:
        """Whether more text could make a stage direction of `text`, which begins with its bracket."""
        inside = re.fullmatch(r"[*_\[(]\s?([^*_\[\]()\n]{0,60})", text)
        if inside is None:
            return False
        words = inside[1].lower()
        return any(known.startswith(words) or re.match(rf"{known}[\s.,]", words) for known in self.words)


@dataclass(frozen=True, slots=True)
class AttributiveForms:
    """When a measure describes the noun behind it and stays in the singular: a five kilometre walk. English only."""

    nouns: frozenset[str]
    articles: frozenset[str]
    others: frozenset[str]  # what may follow a measure and is described by none


@dataclass(frozen=True, slots=True)
class PinForms:
    """What tells a PIN code from a quantity of six figures."""

    places: MappingProxyType[str, str]  # a town in small letters -> the first figures of its PINs
    quantities: frozenset[str]
    quantity_stems: tuple[str, ...]
    followers: frozenset[str]
    names: tuple[str, ...]  # beginnings of what a PIN code is called


@dataclass(frozen=True, slots=True)
class CalledForms:
    """What tells a short number that people call from a quantity, in all languages: 1912 पर कॉल करें."""

    names: tuple[str, ...]  # before it, beginnings: helpline
    verbs_before: tuple[str, ...]  # before it
    links: tuple[str, ...]  # between these and it
    verbs_at: tuple[str, ...]  # before it, with one of the next between
    at: tuple[str, ...]
    verbs: tuple[str, ...]  # behind it, beginnings
    phones: tuple[str, ...]  # the same, of a thing
    dialled: tuple[str, ...]  # behind it with nothing between
    between: tuple[str, ...]  # between it and a verb
    near: tuple[str, ...]  # the same, with the verb next
    ors: tuple[str, ...]  # between two of them
    ands: tuple[str, ...]
    number_stems: tuple[str, ...]  # "number", beginnings
    number_at: tuple[str, ...]  # "at the number", as it stands behind one


@dataclass(frozen=True, slots=True)
class ClockForms:
    day_parts: tuple[tuple[int, str], ...]  # empty: the language says A M and P M
    hours: tuple[str, ...]
    half_hours: tuple[str, ...]
    o_clock: str
    minutes: str
    minutes_at: str
    quarter_past: str
    quarter_to: str
    until: str  # behind the second of two times where a clause ends; empty: nothing
    irregular: Endings  # whole phrases that the patterns get wrong
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)  # one object per language: compared and cached by identity
class SpokenForms:
    """Everything one language needs. `months` maps any spelling, English ones too, to 1..12."""

    language: str
    name: str
    full_stop: str
    numbers: NumberForms
    clock: ClockForms
    money: MappingProxyType[str, Scale]
    money_words: tuple[str, ...]
    month_names: tuple[str, ...]
    months: MappingProxyType[str, int]
    date_order: str
    days: tuple[str, ...]  # days of the month where they differ from the plain numbers, else empty
    symbols: MappingProxyType[str, str]
    domains: MappingProxyType[str, str]
    short_forms: MappingProxyType[str, str]  # नं. -> नंबर
    hour_short_forms: MappingProxyType[str, str]  # behind an hour: 6:40 वा.
    day_part_short_forms: MappingProxyType[str, str]  # of a timetable, before an hour: सा. 5
    units: MappingProxyType[str, Scale]  # as written (longer than a letter: in small letters) -> how it is said
    lengths: tuple[str, ...]  # units of what is long, wide and high, as written and as said
    fraction_nouns: tuple[str, ...]  # beginnings of what 1/2 is half of
    share_words: frozenset[str]  # 3/4 of: whole words before which a fraction is a share
    share_nouns: tuple[str, ...]  # the same, beginnings
    feminine_nouns: tuple[str, ...]  # beginnings of feminine ones that do not look so
    halved_units: tuple[str, ...]  # measures whose "2.5" is two and a half where the language has a word for it
    halved_words: tuple[str, ...]  # the same, written out: beginnings of words
    per: MappingProxyType[str, str]  # what stands behind a slash -> "per hour"
    seat_cues: tuple[str, ...]  # beginnings of what B-27 may number: seats, berths, tokens
    mask_ends: tuple[str, ...]  # beginnings of what says by itself that a masked number ends so
    offers: tuple[str, ...]  # beginnings of what an amount is the price of
    addresses: tuple[str, ...]  # beginnings of what 24/7 may be the number of
    per_first: bool  # a measure by another: డెసిలీటరుకు నూట పది మిల్లీగ్రాములు
    weekdays: tuple[str, ...]  # beginnings of their names in the Indian scripts
    lakh_cues: frozenset[str]
    stage_directions: StageDirections
    endings: EndingForms
    last_words: tuple[str, ...]  # the "last" and the "digits" of "its last four digits": beginnings of words
    figure_words: tuple[str, ...]
    strong_cues: frozenset[str]
    weak_cues: frozenset[str]
    connectors: frozenset[str]
    number_words: frozenset[str]  # "number" where it may also be how many: a code only behind one of the next
    number_owners: tuple[str, ...]  # what has such a number, beginnings: गाड़ी संख्या
    many_owners: tuple[str, ...]  # ends of "the passengers'", whose number is how many there are
    code_labels: tuple[str, ...]  # what a code with spaces stands behind: number, id
    flight_words: tuple[str, ...]  # "flight", beginnings
    versioned: tuple[str, ...]  # what stands before a version: Android
    version_words: tuple[str, ...]  # "version"
    numbered_nouns: tuple[str, ...]  # behind these V and X are five and ten: Class X
    numbered_by_several: tuple[str, ...]  # behind these IV and IX are four and nine, but X is a letter
    range_words: tuple[str, ...]  # "to", between two of them
    counted: frozenset[str]  # behind one of these words a number is a quantity, whatever stands before it
    counted_stems: tuple[str, ...]
    year_cues: frozenset[str]
    pressure_cues: frozenset[str]
    rating_cues: frozenset[str]
    ratio_cues: frozenset[str]
    military_time_cues: frozenset[str]
    plate_states: frozenset[str]
    pins: PinForms
    called: CalledForms
    attributive: AttributiveForms
    currencies: MappingProxyType[str, str]  # written sign -> name in `money`


@cache
def spoken_forms(language: str) -> SpokenForms:
    """The forms of a supported language; any other code gets Indian English, so that a reply is never lost.

    The files ship with the package: a missing or misshapen one is a mistake of ours and raises.
    """
    known = canonical_code(language) or ENGLISH
    common, own = shared("spoken"), part_of(known, "spoken")
    return SpokenForms(
        language=known,
        name=own["name"],
        full_stop=own["full_stop"],
        numbers=_number_forms(own["numbers"], common, _half_numbers(own)),
        clock=_clock_forms(own["clock"]),
        money=MappingProxyType({k: (v[0], v[1]) for k, v in own["money"].items() if k != "words"}),
        money_words=tuple(own["money"]["words"]),
        month_names=tuple(own["dates"]["months"]),
        months=_months(own["dates"], common),
        date_order=own["dates"]["order"],
        days=_rows(own["dates"].get("days", "")),
        symbols=MappingProxyType({k: v for k, v in own["symbols"].items() if isinstance(v, str)}),
        domains=MappingProxyType(own["symbols"]["domains"]),
        short_forms=MappingProxyType(dict(own.get("short_forms", {}))),
        hour_short_forms=MappingProxyType(dict(own["clock"]["short_words"])),
        day_part_short_forms=MappingProxyType(dict(own["clock"].get("short_day_parts", {}))),
        units=_units(own, common),
        lengths=_lengths(own, common),
        halved_units=tuple(spelt for name in common["halves"]["units"] for spelt in common["units"][name]),
        halved_words=_halved_words(own, common),
        per=MappingProxyType({spelt: own["per"][name] for name, ways in common["per"].items() for spelt in ways}),
        **_beside(own, common),
        weekdays=tuple(common["weekdays"]["words"]),
        stage_directions=_stage_directions(common["stage_directions"]),
        endings=_ending_forms(own),
        last_words=tuple(common["digits"]["last"]),
        figure_words=tuple(common["digits"]["figures"]),
        strong_cues=frozenset(common["digits"]["strong_cues"]),
        weak_cues=frozenset(common["digits"]["weak_cues"] + own["digits"]["cues"]),
        connectors=frozenset(common["digits"]["connectors"]),
        counted=_counted(own, common),
        counted_stems=tuple(word for word in _counted(own, common) if not word.isascii()),
        **_cues(common),
        **_labels(common),
        pins=_pin_forms(common),
        called=_called_forms(common["called"]),
        attributive=_attributive_forms(own.get("attributive", {})),
        currencies=MappingProxyType({sign: k for k, signs in common["currencies"].items() for sign in signs}),
    )


def _cues(common: dict[str, Any]) -> dict[str, Any]:
    """Words that say what a number near them is."""
    return {
        "lakh_cues": frozenset(common["lakh_cues"]["words"]),
        "year_cues": frozenset(common["years"]["cues"]),
        "pressure_cues": frozenset(common["blood_pressure"]["cues"]),
        "rating_cues": frozenset(common["ratings"]["cues"]),
        "ratio_cues": frozenset(common["ratios"]["cues"]),
        "military_time_cues": frozenset(common["military_time"]["cues"]),
        "plate_states": frozenset(common["plates"]["states"]),
    }


def _labels(common: dict[str, Any]) -> dict[str, Any]:
    """What codes, numbers of one thing and versions stand behind, and fractions before."""
    return {
        "number_words": frozenset(common["digits"]["number_words"]),
        "number_owners": tuple(common["digits"]["number_owners"]),
        "many_owners": tuple(common["digits"]["many_owners"]),
        "code_labels": tuple(common["digits"]["code_labels"]),
        "flight_words": tuple(common["digits"]["flight_words"]),
        "numbered_by_several": tuple(common["roman_numerals"]["of_several_letters"]),
        "range_words": tuple(common["roman_numerals"]["to"]),
        "numbered_nouns": tuple(common["roman_numerals"]["nouns"]),
        "versioned": tuple(common["versions"]["products"]),
        "fraction_nouns": tuple(common["fractions"]["nouns"]),
        "share_words": frozenset(common["fractions"]["of"]),
        "share_nouns": tuple(common["fractions"]["shares"]),
        "feminine_nouns": tuple(common["fractions"]["feminine"]),
        "version_words": tuple(common["versions"]["words"]),
    }


def _beside(own: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """What depends on the words beside a number or a measure."""
    return {
        "per_first": bool(own["per"].get("stands_first")),
        "mask_ends": tuple(common["masks"]["ends"]),
        "offers": tuple(common["offers"]["nouns"]),
        "addresses": tuple(common["addresses"]["cues"]),
        "seat_cues": tuple(common["seats"]["cues"]),
    }


def _number_forms(own: dict[str, Any], common: dict[str, Any], half_numbers: tuple[str, ...]) -> NumberForms:
    return NumberForms(
        below_hundred=_rows(own["below_hundred"]),
        hundreds=tuple(own["hundreds"]),
        thousand=(own["thousand"][0], own["thousand"][1]),
        lakh=(own["lakh"][0], own["lakh"][1]),
        crore=(own["crore"][0], own["crore"][1]),
        thousands=_rows(own.get("thousands", "")),
        link=tuple((a, b) for a, b in own["link"]),
        before_noun=tuple((a, b) for a, b in own.get("before_noun", [])),
        counting=tuple((a, b) for a, b in own.get("counting", [])),
        century=own.get("century", ""),
        point=own["point"],
        minus=own["minus"],
        percent=own["percent"],
        range=own["range"],
        halves=tuple(own.get("halves", [])),
        half_numbers=half_numbers,
        scale_words=_scale_words(own, common),
        scale_stems=_scale_stems(own),
        money_scales=MappingProxyType({letter: SIZES[name] for letter, name in common["money_scales"].items()}),
        one=own.get("one", ""),
    )


def _half_numbers(own: dict[str, Any]) -> tuple[str, ...]:
    """The words of the clock's half hours, without its "o'clock", where a language has none for halves alone."""
    if own["numbers"].get("halves") or own["name"] == "English":
        return ()
    return tuple(
        hour.removesuffix(own["clock"]["o_clock"].removeprefix("{hour}")) for hour in own["clock"]["half_hours"]
    )


def _scale_words(own: dict[str, Any], common: dict[str, Any]) -> MappingProxyType[str, int]:
    words = {word: SIZES[name] for name, spellings in common["scales"].items() for word in spellings}
    for name in ("thousand", "lakh", "crore"):
        words.update(dict.fromkeys(own[f"{name}_words"], SIZES[name]))
    return MappingProxyType(words)


def _scale_stems(own: dict[str, Any]) -> tuple[str, ...]:
    words = {word for name in ("thousand", "lakh", "crore") for word in own[f"{name}_words"]}
    return tuple(sorted(word.removesuffix("ம்").removesuffix("ം") for word in words))


def _units(own: dict[str, Any], common: dict[str, Any]) -> MappingProxyType[str, Scale]:
    said = {name: (way, way) if isinstance(way, str) else (way[0], way[1]) for name, way in own["units"].items()}
    units = {spelt: said[name] for name, ways in common["units"].items() for spelt in ways}
    for spelt, (unit, other) in common["rates"].items():
        units[spelt] = (f"{said[unit][0]} {own['per'][other]}", f"{said[unit][1]} {own['per'][other]}")
    return MappingProxyType(units)


def _lengths(own: dict[str, Any], common: dict[str, Any]) -> tuple[str, ...]:
    names = ("metre", "centimetre", "millimetre", "foot", "inch")
    return (*_said_units(names, own), *(spelt for name in names for spelt in common["units"][name]))


def _said_units(names: Iterable[str], own: dict[str, Any]) -> list[str]:
    said = [own["units"][name] for name in names]
    return [word for way in said for word in ([way] if isinstance(way, str) else way)]


def _counted(own: dict[str, Any], common: dict[str, Any]) -> frozenset[str]:
    said = _said_units(own["units"], own)
    return frozenset(word.lower() for word in [*said, *own["money"]["words"], *common["digits"]["counted"]])


def _halved_words(own: dict[str, Any], common: dict[str, Any]) -> tuple[str, ...]:
    names = _said_units(common["halves"]["units"], own)
    halved = [word for word in common["fractions"]["nouns"] if not word.isascii()]
    return (*names, *common["halves"]["words"], *halved, *_scale_stems(own["numbers"]))


def _stage_directions(table: dict[str, list[str]]) -> StageDirections:
    acted, alone = ("|".join(re.escape(word) for word in table[name]) for name in ("acted", "alone"))
    inside = rf"\s?(?:(?:{acted})(?:[\s.,][^*_\[\]()\n]{{0,39}})?|(?:{alone})[\s.]?)"
    whole = re.compile(rf"\*{inside}\*|(?<!\w)_{inside}_(?!\w)|\[{inside}\]|\({inside}\)", re.IGNORECASE)
    return StageDirections(words=tuple(table["acted"] + table["alone"]), whole=whole)


def _ending_forms(own: dict[str, Any]) -> EndingForms:
    endings, ordinals = own["endings"], own["ordinals"]
    return EndingForms(
        joints=tuple((word, ending, both) for word, ending, both in endings["joints"]),
        apart=tuple({*endings["apart"], *(end[1:] for _, end, _ in endings["joints"] if end.startswith(" "))}),
        genitive=tuple((money, of_it) for money, of_it in endings.get("genitive", [])),
        written_on=frozenset(endings["apart"]),
        glued=tuple(endings["glued"]),
        nouns=tuple(endings["nouns"]),
        first=tuple(ordinals["first"]),
        nth=ordinals["nth"],
        stems=tuple((number, ending, stem) for number, ending, stem in ordinals["stems"]),
    )


def _pin_forms(common: dict[str, Any]) -> PinForms:
    quantities = common["pin_codes"]["quantities"]
    zones: dict[str, str] = {}
    for first_figure, towns in common["places"].items():
        for town in towns:
            zones[town] = zones.get(town, "") + first_figure
    return PinForms(
        places=MappingProxyType(zones),
        quantities=frozenset(word + plural for word in quantities if word.isascii() for plural in ("", "s")),
        quantity_stems=tuple(word for word in quantities if not word.isascii()),
        followers=frozenset(common["pin_codes"]["followers"]),
        names=tuple(common["pin_codes"]["names"]),
    )


def _called_forms(table: dict[str, list[str]]) -> CalledForms:
    return CalledForms(**{name: tuple(words) for name, words in table.items()})


def _attributive_forms(table: dict[str, list[str]]) -> AttributiveForms:
    return AttributiveForms(
        nouns=frozenset(table.get("nouns", [])),
        articles=frozenset(table.get("articles", [])),
        others=frozenset(table.get("others", [])),
    )


def _clock_forms(own: dict[str, Any]) -> ClockForms:
    return ClockForms(
        day_parts=tuple((hour, word) for hour, word in own.get("day_parts", [])),
        hours=tuple(own["hours"]),
        half_hours=tuple(own["half_hours"]),
        o_clock=own["o_clock"],
        minutes=own["minutes"],
        minutes_at=own.get("minutes_at", ""),
        quarter_past=own.get("quarter_past", ""),
        quarter_to=own.get("quarter_to", ""),
        until=own.get("until", ""),
        irregular=tuple((a, b) for a, b in own.get("irregular", [])),
        words=tuple(own["words"]),
    )


def _months(own: dict[str, Any], common: dict[str, Any]) -> MappingProxyType[str, int]:
    spellings: dict[str, int] = dict(common["months"])
    spellings.update({name.lower(): i for i, name in enumerate(own["months"], start=1)})
    spellings.update(own.get("other_spellings", {}))
    return MappingProxyType(spellings)


def _rows(table: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in table.replace("\n", " ").split(",") if word.strip())
