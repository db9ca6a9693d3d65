"""Reads the worker's settings from the environment and `.env`, and says everything that is wrong with them at once."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from records.env_file import inner_control_character, with_env_file
from worker.errors import BadSettings
from worker.settings import SETTINGS_GROUPS, Settings

Group = TypeVar("Group", bound=BaseSettings)
OWN_PREFIXES = ("WORKER_", "STT_", "LLM_", "TTS_")


def variable_name(settings: type[BaseSettings], field: str) -> str:
    """The environment variable that sets `field`."""
    alias = settings.model_fields[field].validation_alias
    return str(alias) if alias else f"{settings.model_config['env_prefix']}{field}".upper()


def known_variables() -> set[str]:
    """Every variable the worker reads."""
    return {variable_name(cls, field) for cls in SETTINGS_GROUPS.values() for field in cls.model_fields}


def load_settings(environ: Mapping[str, str] | None = None, *, for_console: bool = False) -> Settings:
    """Read and check all settings.

    Args:
        environ: Instead of the process's environment (tests).
        for_console: `console` needs no LiveKit; its three variables may be missing.
    Raises:
        BadSettings: With every problem found, each naming its variable.
    """
    source = dict(os.environ if environ is None else environ)
    if for_console:
        source = {"LIVEKIT_URL": "ws://127.0.0.1", "LIVEKIT_API_KEY": "-", "LIVEKIT_API_SECRET": "-"} | source
    problems = _misspelt(source) + _broken_values(source)
    groups: dict[str, Any] = {}
    for name, cls in SETTINGS_GROUPS.items():
        try:
            groups[name] = _build(cls, source)
        except ValidationError as error:
            problems += [_problem(cls, item) for item in error.errors(include_input=False)]
    if problems:
        raise BadSettings(problems)
    return Settings(**groups)


def load_group(cls: type[Group], environ: Mapping[str, str] | None = None) -> Group:
    """Read one group of settings, for what needs no other.

    Raises:
        BadSettings: With every problem found in it.
    """
    try:
        return _build(cls, os.environ if environ is None else environ)
    except ValidationError as error:
        raise BadSettings([_problem(cls, item) for item in error.errors(include_input=False)]) from None


def _build(cls: type[Group], source: Mapping[str, str]) -> Group:
    """Build from `source` alone; a variable that is empty, or blank, counts as not set."""
    given = {}
    for name, field in cls.model_fields.items():
        value = source.get(variable_name(cls, name), "").strip()
        if value != "":
            given[str(field.validation_alias or name)] = value
    return cls.model_validate(given)


def _broken_values(source: Mapping[str, str]) -> list[str]:
    """The settings with a line break inside: half of them is something else. JSON may have as many as it likes."""
    return [
        f"{name}: has a line break or another control character inside. Set it again, as one line"
        for name in sorted(known_variables() & source.keys())
        if inner_control_character(source[name]) and not source[name].lstrip().startswith(("[", "{"))
    ]


def _problem(cls: type[BaseSettings], error: ErrorDetails) -> str:
    place = [str(part) for part in error["loc"]]
    field = place[0] if place else ""
    variable = ".".join([variable_name(cls, field) if field in cls.model_fields else field, *place[1:]])
    if error["type"] == "missing":
        return f"{variable} is not set: {_description(cls, variable)}"
    return f"{variable}: {str(error['msg']).removeprefix('Value error, ')}"


def _description(cls: type[BaseSettings], variable: str) -> str:
    for name, field in cls.model_fields.items():
        if variable_name(cls, name) == variable:
            return field.description or ""
    return ""


def _misspelt(source: Mapping[str, str]) -> list[str]:
    known = known_variables()
    problems = []
    for name in sorted(source):
        if not name.startswith(OWN_PREFIXES) or name in known:
            continue
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        problems.append(f"{name} is not a setting; the nearest is {nearest}")
    return problems


def read_env_file(folder: Path = Path()) -> list[str]:
    """Put the variables of `folder/.env` into the environment, real ones winning; returns the problems found.

    `VAANI_IGNORE_ENV_FILE=true` leaves the file alone: `make demo` and the tests set it, so that a developer's
    keys never change their results.
    """
    values, problems = with_env_file(os.environ, folder)
    for name, value in values.items():
        os.environ.setdefault(name, value)
    return problems
