"""Signs where a list goes on, so that the address of a further page cannot be made up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from console.errors import Refusal
from console.settings import Secret

SIGNATURE_BYTES = 16
_CURSOR_CHARACTERS_MAX = 400


@dataclass(frozen=True, slots=True)
class Place:
    """The last call of a page: the next page begins behind it."""

    started_at: datetime
    call_id: str


def cursor_of(place: Place, view: str, secret: Secret) -> str:
    """The text that stands in an address.

    Args:
        view: The filters of the list; a cursor of one view is none of another.
    """
    micros = int(place.started_at.replace(tzinfo=place.started_at.tzinfo or UTC).timestamp() * 1_000_000)
    body = json.dumps([micros, place.call_id]).encode()
    return _text(_signature(body, view, secret) + body)


def place_of(cursor: str, view: str, secret: Secret) -> Place:
    """Where the list goes on.

    Raises:
        Refusal: 400, when we did not write the cursor, or wrote it for another view.
    """
    try:
        if len(cursor) > _CURSOR_CHARACTERS_MAX:
            raise ValueError("too long")
        signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, "forged_cursor") from error
    signature, body = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(body, view, secret)):
        raise Refusal(400, "forged_cursor")
    micros, call_id = json.loads(body)
    return Place(datetime.fromtimestamp(micros / 1_000_000, UTC), call_id)


def _signature(body: bytes, view: str, secret: Secret) -> bytes:
    return hmac.digest(secret.value, view.encode() + b"\0" + body, hashlib.sha256)[:SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
