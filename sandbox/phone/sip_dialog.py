"""What two ends of a call remember of each other, and the requests they send within it (RFC 3261, 12)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.phone.sip_endpoint import Address, ClientTransaction, ServerTransaction, SipEndpoint
from sandbox.phone.sip_message import (
    HeaderList,
    SipRequest,
    SipResponse,
    address_of,
    new_tag,
    parameter,
    uri_in,
)

SDP_TYPE = ("Content-Type", "application/sdp")
ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, OPTIONS")


@dataclass(slots=True)
class Dialog:
    """One end of one call. `local` and `remote` are whole From/To values with their tags."""

    endpoint: SipEndpoint
    call_id: str
    local: str
    remote: str
    target_uri: str
    routes: list[str] = field(default_factory=list)
    sequence: int = 0

    @property
    def local_tag(self) -> str:
        return parameter(self.local, "tag")

    @property
    def contact(self) -> tuple[str, str]:
        host, port = self.endpoint.address
        return "Contact", f"<sip:{host}:{port}>"

    @property
    def destination(self) -> Address:
        return address_of(uri_in(self.routes[0]) if self.routes else self.target_uri)

    def request(self, method: str, headers: HeaderList | None = None, body: bytes = b"") -> ClientTransaction:
        """Send a request within the call."""
        self.sequence += 1
        return self.endpoint.request(self._built(method, self.sequence, headers, body), self.destination)

    def acknowledge(self, response: SipResponse) -> None:
        """Send the ACK of an INVITE that was accepted."""
        ack = self._built("ACK", response.sequence[0])
        self.endpoint.send(ack.encode(), self.destination)

    def established_by(self, response: SipResponse) -> None:
        """Learn the other side's tag, address and route from its acceptance."""
        self.remote = response.header("To")
        if contact := response.header("Contact"):
            self.target_uri = uri_in(contact)
        self.routes = _routes(response)[::-1]

    def _built(self, method: str, number: int, headers: HeaderList | None = None, body: bytes = b"") -> SipRequest:
        head = [("Via", self.endpoint.new_via()), ("Max-Forwards", "70"), *(("Route", route) for route in self.routes)]
        head += [("From", self.local), ("To", self.remote), ("Call-ID", self.call_id), ("CSeq", f"{number} {method}")]
        return SipRequest([*head, self.contact, *(headers or [])], body, method, self.target_uri)


def calling(endpoint: SipEndpoint, from_uri: str, to_uri: str, call_id: str) -> Dialog:
    """The caller's end, before anything was sent."""
    return Dialog(endpoint, call_id, f"<{from_uri}>;tag={new_tag()}", f"<{to_uri}>", to_uri)


def called(endpoint: SipEndpoint, invitation: ServerTransaction) -> Dialog:
    """The end that is called, as the INVITE tells of it."""
    request = invitation.request
    local = f"{request.header('To')};tag={invitation.local_tag}"
    target = uri_in(request.header("Contact") or request.header("From"))
    return Dialog(endpoint, request.call_id, local, request.header("From"), target, _routes(request))


def _routes(message: SipRequest | SipResponse) -> list[str]:
    return [each.strip() for value in message.all_headers("Record-Route") for each in value.split(",")]
