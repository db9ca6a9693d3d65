"""SIP messages as values: read from a datagram, written to one (RFC 3261, the part that a call on loopback needs)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

VERSION = "SIP/2.0"
LONGEST_BYTES = 65_535
_SHORT_NAMES = {
    "i": "call-id",
    "f": "from",
    "t": "to",
    "v": "via",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "o": "event",
    "r": "refer-to",
}
REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    603: "Decline",
}

HeaderList = list[tuple[str, str]]


class BadSip(ValueError):
    """The bytes are no SIP message; the text says what is wrong with them."""


@dataclass(slots=True)
class SipMessage:
    """What requests and responses have in common."""

    headers: HeaderList = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next(iter(self.all_headers(name)), "")

    def all_headers(self, name: str) -> list[str]:
        """Every header of that name, in order; names differ in nothing by case."""
        wanted = name.lower()
        return [value for each, value in self.headers if _long_name(each) == wanted]

    @property
    def call_id(self) -> str:
        return self.header("Call-ID")

    @property
    def sequence(self) -> tuple[int, str]:
        """The number and the method of CSeq."""
        number, _, method = self.header("CSeq").partition(" ")
        return (int(number) if number.isdecimal() else 0), method.strip()

    @property
    def branch(self) -> str:
        """What names the transaction: the topmost Via's branch."""
        return parameter(self.header("Via"), "branch")

    def _encoded(self, first_line: str) -> bytes:
        lines = [first_line, *(f"{name}: {value}" for name, value in self.headers)]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(slots=True)
class SipRequest(SipMessage):
    """INVITE, ACK, BYE and their kin."""

    method: str = ""
    uri: str = ""

    def encode(self) -> bytes:
        return self._encoded(f"{self.method} {self.uri} {VERSION}")


@dataclass(slots=True)
class SipResponse(SipMessage):
    """An answer to a request; below 200 more will follow."""

    status: int = 0
    reason: str = ""

    def encode(self) -> bytes:
        return self._encoded(f"{VERSION} {self.status} {self.reason or reason_of(self.status)}")


def parse(datagram: bytes) -> SipRequest | SipResponse:
    """Read one datagram. Raises BadSip; never anything else, whatever the bytes are."""
    head, _, body = datagram.partition(b"\r\n\r\n")
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError as error:
        raise BadSip("is not UTF-8 text") from error
    headers = _headers(lines[1:])
    first = lines[0].split(" ", 2)
    if len(first) != 3:
        raise BadSip(f"begins with {lines[0][:40]!r}, neither a request nor a status line")
    message: SipRequest | SipResponse
    if first[0] == VERSION:
        if not (first[1].isascii() and first[1].isdecimal() and 100 <= int(first[1]) <= 699):
            raise BadSip(f"has the status {first[1][:10]!r}")
        message = SipResponse(headers, body, int(first[1]), first[2])
    elif first[2] == VERSION:
        message = SipRequest(headers, body, first[0], first[1])
    else:
        raise BadSip(f"begins with {lines[0][:40]!r}, neither a request nor a status line")
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        if not message.header(name):
            raise BadSip(f"has no {name}")
    return message


def reason_of(status: int) -> str:
    return REASONS.get(status, "Unknown")


def reply_to(
    request: SipRequest, status: int, *, to_tag: str = "", headers: HeaderList | None = None, body: bytes = b""
) -> SipResponse:
    """The response to a request, with the headers that must be repeated in it (RFC 3261, 8.2.6.2)."""
    copied = [(name, value) for name, value in request.headers if _long_name(name) in ("via", "record-route")]
    to = request.header("To")
    if to_tag and not parameter(to, "tag"):
        to = f"{to};tag={to_tag}"
    copied += [("From", request.header("From")), ("To", to), ("Call-ID", request.call_id)]
    copied += [("CSeq", request.header("CSeq")), *(headers or [])]
    return SipResponse(copied, body, status)


def parameter(value: str, name: str) -> str:
    """A header's parameter, `tag` of `<sip:a@b>;tag=1`; parameters of the address inside <> are another thing."""
    outside = value.rpartition(">")[2] if ">" in value else value
    found = re.search(rf";\s*{name}\s*=\s*([^;,\s]+)", outside, re.IGNORECASE)
    return found[1] if found else ""


def uri_in(value: str) -> str:
    """The address inside a From, To, Contact or Refer-To."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.partition(";")[0].strip()


def user_of(uri: str) -> str:
    """Who is called: the number before the @, or that of a `tel:` address."""
    rest = uri.partition(":")[2]
    return rest.partition("@")[0].partition(";")[0] if "@" in rest or uri.startswith("tel:") else ""


def address_of(uri: str) -> tuple[str, int]:
    """Where a request for this address is sent. Raises BadSip if that cannot be read."""
    rest = uri.partition(":")[2]
    place = (rest.partition("@")[2] if "@" in rest else rest).partition(";")[0]
    host, _, port = place.partition(":")
    if not host or not (port.isdecimal() or not port) or int(port or 5060) > 65_535:
        raise BadSip(f"the address {uri[:60]!r} names no host and port")
    return host, int(port or 5060)


def new_tag() -> str:
    return secrets.token_hex(5)


def new_branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def _headers(lines: list[str]) -> HeaderList:
    headers: HeaderList = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:  # a line that begins with a blank belongs to the one before
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise BadSip(f"has the line {line[:40]!r}, which is no header")
        if _long_name(name) != "content-length":  # the datagram's own length says it; written anew when sent
            headers.append((name.strip(), value.strip()))
    return headers


def _long_name(name: str) -> str:
    lower = name.strip().lower()
    return _SHORT_NAMES.get(lower, lower)
