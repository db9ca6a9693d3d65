"""Finds what is wrong with how outcomes are to be written and told: at start, by name."""

from __future__ import annotations

from worker.settings import OutcomeSettings, RecordsSettings


def outcome_problems(settings: OutcomeSettings, records: RecordsSettings) -> list[str]:
    """Return what is wrong, one sentence each; nothing is loaded where outcomes are off."""
    if not settings.is_on:
        return []
    from records.webhooks import receiver_problems
    from worker.outcome.building import receiver_of
    from worker.outcome.schema import BadSchema, OutcomeSchema

    problems = []
    if not records.records_url:
        problems.append(
            "WORKER_OUTCOME needs WORKER_RECORDS_URL: an outcome, and what the webhook is told, is kept there"
        )
    try:
        OutcomeSchema.load(settings.outcome_schema_file)
    except BadSchema as error:
        problems.append(str(error))
    receiver = receiver_of(settings)
    return problems + (receiver_problems(receiver) if receiver is not None else [])
