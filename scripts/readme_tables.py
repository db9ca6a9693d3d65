"""Writes the README's tables of commands and settings from the code, so that they can be trusted.

`python scripts/readme_tables.py` rewrites them; a test fails when they differ.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "functions" / "token")]

from join_token.variables import VARIABLES  # noqa: E402
from pydantic import SecretStr  # noqa: E402
from pydantic_core import PydanticUndefined  # noqa: E402

from console.settings import VARIABLES as CONSOLE_VARIABLES  # noqa: E402
from sandbox.caller.settings import DESCRIPTIONS  # noqa: E402
from sandbox.control.scopes import Settings as SandboxSettings  # noqa: E402
from worker.environment import variable_name  # noqa: E402
from worker.settings import SETTINGS_GROUPS  # noqa: E402

README = ROOT / "README.md"


def commands() -> str:
    """From the Makefile's own help."""
    found = re.findall(r"^([a-z-]+):.*?## (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    rows = "\n".join(f"| `make {name}` | {_cell(text)} |" for name, text in found)
    return f"| command | what it does |\n| --- | --- |\n{rows}"


def worker() -> str:
    rows = []
    for settings in SETTINGS_GROUPS.values():
        for name, field in settings.model_fields.items():
            default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
            rows.append((variable_name(settings, name), default, field.description or ""))
    return _table(rows)


def token() -> str:
    return _table(
        [(each.name, "required" if each.default is None else each.default, each.meaning) for each in VARIABLES]
    )


def console() -> str:
    return _table([(each.name, each.default, each.meaning) for each in CONSOLE_VARIABLES])


def caller() -> str:
    rows = "\n".join(f"| `{name}` | {_cell(meaning)} |" for name, meaning in DESCRIPTIONS.items())
    return f"| variable | meaning |\n| --- | --- |\n{rows}"


def sandbox() -> str:
    rows = "\n".join(f"| `SANDBOX_{field.name.upper()}` | {field.default} |" for field in fields(SandboxSettings))
    return f"| variable | default |\n| --- | --- |\n{rows}"


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "worker": worker,
    "token": token,
    "console": console,
    "caller": caller,
    "sandbox": sandbox,
}


def rewritten(readme: str) -> str:
    """The README with every table as the code has it."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        if not pattern.search(readme):
            raise ValueError(f"README.md has no place for the table {name!r}")
        body = table()
        readme = pattern.sub(lambda found, body=body: f"{found[1]}{body}\n{found[2]}", readme)
    return readme


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | {_shown(default)} | {_cell(meaning)} |" for name, default, meaning in rows]
    return "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *lines])


def _default(value: object) -> str:
    if value is PydanticUndefined or value is None or value in ([], {}):
        return ""
    if isinstance(value, SecretStr):
        return "required"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).replace(str(Path.home()), "~")


def _shown(default: str) -> str:
    return default if default in ("", "required") else f"`{default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
