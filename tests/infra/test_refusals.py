"""Every rule in variables.tf has a case that sets it off, told by the line of the rule that refused."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from terraform_bench import INFRA, Bench

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]
VARIABLES = (INFRA / "variables.tf").read_text()
REFUSALS = (INFRA / "tests" / "refusals.tftest.hcl").read_text()
PROJECT = '  project_id = "my-project"\n'
RULE_LINES = [number for number, line in enumerate(VARIABLES.splitlines(), 1) if line.strip() == "validation {"]


RUN = r"""^run "(refuses_\w+)" \{
  command = plan
  variables \{
(.*?)^  \}
  expect_failures = \[(.*?)\]
\}$"""


def runs() -> list[tuple[str, str, str]]:
    """Each run's name, its variables, and what is to refuse them."""
    found = re.findall(RUN, REFUSALS, re.M | re.S)
    assert len(found) == REFUSALS.count("\nrun ")
    return found


def cases() -> dict[str, str]:
    """Each run's variables, by its name."""
    return {name: settings for name, settings, _ in runs()}


def variable_of(line: int) -> str:
    """The variable that a line of variables.tf belongs to."""
    return "var." + re.findall(r'^variable "(\w+)"', "\n".join(VARIABLES.splitlines()[:line]), re.M)[-1]


@pytest.fixture(scope="module")
def rules(terraform_env, tmp_path_factory) -> Bench:
    """The variables alone, with the names their rules use, once for each case: no resource, one plan for all."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules").mkdir()
    shutil.copy(INFRA / "variables.tf", folder / "rules")
    names = re.search(r"^locals \{.*?^\}$", (INFRA / "secrets.tf").read_text(), re.M | re.S)
    (folder / "rules" / "names.tf").write_text(names[0])
    return Bench(folder, terraform_env[0])


def refused(rules: Bench, cases: dict[str, str]) -> dict[str, set[int]]:
    """By case, the lines of variables.tf whose rules refuse it."""
    text, owner = [], {}
    for name, settings in cases.items():
        block = f'module "{name}" {{\n  source = "./rules"\n{PROJECT * ("project_id" not in settings)}{settings}}}\n'
        owner |= dict.fromkeys(range(len(text) + 1, len(text) + 1 + block.count("\n")), name)
        text += block.splitlines()
    (rules.folder / "main.tf").write_text("\n".join(text) + "\n")
    rules.ok("init", "-input=false", "-no-color")
    messages = [json.loads(line) for line in rules.run("plan", "-json", "-input=false").stdout.splitlines()]
    lines: dict[str, set[int]] = {}
    for diagnostic in (message["diagnostic"] for message in messages if message["type"] == "diagnostic"):
        name = owner[diagnostic["range"]["start"]["line"]]
        found = re.findall(r"validation rule at rules/variables\.tf:(\d+),", diagnostic["detail"])
        lines.setdefault(name, set()).update(int(number) for number in found)
    return lines


def all_refused(rules: Bench) -> dict[str, set[int]]:
    """Rules that look at other variables are only asked once no other rule has refused: hence a second plan."""
    first = refused(rules, cases())
    return first | refused(rules, {name: settings for name, settings in cases().items() if name not in first})


def test_no_rule_is_without_a_case_that_sets_it_off(rules):
    """A rule that cannot fire gives false comfort."""
    fired = all_refused(rules)
    assert {name: {variable_of(line) for line in lines} for name, lines in fired.items()} == {
        name: set(expected.split(", ")) for name, _, expected in runs()
    }
    assert sorted(set(RULE_LINES) - set().union(*fired.values())) == [], "lines of variables.tf that no case sets off"


def test_good_settings_set_off_no_rule(rules):
    assert refused(rules, {"good": ""}) == {}
