"""Builds what makes outcomes, for a call's process and for the worker's parent; loads nothing where they are off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from worker.settings import OutcomeSettings, Settings

log = logging.getLogger("vaani")

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from records.webhooks import Receiver
    from worker.outcome.making import OutcomeMaker


def maker_of(settings: Settings) -> OutcomeMaker:
    """Build what makes outcomes.

    Raises:
        BadSchema: The operator's file has changed since the start.
    """
    from worker.outcome.making import OutcomeMaker
    from worker.outcome.request import OutcomeModel
    from worker.outcome.schema import OutcomeSchema

    schema = OutcomeSchema.read(settings.outcome.outcome_schema_file)
    model = OutcomeModel(settings.outcome, settings.llm, settings.openai)
    return OutcomeMaker(settings.outcome, schema, model, unmasked=settings.records.records_unmasked)


def receiver_of(settings: OutcomeSettings) -> Receiver | None:
    """The operator's webhook; None where there is none."""
    if settings.outcome_webhook_url is None or not settings.is_on:
        return None
    from records.webhooks import Receiver

    secret = settings.outcome_webhook_secret
    secrets = secret.get_secret_value().split(",") if secret is not None else []
    return Receiver(
        settings.outcome_webhook_url,
        tuple(each.strip() for each in secrets if each.strip()),
        allow_insecure=settings.outcome_webhook_insecure,
    )


def beside_records(settings: Settings) -> Callable[[AsyncEngine], Awaitable[None]] | None:
    """What runs beside the records' shipper: the outbox's delivery, and outcomes of calls that were killed."""
    if not settings.outcome.is_on:
        return None

    async def run(engine: AsyncEngine) -> None:
        from worker.outcome.open_calls import OpenCalls
        from worker.outcome.schema import BadSchema
        from worker.providers.prices import price_of

        receiver, price = receiver_of(settings.outcome), price_of(settings.money)
        work: list[Awaitable[None]] = []
        try:
            work.append(OpenCalls(engine, maker_of(settings), price, tells=receiver is not None).run())
        except BadSchema as error:  # gone since the start: what is written already is told all the same
            log.error("no outcomes are written", extra={"why": str(error)})
        if receiver is not None:
            from records.webhooks import Delivery, Sender

            work.append(Delivery(engine, Sender(receiver)).run())
        await asyncio.gather(*work)

    return run
