"""Many telephones behind one carrier's address: whoever is called does what is said of their number."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sandbox.phone.sip_endpoint import Address, ServerTransaction, SipEndpoint
from sandbox.phone.sip_message import uri_in, user_of
from sandbox.phone.telephone import Answering, Telephone

NO_SUCH_NUMBER = 404


class Town:
    """Telephones that share one SIP address, from `open` to `aclose`."""

    def __init__(self, answering: Mapping[str, Answering]) -> None:
        """Have a phone for each number."""
        self._endpoint = SipEndpoint(self._receive)
        self.phones = {
            number: Telephone(number, answering=how, endpoint=self._endpoint) for number, how in answering.items()
        }

    @property
    def address(self) -> Address:
        """Where a carrier's trunk sends its calls."""
        return self._endpoint.address

    async def open(self) -> None:
        await self._endpoint.open()

    async def aclose(self) -> None:
        """Hang up everywhere."""
        await asyncio.gather(*(phone.aclose() for phone in self.phones.values()))
        self._endpoint.close()

    def _receive(self, transaction: ServerTransaction) -> None:
        phone = self.phones.get(user_of(uri_in(transaction.request.header("To"))))
        if phone is not None:
            phone.receive(transaction)
        elif transaction.request.method != "ACK":
            transaction.respond(NO_SUCH_NUMBER)
