"""Stand in for a shop's order service, so that the example tool has a real HTTP endpoint to ask, and to fail at."""

import zlib
from typing import Any

from aiohttp import web

from sandbox.control.vendor import MESSAGES, REFUSED_KEYS, SCOPES, Refused, answer, bearer, before_answering, now, until

STATUSES = ("packed", "shipped", "out_for_delivery", "delivered")
DATES = ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
UNKNOWN_ORDERS = ("0", "404", "0000")


def refuse(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"status": status, "message": message}}, status=status)


async def order(request: web.Request) -> web.StreamResponse:
    """`GET /orders/{id}`. The same id always has the same answer."""
    key = bearer(request) or request.headers.get("x-api-key", "")
    if key in REFUSED_KEYS and key:
        raise Refused(refuse(403, MESSAGES[403]))
    scope = request.app[SCOPES].for_key(key)
    order_id = request.match_info["id"]
    scope.log("orders", "asked", order_id=order_id)
    due_at = now() + scope.settings.orders_seconds * scope.slow("orders")
    await before_answering(scope, "orders", refuse)
    await until(due_at)
    fault = scope.fault("orders", "empty", "malformed", "stall", "drop")
    if fault is not None and fault.name == "empty":
        return web.json_response({})
    if order_id in UNKNOWN_ORDERS or not order_id.isalnum():
        return refuse(404, f"there is no order {order_id}")
    return await answer(request, found(order_id), fault)


def found(order_id: str) -> dict[str, Any]:
    number = zlib.crc32(order_id.encode())
    status = STATUSES[number % len(STATUSES)]
    return {
        "order_id": order_id,
        "status": status,
        "expected_delivery": DATES[number // 4 % len(DATES)],
        "items": 1 + number // 16 % 3,
        "total_rupees": 499 + number // 64 % 20 * 100,
    }
