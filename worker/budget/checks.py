"""Finds what would keep a budget from being held, and says at start what it is held against."""

from __future__ import annotations

import logging

from worker import log_events
from worker.bill import LIVEKIT_LINE, PHONE_LINE, Price
from worker.settings import MoneySettings, Settings

log = logging.getLogger("vaani")
LIMIT_VARIABLES = ("WORKER_RUPEES_PER_CALL", "WORKER_RUPEES_PER_CALLER_DAY", "WORKER_RUPEES_PER_DAY")


def budget_problems(settings: Settings, price: Price) -> list[str]:
    """Return what is wrong, one sentence each: a budget over something without a price would hold nothing."""
    if not settings.money.limits.are_set:
        return []
    unpriced = price({model: {} for model in _models(settings)}).unpriced
    if not unpriced:
        return []
    return [
        f"{' and '.join(_set(settings.money))}: nobody knows the price of {', '.join(unpriced)}, so no budget can be "
        "held. Put it into a file that WORKER_PRICES_FILE names (docs/money.md), or set no budget"
    ]


def tell_budgets(settings: Settings, price: Price) -> None:
    """Log what is kept to, over whom, and which minutes it leaves out because the operator has given no figure."""
    limits = settings.money.limits
    log.info(
        log_events.BUDGET_KEPT,
        extra={
            "over": "all_workers" if settings.records.records_url else "this_worker",
            "call": limits.call, "caller_day": limits.caller_day, "day": limits.day,
            "without": list(price({LIVEKIT_LINE: {}, PHONE_LINE: {}}).unpriced),
        },
    )  # fmt: skip


def _set(money: MoneySettings) -> list[str]:
    given = (money.rupees_per_call, money.rupees_per_caller_day, money.rupees_per_day)
    return [variable for variable, limit in zip(LIMIT_VARIABLES, given, strict=True) if limit is not None]


def _models(settings: Settings) -> list[str]:
    """Return all that calls may use, as their usage names it."""
    llm = [settings.llm.model, settings.llm.fallback_model]
    if settings.outcome.is_on:
        llm.append(settings.outcome.outcome_model)
    heard_elsewhere = ["eot_usage:turn-detector-v1"] if settings.turns.turn_detector == "v1" else []
    return [
        f"stt_usage:{settings.stt.model}", f"tts_usage:{settings.tts.model}",
        *(f"llm_usage:{model}" for model in dict.fromkeys(llm) if model), *heard_elsewhere,
    ]  # fmt: skip
