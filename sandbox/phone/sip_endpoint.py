"""SIP over UDP: sends requests until they are answered, tells whoever listens of those that arrive (RFC 3261, 17)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

from sandbox.phone.sip_message import (
    BadSip,
    HeaderList,
    SipRequest,
    SipResponse,
    new_branch,
    new_tag,
    parse,
    reply_to,
)

Address = tuple[str, int]
FIRST_RESEND_SECONDS = 0.5  # T1
GIVE_UP_SECONDS = 32.0  # 64 * T1
REMEMBERED_REQUESTS = 256


class NoAnswer(Exception):
    """Nobody answered a request in the time that SIP allows."""


class ClientTransaction:
    """A request that was sent, and its responses."""

    def __init__(self, endpoint: SipEndpoint, request: SipRequest, to: Address) -> None:
        self.request, self.to = request, to
        self._endpoint = endpoint
        self._responses: asyncio.Queue[SipResponse] = asyncio.Queue()
        self._answered = asyncio.Event()

    async def response(self) -> SipResponse:
        """The next response, provisional ones too. Raises NoAnswer if there is none at all."""
        if self._answered.is_set():
            return await self._responses.get()
        pause, sent_seconds = FIRST_RESEND_SECONDS, 0.0
        while sent_seconds < GIVE_UP_SECONDS:
            try:
                async with asyncio.timeout(pause):
                    return await self._responses.get()
            except TimeoutError:
                sent_seconds += pause
                pause *= 2
                self._endpoint.send(self.request.encode(), self.to)
        raise NoAnswer(f"{self.request.method} was not answered")

    async def final(self) -> SipResponse:
        """The response that ends the transaction. Raises NoAnswer."""
        while (response := await self.response()).status < 200:
            pass
        return response

    def cancel(self) -> None:
        """Take back an INVITE that still rings; its final response is 487 then."""
        kept = [(name, value) for name, value in self.request.headers if name in ("Via", "From", "To", "Call-ID")]
        number = self.request.sequence[0]
        headers = [*kept, ("CSeq", f"{number} CANCEL"), ("Max-Forwards", "70")]
        self._endpoint.send(SipRequest(headers, b"", "CANCEL", self.request.uri).encode(), self.to)

    def receive(self, response: SipResponse) -> None:
        """Called by the endpoint."""
        self._answered.set()
        if self.request.method == "INVITE" and response.status >= 300:
            self._acknowledge(response)
        self._responses.put_nowait(response)

    def _acknowledge(self, response: SipResponse) -> None:
        """A refused INVITE is acknowledged within its own transaction (17.1.1.3)."""
        kept = [(name, value) for name, value in self.request.headers if name in ("Via", "From", "Call-ID")]
        headers = [*kept, ("To", response.header("To")), ("CSeq", f"{response.sequence[0]} ACK")]
        ack = SipRequest([*headers, ("Max-Forwards", "70")], b"", "ACK", self.request.uri)
        self._endpoint.send(ack.encode(), self.to)


class ServerTransaction:
    """A request that came, to be responded to once or, for an INVITE, several times."""

    def __init__(self, endpoint: SipEndpoint, request: SipRequest, source: Address) -> None:
        self.request, self.source = request, source
        self.local_tag = new_tag()
        self.last_sent: bytes | None = None
        self.final_status: int | None = None
        self.cancelled = asyncio.Event()
        self._endpoint = endpoint

    def respond(self, status: int, headers: HeaderList | None = None, body: bytes = b"") -> None:
        """Send a response; nothing is sent any more after a final one."""
        if self.final_status is not None:
            return
        tag = "" if status == 100 else self.local_tag
        self.last_sent = reply_to(self.request, status, to_tag=tag, headers=headers, body=body).encode()
        if status >= 200:
            self.final_status = status
        self._endpoint.send(self.last_sent, self.source)


class SipEndpoint(asyncio.DatagramProtocol):
    """One UDP port that speaks SIP."""

    def __init__(self, on_request: Callable[[ServerTransaction], None]) -> None:
        """`on_request` gets every new request but CANCEL; it must not block."""
        self._on_request = on_request
        self._transport: asyncio.DatagramTransport | None = None
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: OrderedDict[tuple[str, str], ServerTransaction] = OrderedDict()

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(host, port))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def address(self) -> Address:
        assert self._transport is not None, "the endpoint is not open"
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def new_via(self) -> str:
        host, port = self.address
        return f"SIP/2.0/UDP {host}:{port};branch={new_branch()};rport"

    def request(self, request: SipRequest, to: Address) -> ClientTransaction:
        """Send a request that expects responses."""
        transaction = ClientTransaction(self, request, to)
        self._clients[request.branch, request.method] = transaction
        self.send(request.encode(), to)
        return transaction

    def send(self, datagram: bytes, to: Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, to)

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is no subclass of it

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            message = parse(data)
        except BadSip:
            return  # keep-alives and strangers' bytes: there is nobody to answer
        if isinstance(message, SipResponse):
            if client := self._clients.get((message.branch, message.sequence[1])):
                client.receive(message)
            return
        self._receive(message, addr)

    def _receive(self, request: SipRequest, source: Address) -> None:
        if request.method == "CANCEL":
            self._cancel(request, source)
            return
        key = (request.branch, request.method)
        if known := self._servers.get(key):
            if known.last_sent is not None:
                self.send(known.last_sent, source)  # it was sent again because our response was lost
            return
        transaction = self._servers[key] = ServerTransaction(self, request, source)
        if len(self._servers) > REMEMBERED_REQUESTS:
            self._servers.popitem(last=False)
        self._on_request(transaction)

    def _cancel(self, request: SipRequest, source: Address) -> None:
        invited = self._servers.get((request.branch, "INVITE"))
        reply = reply_to(request, 200 if invited else 481, to_tag=invited.local_tag if invited else new_tag())
        self.send(reply.encode(), source)
        if invited is not None:
            invited.cancelled.set()
