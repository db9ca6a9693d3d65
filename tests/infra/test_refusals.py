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
RULE_LINES = [number for number, line in enumerate(VARIABLES.splitlines(), 1) if line.strip() == "validation {"]


def cases() -> dict[str, str]:
    """Each run's variables, by its name."""
    found = re.findall(r'^run "(refuses_\w+)" \{\n  command = plan\n  variables \{\n(.*?)^  \}$', REFUSALS, re.M | re.S)
    assert len(found) == REFUSALS.count("\nrun ")
    return dict(found)


@pytest.fixture(scope="module")
def rules(terraform_env, tmp_path_factory) -> Bench:
    """The variables alone, with the names their rules use: no resource, so that a case costs a moment."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copy(INFRA / "variables.tf", folder)
    names = re.search(r"^locals \{.*?^\}$", (INFRA / "secrets.tf").read_text(), re.M | re.S)
    (folder / "names.tf").write_text(names[0])
    rules = Bench(folder, terraform_env[0])
    rules.ok("init", "-input=false", "-no-color")
    return rules


def refused_lines(rules: Bench, settings: str) -> set[int]:
    case = rules.folder / "case.tfvars"
    case.write_text('project_id = "my-project"\n' * ("project_id" not in settings) + settings)
    done = rules.run("plan", "-json", "-input=false", f"-var-file={case}")
    lines = set()
    for line in done.stdout.splitlines():
        message = json.loads(line)
        detail = message.get("diagnostic", {}).get("detail", "")
        lines |= {int(number) for number in re.findall(r"validation rule at variables\.tf:(\d+),", detail)}
    return lines


def test_no_rule_is_without_a_case_that_sets_it_off(rules):
    """A rule that cannot fire gives false comfort; one whose message is never read is rarely helpful."""
    fired = {name: refused_lines(rules, settings) for name, settings in cases().items()}
    silent = [name for name, lines in fired.items() if not lines and name != "refuses_a_missing_archive"]
    assert silent == []
    assert sorted(set(RULE_LINES) - set.union(*fired.values())) == [], (
        "lines of variables.tf whose rule no case sets off"
    )


def test_good_settings_set_off_no_rule(rules):
    assert refused_lines(rules, "") == set()
