"""Turns filters into conditions on calls, in the words of either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy import type_coerce as taken_as
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY, TSVECTOR

from console.filters import Filters
from records.schema import Base
from records.search_words import spellings_of, words_of

CALLS, TURNS, FAULTS, WORDS = (Base.metadata.tables[name] for name in ("calls", "turns", "faults", "call_words"))
POSTGRESQL = "postgresql"
_LIKE_ESCAPE = "\\"
_EQUAL = ("channel", "direction", "caller")
_AT_LEAST = {"longer": "length_seconds", "slower": "slowest_seconds", "dearer": "rupees"}


def narrowed(query: Select[Any], filters: Filters, dialect: str) -> Select[Any]:
    """The query, for the calls that are meant alone."""
    return query.where(*conditions(filters, dialect))


def conditions(filters: Filters, dialect: str) -> Iterator[ColumnElement[bool]]:
    """One condition for each filter that is given."""
    if filters.since_at:
        yield CALLS.c.started_at >= filters.since_at
    if filters.until_at:
        yield CALLS.c.started_at < filters.until_at
    for name in _EQUAL:
        if value := getattr(filters, name):
            yield CALLS.c[name] == value
    for name, column in _AT_LEAST.items():
        if (least := getattr(filters, name)) is not None:
            yield CALLS.c[column] >= least
    if filters.shorter is not None:
        yield CALLS.c.length_seconds <= filters.shorter
    if filters.ended:
        yield CALLS.c.end_reason == filters.ended
    if filters.language:
        yield spoke(filters.language, dialect)
    if filters.outcome:
        yield came_out(filters.outcome, dialect)
    if filters.fault:
        yield exists(select(FAULTS.c.call_id).where(FAULTS.c.call_id == CALLS.c.id, FAULTS.c.code == filters.fault))
    if filters.q:
        yield CALLS.c.id.in_(select(WORDS.c.call_id).where(said(filters.q, dialect)))


def spoke(language: str, dialect: str) -> ColumnElement[bool]:
    """Calls in which the language was spoken at any time."""
    if dialect == POSTGRESQL:
        return taken_as(CALLS.c.languages, JSONB).contains([language])
    each = func.json_each(CALLS.c.languages).table_valued("value")
    return exists(select(literal(1)).select_from(each).where(each.c.value == language))


def resolved(dialect: str) -> ColumnElement[Any]:
    """Whether the caller got what they wanted: "true", "false", or what an operator's own schema has there."""
    if dialect == POSTGRESQL:
        text: ColumnElement[Any] = CALLS.c.outcome["resolved"].as_string()
        return text
    return func.json_type(CALLS.c.outcome, "$.resolved")


def came_out(outcome: str, dialect: str) -> ColumnElement[bool]:
    """Calls with this outcome."""
    if outcome in ("resolved", "unresolved"):
        wanted = outcome == "resolved"
        if dialect == POSTGRESQL:
            return taken_as(CALLS.c.outcome, JSONB).contains({"resolved": wanted})  # this has an index
        return resolved(dialect) == ("true" if wanted else "false")
    is_known = func.coalesce(resolved(dialect), "").in_(("true", "false"))
    known: dict[str, Callable[[], ColumnElement[bool]]] = {
        "unknown": lambda: and_(not_(is_known), CALLS.c.ended_at.is_not(None)),
        "failed": lambda: CALLS.c.failed == true(),
        "unanswered": lambda: and_(CALLS.c.answered_at.is_(None), CALLS.c.ended_at.is_not(None)),
    }
    return known[outcome]()


def said(words: str, dialect: str) -> ColumnElement[bool]:
    """Calls in which all these words were said, in whatever letters. `word*` is any word that begins so."""
    wanted = [(spellings_of(word), starred) for word, starred in _wanted(words)]
    if not wanted:
        return false()
    if dialect == POSTGRESQL:
        # Lexemes as they are: no parser of PostgreSQL's, so both databases find the same.
        groups = [" | ".join(f"'{each}'{':*' if starred else ''}" for each in spelt) for spelt, starred in wanted]
        query = " & ".join(f"({group})" for group in groups)
        return searchable_in_postgresql().op("@@")(cast(literal(query), TSQUERY))
    return _said_letter_by_letter(wanted)


def said_in(call_id: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """The same of one call, without an index: no database may turn it round and look all calls with the words up."""
    found = _said_letter_by_letter([(spellings_of(word), starred) for word, starred in _wanted(words)])
    return select(found).where(WORDS.c.call_id == call_id).correlate(CALLS).scalar_subquery()


def _said_letter_by_letter(wanted: Sequence[tuple[Sequence[str], bool]]) -> ColumnElement[bool]:
    each_word = (or_(*(_like(each, starred) for each in spelt)) for spelt, starred in wanted)
    return and_(*each_word) if wanted else false()


def searchable_in_postgresql() -> ColumnElement[Any]:
    """The expression that PostgreSQL has an index of, written as the index has it."""
    # No parameter: with one, no plan that is kept would know the index.
    blank: ColumnElement[str] = literal_column("' '")
    return taken_as(func.array_to_tsvector(func.string_to_array(func.btrim(WORDS.c.spellings), blank)), TSVECTOR)


def _wanted(words: str) -> list[tuple[str, bool]]:
    """Each word that is looked for, and whether only its beginning is given."""
    wanted = []
    for piece in words.split():
        found = words_of(piece)
        wanted += [(word, piece.endswith("*") and word == found[-1]) for word in found]
    return wanted


def _like(spelling: str, starred: bool) -> ColumnElement[bool]:
    escaped = spelling.replace(_LIKE_ESCAPE, _LIKE_ESCAPE * 2).replace("%", r"\%").replace("_", r"\_")
    return WORDS.c.spellings.like(f"% {escaped}{'' if starred else ' '}%", escape=_LIKE_ESCAPE)
