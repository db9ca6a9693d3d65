"""Looks up over HTTP, as most real tools do, where an order is (the sandbox serves such an endpoint)."""

from __future__ import annotations

import re
from datetime import date

from livekit.agents import RunContext, ToolError, function_tool
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from worker.tools.context import CallServices, guarded

CALLER_HEADER = "Vaani-Caller"
_ORDER_ID = re.compile(r"[A-Za-z0-9-]{3,20}")


class OrderStatus(BaseModel):
    """What the shop's API answered. Unknown fields are dropped: a server may add some with every release."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    order_id: str = Field(max_length=64)
    status: str = Field(max_length=64)
    eta: date | None = Field(None, validation_alias=AliasChoices("expected_delivery", "eta"))
    amount_rupees: float | None = Field(None, ge=0, validation_alias=AliasChoices("total_rupees", "amount_rupees"))


@function_tool
@guarded
async def order_status(ctx: RunContext[CallServices], order_id: str) -> str | None:
    """Look up where an order is.

    Args:
        order_id: The order number as the caller said it, without spaces, e.g. 4521.
    """
    compact = re.sub(r"\s+", "", order_id)
    if not _ORDER_ID.fullmatch(compact):
        raise ToolError("That is no order number. Ask the caller to read it again, digit by digit.")
    call = ctx.userdata
    # Order numbers can be counted up: the API decides, by who calls, what may be told.
    who = {CALLER_HEADER: call.caller} if call.caller else {}
    async with call.http.get(f"{call.settings.orders_url}/orders/{compact}", headers=who) as answer:
        if answer.status in (403, 404):  # not this caller's: said alike, or one could tell which orders there are
            return f"There is no order {compact}. Ask the caller to check the number."
        answer.raise_for_status()
        order = OrderStatus.model_validate(await answer.json())
    parts = [f"Order {order.order_id} is {order.status}."]
    if order.eta:
        parts.append(f"Expected on {order.eta:%d %B %Y}.")
    if order.amount_rupees is not None:
        parts.append(f"Amount: ₹{order.amount_rupees:.2f}.")
    return " ".join(parts)
