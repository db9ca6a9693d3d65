"""Notes on a request's span when it left for its provider, and when the first token came back.

The framework's spans begin before a request is written and end behind everything that is done with a token; a provider
is not to be blamed for either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.trace import get_current_span

if TYPE_CHECKING:
    import httpx2

SENT: Final = "request_sent"
FIRST_TOKEN: Final = "first_token"  # noqa: S105  no password


async def note_sent(request: httpx2.Request) -> None:
    """Note that a request is handed to its connection, which may have to be opened first."""
    if request.method == "POST":  # what only opens a connection is nobody's turn
        get_current_span().add_event(SENT)


def note_first_token() -> None:
    """Note that the first token of an answer is here."""
    get_current_span().add_event(FIRST_TOKEN)
