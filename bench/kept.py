"""Keeps in a file what takes minutes to hear, so that whoever fits numbers to it hears it once."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

One = TypeVar("One", bound="DataclassInstance")


def kept_or_collected(
    file: Path | None, read: Callable[[dict[str, Any]], One], collect: Callable[[], Iterable[One]]
) -> list[One]:
    """Return what the file holds, or else what is collected now, which it holds from then on.

    Args:
        file: Where it is kept; None keeps nothing.
        read: Makes one of its fields, as JSON has them.
        collect: Makes all of them, in minutes.
    """
    if file is not None and file.is_file():
        given: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
        return [read(fields) for fields in given]
    collected = list(collect())
    if file is not None:
        file.write_text(json.dumps([asdict(one) for one in collected]), "utf-8")
    return collected
