"""Says addresses: an e-mail in full, as callers write it down; a web address by its host and a page of one word."""

import re

from worker.spoken.endings import with_ending
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import INDIC, INDIC_CHARS
from worker.spoken.numbers import digits

_EMAIL = re.compile(
    r"(?:mailto:)?([A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,3}\.[A-Za-z0-9]{1,63})"
    rf"(?:-?({INDIC}[{INDIC_CHARS}]*))?"
)
_ENDINGS = "com|in|org|net|gov|edu|info|app|dev|io|ai|co|shop|store|online|bank|me"
_URL = re.compile(
    r"((?:https?://|www\.)[^\s<>()\[\]*`\"'|\u0900-\u0963\u0966-\u0d7f]+"
    rf"|(?<![\w@.-])[A-Za-z0-9][A-Za-z0-9-]{{0,62}}(?:\.[A-Za-z0-9-]{{1,62}}){{0,3}}\.(?:{_ENDINGS})(?![A-Za-z0-9_]|-[A-Za-z0-9])(?:/[^\s<>()\[\]*`\"'|\u0900-\u0963\u0966-\u0d7f]*)?)"
    rf"(?:-?({INDIC}[{INDIC_CHARS}]*))?",
    re.IGNORECASE,
)
_PAYMENT_ADDRESS = re.compile(
    r"(?<![\w.@-])([A-Za-z0-9][A-Za-z0-9._-]{1,63})@([A-Za-z]{2,20})(?![\w@-]|\.\w)"
)  # of UPI
_PAGE = re.compile(r"^[^/?#]*/([a-z]{2,14})/?$")  # what a caller could note down: shop.in/returns
_NO_WORD = re.compile("[b-df-hj-np-tv-xz]{3,6}")  # pspcl.in
LONGEST_SPOKEN_HOST = 40


def say_addresses(text: str, forms: SpokenForms) -> str:
    if "@" in text:
        text = _EMAIL.sub(lambda found: with_ending(_spoken_email(found[1], found[2], forms), found[3], forms), text)
        text = _PAYMENT_ADDRESS.sub(lambda found: _spoken_email(found[1], found[2], forms), text)
    return _URL.sub(lambda found: with_ending(_spoken_url(found[1].rstrip("-"), forms), found[2], forms), text)


def _spoken_email(name: str, host: str, forms: SpokenForms) -> str:
    say = forms.symbols
    signs = {".": say["dot"], "_": say["underscore"], "-": say["dash"], "+": say["plus"], "%": "percent"}
    spoken = "".join(f" {signs[char]} " if char in signs else char for char in name)
    return _with_digits(f"{spoken} {say['at']} {spoken_host(host, forms) if '.' in host else host}", forms)


def _spoken_url(url: str, forms: SpokenForms) -> str:
    ending = re.search(r"[.,;:!?_~।]*$", url)
    tail = ending[0] if ending else ""
    address = re.sub(r"^https?://", "", url[: len(url) - len(tail)], flags=re.IGNORECASE)
    host = re.split(r"[/?#:]", address, maxsplit=1)[0].rpartition("@")[2]
    said = spoken_host(host, forms)
    page = _PAGE.search(address)
    return f"{said} {forms.symbols['slash']} {page[1]}{tail}" if page and said != forms.symbols["link"] else said + tail


def spoken_host(host: str, forms: SpokenForms) -> str:
    """www.sarvam.ai is "sarvam dot A I"; what nobody could say (an IP address, a long host) is "the link"."""
    labels = [label for label in host.lower().removeprefix("www.").split(".") if label]
    sayable = 2 <= len(labels) <= 4 and host.isascii() and len(host) <= LONGEST_SPOKEN_HOST
    if not sayable or labels[-1].isdigit() or any(label.startswith("xn--") for label in labels):
        return forms.symbols["link"]
    spoken = [_label(label, forms, first=i == 0) for i, label in enumerate(labels)]
    return _with_digits(f" {forms.symbols['dot']} ".join(spoken), forms)


def _label(label: str, forms: SpokenForms, *, first: bool) -> str:
    if not first and label in forms.domains:
        return forms.domains[label]
    if (not first and len(label) <= 2) or _NO_WORD.fullmatch(label):
        return " ".join(label.upper())
    return label.replace("-", f" {forms.symbols['dash']} ").replace("_", f" {forms.symbols['underscore']} ")


def _with_digits(text: str, forms: SpokenForms) -> str:
    text = re.sub(r"[0-9]+", lambda found: f" {digits(found[0], forms.numbers)} ", text)
    return re.sub(r" +", " ", text).strip()
