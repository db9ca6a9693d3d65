"""Says what a returning caller has decided before, if it still counts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from records.earlier_consent import Decision, decisions_of
from worker.consent.dialogue import Given
from worker.consent.rules import ConsentRules, Purpose

log = logging.getLogger("vaani")


async def decided_before(records_url: str, days: float, rules: ConsentRules, caller: str | None) -> Given | None:
    """Return what this caller has answered within so many days; None where they are to be asked.

    A database that cannot be read is no reason to wait, or to keep anything: they are asked.
    """
    if not records_url or not days or not caller:
        return None
    try:
        decisions = await decisions_of(records_url, caller, datetime.now(UTC) - timedelta(days=days))
    except Exception as error:
        log.warning("earlier consent could not be looked up", extra={"why": type(error).__name__})
        return None
    return given_by(decisions, rules)


def given_by(decisions: Mapping[str, Decision], rules: ConsentRules) -> Given | None:
    """Return what these decisions come to; None where one that is asked for now was never made."""
    if not rules.opening or not rules.opening <= decisions.keys():
        return None
    opening = [decisions[purpose] for purpose in sorted(rules.opening)]
    versions = {decision.notice_version for decision in opening}
    if len(versions) != 1:
        return None
    allowed = {Purpose(name) for name, each in decisions.items() if each.state == "given" and name in set(Purpose)}
    return Given(frozenset(allowed), "earlier", opening[0].call, versions.pop())
