"""Logs that an outcome was made: how it came about and what it has cost, and nothing of what it says."""

from __future__ import annotations

import logging

from worker import log_events
from worker.outcome.making import Outcome
from worker.outcome.promises import DONE

log = logging.getLogger("vaani")


def note(outcome: Outcome) -> None:
    """Log that an outcome was made, and what it has cost."""
    log.log(
        logging.INFO if outcome.is_answered else logging.WARNING,
        log_events.CALL_OUTCOME,
        extra={
            "status": outcome.status, "outcome_seconds": round(outcome.seconds, 3),
            "tokens_in": outcome.tokens.read, "tokens_out": outcome.tokens.written,
            "promises_open": sum(promise["status"] != DONE for promise in outcome.promises),
        },
    )  # fmt: skip
