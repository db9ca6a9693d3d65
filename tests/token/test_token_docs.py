"""docs/token-endpoint.md says what the code does: settings, codes, and the worked example of a signature."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from join_token.request import CONTRACT_FIELDS
from join_token.variables import VARIABLES

from tests.token.test_token_hmac import WORKED_SIGNATURE

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "token-endpoint.md").read_text(encoding="utf-8")
SOURCES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions" / "token").rglob("*.py"))


def section(title):
    return DOCS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_table_of_settings_is_the_code():
    """A failure is repaired by pasting the rows that `Variable.row` makes."""
    rows = re.findall(r"^\| `.*$", section("Settings"), re.MULTILINE)
    assert rows == [variable.row() for variable in VARIABLES]


def test_every_error_code_is_documented_and_no_other():
    documented = set(re.findall(r"`([a-z_]{6,})`", section("Errors").partition("\nUntil")[0]))
    in_code = set(re.findall(r'(?:Refusal|_refused|RateLimit)\(\s*(?:\d{3}|settings\.\w+)?,?\s*"([a-z_]+)"', SOURCES))
    in_code |= set(re.findall(r'_answer_here\(conn, \d{3}, "([a-z_]+)"', SOURCES))
    in_code |= set(re.findall(r'code(?:: str)? ?= ?"([a-z_]+)"', SOURCES)) | {"internal_error"}
    assert documented == in_code


def test_every_field_of_the_contract_is_explained():
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section("What a caller may ask for"), re.MULTILINE)) == set(
        CONTRACT_FIELDS
    )


def test_the_worked_signature_is_the_tested_one():
    assert WORKED_SIGNATURE in section("Who may call")


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "functions" / "token" / "join_token").glob("*.py"))
)
def test_every_module_says_why_it_exists(name):
    text = (ROOT / "functions" / "token" / "join_token" / name).read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 400
