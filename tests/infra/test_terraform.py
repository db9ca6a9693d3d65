"""The configuration itself, as real Terraform sees it: its form, its types, and its own tests."""

from __future__ import annotations

import json
import re

import pytest
from terraform_bench import GKE, INFRA, flat

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]
REFUSALS = "tests/refusals.tftest.hcl"  # a plan a case: test_refusals.py asks the same of the rules alone, in two
TEST_FILES = [
    pytest.param(file, marks=[pytest.mark.nightly] if file == REFUSALS else [])
    for file in sorted(path.relative_to(INFRA).as_posix() for path in (INFRA / "tests").glob("*.tftest.hcl"))
]


def test_the_files_are_formatted(bench):
    done = bench.run("fmt", "-check", "-recursive", "-diff", "-no-color")
    assert done.returncode == 0, f"run `terraform -chdir=infra fmt -recursive`:\n{done.stdout}"


def test_the_configuration_is_valid(bench):
    assert json.loads(bench.ok("validate", "-json"))["valid"] is True


@pytest.mark.parametrize("file", TEST_FILES)
def test_its_own_tests_pass(bench, file):
    done = bench.run("test", "-no-color", f"-filter={file}")
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{flat(done.stderr)[-4000:]}"
    passed, failed = re.search(r"(\d+) passed, (\d+) failed", done.stdout).groups()
    assert int(passed) == len(re.findall(r'^run "', (INFRA / file).read_text(), re.MULTILINE))
    assert failed == "0"


def test_variables_and_outputs_are_in_alphabetical_order():
    for file, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
        names = re.findall(rf'^{kind} "(\w+)"', (INFRA / file).read_text(), re.MULTILINE)
        assert names == sorted(names), file


def test_no_lock_file_and_no_other_provider_is_shipped():
    assert not (INFRA / ".terraform.lock.hcl").exists(), (
        "it would hold one provider's checksums and stop the other's init"
    )
    for folder in (INFRA, GKE):
        text = "".join(path.read_text() for path in folder.glob("*.tf"))
        assert re.findall(r'source\s*=\s*"(hashicorp/\w+)"', text) == ["hashicorp/google"]


def test_nothing_reads_or_holds_a_secret_in_state():
    """Traps: `secret_data`, and the data source of a version, both land in state."""
    text = "".join(path.read_text() for path in INFRA.rglob("*.tf"))
    assert not re.search(r"\bsecret_data\s*=", text)
    assert not re.search(r'^data "', text, re.MULTILINE)
    assert '"latest"' not in re.sub(r"error_message = .*", "", text).replace('\\"latest\\"', "")
