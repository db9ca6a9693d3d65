"""Says versions and the addresses of devices: v2.1.4 is version two point one point four."""

import re
from functools import cache

from worker.spoken.endings import said_code
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC_CHARS, any_of
from worker.spoken.numbers import cardinal, digits

_PARTS = r"[0-9]{1,6}(?:\.[0-9]{1,6})"
_END = rf"(?![0-9A-Za-z]|[,:/-][0-9]|\.[0-9A-Za-z]|\s?%){ENDING}"
_MARKED = re.compile(rf"(?<![\w.])(?:[Vv]\.?(?P<number>{_PARTS}+)|v(?P<whole>[0-9]{{1,3}})){_END}")
_ADDRESS = re.compile(rf"(?<![\w.,/-])(?P<number>(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}})(?P<part>[:/][0-9]{{1,5}})?{_END}")
_LONG = re.compile(rf"(?<![\w.,/-])(?P<number>{_PARTS}{{2,}}){_END}")
_CONTEXT_CHARS = 40
_LARGEST_IN_ADDRESS = 255
SIGN = re.compile(r"[0-9]\.[0-9]|v[0-9]")


@cache
def _word_before(forms: SpokenForms, *, or_product: bool) -> re.Pattern[str]:
    names = (*forms.version_words, *forms.versioned) if or_product else forms.version_words
    return re.compile(rf"(?<![\w{INDIC_CHARS}])(?:{any_of(names)})[:\s–-]+$", re.IGNORECASE)


def say_versions(text: str, before: str, forms: SpokenForms) -> str:
    """Before dates: what stands behind "version" is none, though 10.2.24 looks like one."""

    def named(found: re.Match[str], *, or_product: bool = True) -> bool:
        context = f"{before}{text[: found.start()]}"[-_CONTEXT_CHARS:]
        return _word_before(forms, or_product=or_product).search(context) is not None

    def marked(found: re.Match[str]) -> str:
        word = "" if named(found, or_product=False) else f"{forms.symbols['version']} "
        return word + said_code(_version(found["number"] or found["whole"], forms), found, forms)

    def unmarked(found: re.Match[str]) -> str:
        return said_code(_version(found["number"], forms), found, forms) if named(found) else found[0]

    def address(found: re.Match[str]) -> str:
        parts = found["number"].split(".")
        if (named(found) and not found["part"]) or any(int(part) > _LARGEST_IN_ADDRESS for part in parts):
            return found[0]
        said = f" {forms.symbols['dot']} ".join(digits(part, forms.numbers) for part in parts)
        if part := found["part"]:  # a port, or how large a net is
            said += f", {digits(part, forms.numbers)}" if part[0] == ":" else _of_net(part[1:], forms)
        return said_code(said, found, forms)

    text = _MARKED.sub(marked, text)
    text = _ADDRESS.sub(address, text)
    return _LONG.sub(unmarked, text)


def _of_net(size: str, forms: SpokenForms) -> str:
    return f" {forms.symbols['slash']} {cardinal(int(size), forms.numbers)}"


def _version(number: str, forms: SpokenForms) -> str:
    numbers = forms.numbers
    parts = number.split(".")
    said = (
        digits(part, numbers) if part[0] == "0" and len(part) > 1 else cardinal(int(part), numbers) for part in parts
    )
    return f" {numbers.point} ".join(said)
