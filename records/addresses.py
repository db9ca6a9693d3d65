"""Resolves a webhook's host and refuses addresses that are not the internet's: what is checked is what is connected to.

A name that led to a public address when it was set may lead into one's own network a minute later (DNS rebinding); so
every connection asks here, and is made to the very address that was looked at.
"""

from __future__ import annotations

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """The host is an address of a private network, of this machine, or of nothing."""


def is_public(address: str) -> bool:
    """Whether an IP address is the internet's, also one that is wrapped in an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if parsed.teredo is not None:
            return False
    return parsed.is_global and not parsed.is_multicast


def is_address(host: str) -> bool:
    """Whether a host is an address itself, which no resolver is asked for."""
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name; one address that is not public is enough to refuse it.

        Raises:
            PrivateAddress: Not retryable before its owner changes the name.
        """
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            raise PrivateAddress(f"{host} is an address of a private network or of this machine")
        return found

    async def close(self) -> None:
        """Release nothing: the threads are the loop's."""
        await self._resolver.close()
