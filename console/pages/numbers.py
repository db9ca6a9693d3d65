"""Answers with a month's numbers, day by day: the plots draw what stands in the table."""

from __future__ import annotations

import re
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from console.errors import Refusal
from console.filters import filters_of
from console.interface import PARAMETER
from console.reading.numbers import total
from console.rendering import moment, page
from console.rollup import RollUp

MONTH = "month"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


async def numbers_page(request: Request) -> Response:
    filters_of(request.query_params.multi_items(), besides=frozenset({PARAMETER, MONTH}))
    roll_up: RollUp = request.app.state.roll_up
    asked = request.query_params.get(MONTH) or f"{roll_up.today:%Y-%m}"
    match = _MONTH.fullmatch(asked)
    if match is None:
        raise Refusal(400, "bad_month", value=asked[:40])
    first = date(int(match[1]), int(match[2]), 1)
    days = await roll_up.month(first.year, first.month) if first <= roll_up.today else []
    counted = [day for day in days if day.numbers is not None]
    after = (first + timedelta(days=32)).replace(day=1)
    return page(
        request, "numbers.html", month=asked, days=days, total=total(day.numbers for day in counted if day.numbers),
        counted_at=moment(min((day.counted_at for day in counted if day.counted_at), default=None)),
        waiting=len(days) - len(counted), before=f"{first - timedelta(days=1):%Y-%m}",
        after=f"{after:%Y-%m}" if after <= roll_up.today else None,
    )  # fmt: skip
