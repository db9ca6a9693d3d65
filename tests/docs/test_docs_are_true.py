"""The README and the docs say what the code does, both ways."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from scripts import readme_tables
from worker import log_events

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split("\n")
OUR_PYTHON = sorted(path for path in TRACKED if path.endswith(".py") and (ROOT / path).exists())
TABLES_OF_CASES = re.compile(r"^(tests|bench)/")


def test_the_readme_lists_every_command_and_setting_and_no_other():
    """A failure is mended by `python scripts/readme_tables.py`; then read the diff."""
    assert readme_tables.rewritten(README) == README


def test_every_log_event_is_documented_and_no_other():
    page = (ROOT / "docs" / "log-events.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE))
    in_code = {value for name, value in vars(log_events).items() if name.isupper()}
    assert documented == in_code


def test_every_variable_of_the_interfaces_is_documented():
    five = {"LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "SARVAM_API_KEY", "OPENAI_API_KEY"}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == five
    for name in five | {"SARVAM_BASE_URL", "OPENAI_BASE_URL", "AGENT_NAME", "WORKER_MCP_SERVERS"}:
        assert f"`{name}`" in README


@pytest.mark.parametrize("page", sorted({"README.md", *(p for p in TRACKED if re.match(r"(docs|infra)/.*\.md$", p))}))
def test_every_link_to_a_file_of_ours_leads_somewhere(page):
    folder = (ROOT / page).parent
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (folder / link).exists()] == []


def test_every_test_that_a_page_names_as_its_proof_exists():
    files = {Path(path).name for path in TRACKED}
    named = {
        (page, name)
        for page in TRACKED
        if page.startswith("docs/") and page.endswith(".md")
        for name in re.findall(r"`(?:tests/[\w/]*/)?(test_\w+\.py)`", _text(page))
    }
    assert len(named) > 20
    assert {(page, name) for page, name in named if name not in files} == set()


def test_the_image_and_the_processes_need_no_host_name_of_a_registry_or_path_of_a_machine():
    hosts = re.compile(r"py[p]i\.org|python[h]osted|registry\.npm[j]s|proxy\.go[l]ang|deb\.deb[i]an")
    named = [path for path in TRACKED if (ROOT / path).is_file() and _is_text(path) and hosts.search(_text(path))]
    assert named == []


def test_one_screen_per_function():
    written = [path for path in OUR_PYTHON if not TABLES_OF_CASES.match(path)]
    functions = [
        (path, node)
        for path in written
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > len(written)
    assert [f"{path}: {f.name}" for path, f in functions if (f.end_lineno or 0) - f.lineno >= 50] == []


def test_every_module_says_why_it_exists():
    silent = [path for path in OUR_PYTHON if _tree(path).body and not ast.get_docstring(_tree(path))]
    assert [path for path in silent if not path.endswith("__init__.py")] == []


def test_every_module_of_the_worker_says_first_what_it_does():
    """A verb, in plain English: the first lines of all files, read one after the other, are a tour of the worker."""
    first = {path: ast.get_docstring(_tree(path)) or "" for path in OUR_PYTHON if path.startswith("worker/")}
    assert {path: line[:60] for path, line in first.items() if not re.match(r"[A-Z][a-z]+s ", line)} == {}


def test_one_style_of_dividers_and_of_fields():
    """`# ---- heading`; and what a field is for stands under the field, where an editor shows it."""
    dividers = {path: re.findall(r"(?m)^\s*# .*?-{3,}$|^\s*# --? .*$", _text(path)) for path in OUR_PYTHON}
    assert {path: found for path, found in dividers.items() if found} == {}
    ours = [path for path in OUR_PYTHON if not path.startswith("functions/")]  # an exception has attributes, no fields
    assert [path for path in ours if "\n    Attributes:\n" in _text(path)] == []


def test_every_room_with_python_in_it_is_under_the_rules_of_imports_and_types():
    """Pins a bench that imported from tests: it, the tests and the scripts were not among the linter's roots."""
    rooms = {path.split("/")[0] for path in OUR_PYTHON if "/" in path}
    rooms = {"join_token" if room == "functions" else room for room in rooms}
    settings = tomllib.loads(_text("pyproject.toml"))["tool"]
    assert set(settings["importlinter"]["root_packages"]) == rooms
    assert not any(contract.get("ignore_imports") for contract in settings["importlinter"]["contracts"])
    assert set(settings["mypy"]["packages"]) == rooms - {"scripts", "tests"}


def _is_text(path):
    return not path.endswith((".png", ".wav", ".zip"))


@cache
def _text(path):
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def _tree(path):
    return ast.parse(_text(path))
