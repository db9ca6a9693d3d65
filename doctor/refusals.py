"""What it means when somebody cannot be reached or says no, and what to do: one table for all checks."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from doctor.checking import Wrong

LONGEST_QUOTE = 300
LONGEST_CHAIN = 8  # causes of causes; a chain can be a circle
QUOTA_WORDS = ("insufficient_quota", "credits", "billing")
KEY_STATUSES = (401, 403)


def unreachable(variable: str, url: str, error: BaseException) -> Wrong:
    """Say why nothing answers at an address."""
    host, causes = place(url), list(chain(error))
    if tls := [each for each in causes if isinstance(each, ssl.SSLError | aiohttp.ClientSSLError)]:
        return Wrong(
            f"{host} (of {variable}): TLS fails ({_tls_reason(tls)})",
            f"{variable} must name the host that its certificate is for; a proxy that opens TLS needs its root "
            "certificate on this machine (SSL_CERT_FILE)",
        )
    if any(isinstance(each, TimeoutError) for each in causes):
        return Wrong(
            f"{host} (of {variable}) does not answer",
            f"Check {variable}; if it is right, a firewall swallows the packets, or the provider is down",
        )
    if any(isinstance(each, socket.gaierror | aiohttp.ClientConnectorDNSError) for each in causes):
        return Wrong(f"{host} (of {variable}) has no address", f"Check the spelling of {variable}")
    if refusals := [each.errno for each in causes if isinstance(each, OSError) and each.errno]:
        return Wrong(
            f"{host} (of {variable}): {os.strerror(refusals[0])}",
            f"Nothing listens there, or it is not let through: start it, or mend {variable}",
        )
    return Wrong(
        f"{host} (of {variable}) breaks the connection off ({type(error).__name__})",
        f"Check {variable}; if it is right, try again: the provider may be down",
    )


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from: every library wraps the system's own."""
    for _ in range(LONGEST_CHAIN):
        if error is None:
            return
        yield error
        inner = getattr(error, "os_error", None)
        if isinstance(inner, OSError):
            yield inner
        error = error.__cause__ or error.__context__


def _tls_reason(errors: Sequence[BaseException]) -> str:
    """The short reason of a failed handshake."""
    inner = [getattr(each, "certificate_error", None) for each in errors]
    for each in (*inner, *errors):
        if reason := getattr(each, "verify_message", None) or getattr(each, "reason", None):
            return str(reason)
    return type(errors[0]).__name__


def place(url: str) -> str:
    """An address without its path, and without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def refused(provider: str, key: str, status: int, body: str, where: str) -> Wrong:
    """Say what a provider's refusal of a key, a quota or everybody means.

    Args:
        provider: Its name.
        key: The variable that holds its key.
        where: Where keys and credit are looked after.
    """
    said = quoted(body)
    if status == 429 and any(word in body for word in QUOTA_WORDS):
        return Wrong(f"{provider}: out of credit (HTTP 429)", f"Add credit at {where}; calls fail until then")
    if status == 429:
        return Wrong(
            f"{provider}: too many requests (HTTP 429)",
            f"Something else uses the same account: wait a minute and look at your plan's limits at {where}",
        )
    if status in KEY_STATUSES:
        # Not quoted: it may repeat a part of the key.
        return Wrong(
            f"{provider} refuses the key (HTTP {status})", f"Set {key} to a key from {where}, whole and unquoted"
        )
    if status >= 500:
        return Wrong(
            f"{provider} has an error of its own (HTTP {status})",
            "Wait, and look at its status page; callers hear an apology until it is over",
        )
    return Wrong(f"{provider} refuses the request (HTTP {status}): {said}", "Mend what it names")


def quoted(body: str, *, longest: int = LONGEST_QUOTE) -> str:
    """What a refusal says in words: its message where it is JSON of a known form, else its beginning."""
    try:
        content: Any = json.loads(body)
    except ValueError:
        return " ".join(body[:longest].split()) or "nothing else"
    error = content.get("error") if isinstance(content, dict) else None
    message = error.get("message") if isinstance(error, dict) else error or content
    return " ".join(str(message)[:longest].split())
