"""Finds short numbers that people call (1912, 139, 19123): read figure by figure, though as short as a price."""

import re
from functools import cache

from worker.spoken.endings import with_ending
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC_CHARS, any_of
from worker.spoken.numbers import digits
from worker.spoken.public_codes import counts_next

_SHORT = r"[0-9]{3,6}"
_LONG = r"\+?[0-9]{2,5}(?:[\s-][0-9]{3,8}){1,3}|[0-9]{7,13}"
_ONE_SHORT = re.compile(_SHORT)
_PHONE = re.compile(r"(?:\+|0|18[06]0|[6-9])[0-9\s-]{7,15}")
SHORTEST = re.compile("[0-9]{3}")
_PRICE = re.compile(r"000$|[0-9]{2}99$")
_FREE_WORD = r"\s[^\s0-9.,!?;:।()]+"
_LONGEST_CONTEXT = 80


@cache
def _numbers_pattern(forms: SpokenForms) -> re.Pattern[str]:
    """One number, or several with "or" between them."""
    one = rf"(?:{_LONG}|{_SHORT})(?![0-9]|[.:/-][0-9]|,[0-9]|\s?%|\s[0-9])"
    return re.compile(rf"(?<![\w.,:/₹$€£%-])(?P<numbers>{one}(?:{_joint(forms)}{one}){{0,2}}){ENDING}")


def _joint(forms: SpokenForms) -> str:
    return rf",?\s(?:{any_of((*forms.called.ors, *forms.called.ands))})\s"


@cache
def _joints(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(f"({_joint(forms)})")


@cache
def _called_behind(forms: SpokenForms) -> re.Pattern[str]:
    """What shows behind a number that it is called: पर कॉल, नंबर पर, என்ற எண்ணில், पर तुरंत कॉल."""
    called = forms.called
    between = rf"\s['’‘]?(?:{any_of(called.between)})(?![{INDIC_CHARS}A-Za-z])"
    bent = rf"\s(?:{any_of(called.number_stems)})[{INDIC_CHARS}]*"
    near = rf"\s(?:{any_of(called.near)})(?![{INDIC_CHARS}A-Za-z])"
    at = rf"(?:{between})?\s(?:{any_of(called.number_at)})(?![{INDIC_CHARS}])"
    verb = rf"\s(?:{any_of((*called.verbs, *called.phones))})"
    far = rf"(?:{_FREE_WORD}){{1,2}}\s(?:{any_of(called.verbs)})"
    return re.compile(
        rf"{at}|\s\((?:{any_of(called.names)})|(?P<apart>(?:{between}|{bent}|{near}){{1,3}}{verb}|(?:{between}|{bent}){{1,3}}{far})"
        rf"|(?P<ended>{verb}|{far})",
        re.IGNORECASE,
    )


@cache
def _dialled_behind(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(rf"\s(?:{any_of(forms.called.dialled)})", re.IGNORECASE)


@cache
def _called_before(forms: SpokenForms) -> re.Pattern[str]:
    """What shows before it: the helpline is 1912, call us on 139, टोल-फ्री नंबर 155260."""
    called = forms.called
    link = rf"(?:{any_of(called.links)}|(?:{any_of(called.number_stems)})[{INDIC_CHARS}]*)(?![\w{INDIC_CHARS}])"
    names = rf"(?:{any_of(called.names)})[\w{INDIC_CHARS}]*|(?:{any_of(called.verbs_before)})(?!\w)"
    named = rf"(?:{names})(?:[\s:,()–—-]+{link}){{0,4}}[\s:(–—-]+"
    at = rf"(?:{any_of(called.verbs_at)})(?:\s[a-z]+){{0,3}}?\s(?:{any_of(called.at)})\s"
    return re.compile(rf"(?<![\w{INDIC_CHARS}])(?:{named}|{at})$", re.IGNORECASE)


@cache
def _money_before(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(rf"(?:{any_of(forms.currencies)})\.?\s?$")


@cache
def _may_be_called(forms: SpokenForms) -> re.Pattern[str]:
    called = forms.called
    words = rf"['’‘]?(?:{any_of((*called.between, *called.near, *called.ors, *called.ands))})"
    words = rf"{words}|(?:{any_of(called.number_stems)})[{INDIC_CHARS}]*"
    free = rf"(?:{_FREE_WORD}){{0,2}}"
    ended = rf"[-\u2011]?[{INDIC_CHARS}]+"
    return re.compile(
        rf"(?<![\w.,:/-])(?<![₹$€£%]\s)(?:[0-9]{{3,6}}[\"”’)]?(?:{ended})?(?:\s(?:{words})){{1,3}}{free}"
        rf"|(?!20[0-9]{{2}}(?![0-9]))[0-9]{{3,6}}{ended}{free})\s*$"
    )


@cache
def _calls_at_end(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(rf"\s(?:{any_of((*forms.called.verbs, *forms.called.phones))})\S*\s*$", re.IGNORECASE)


def called_may_go_on(text: str, forms: SpokenForms) -> bool:
    """Whether the word behind `text` may tell that its number is one to call: 19123 पर."""
    end = text[-_LONGEST_CONTEXT:]
    return _may_be_called(forms).search(end) is not None and not _calls_at_end(forms).search(end)


def say_called_numbers(text: str, before: str, forms: SpokenForms) -> str:
    """Call 19123, 1912 पर कॉल and 139-க்கு அழையுங்கள் figure by figure; longer ones are left to their pass."""

    def spoken(found: re.Match[str]) -> str:
        context, after = f"{before}{text[: found.start()]}"[-_LONGEST_CONTEXT:], text[found.end() :].lstrip('"”’)')
        if _money_before(forms).search(context) or not _is_called(found, context, after, forms):
            return found[0]
        *others, last = _joints(forms).split(found["numbers"])
        said = "".join(_figures(part, forms) for part in others)
        if not _ONE_SHORT.fullmatch(last):
            return said + found[0][len(found["numbers"]) - len(last) :]
        return said + with_ending(_figures(last, forms), found["ending"], forms)

    return _numbers_pattern(forms).sub(spoken, text)


def _figures(part: str, forms: SpokenForms) -> str:
    return digits(part, forms.numbers) if _ONE_SHORT.fullmatch(part) else part


def _is_called(found: re.Match[str], before: str, after: str, forms: SpokenForms) -> bool:
    pieces = _joints(forms).split(found["numbers"])
    parts, joints = pieces[::2], {joint.strip(" ,") for joint in pieces[1::2]}
    if not any(map(_ONE_SHORT.fullmatch, parts)) or _PRICE.search(parts[-1]) or counts_next(after, forms):
        return False
    if joints.intersection(forms.called.ors) and any(map(_PHONE.fullmatch, parts)):
        return True  # 1912 or 1800-233-3435
    if _called_before(forms).search(before) or _dialled_behind(forms).match(after):
        return True
    behind = _called_behind(forms).match(after)
    return behind is not None and bool(found["ending"] or not behind["ended"])
