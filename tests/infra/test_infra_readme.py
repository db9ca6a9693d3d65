"""infra/README.md is what a stranger deploys with: its examples are planned, its table and its names are held here."""

from __future__ import annotations

import re
import textwrap

import pytest
from terraform_bench import INFRA, ROOT, Bench, flat, new_bench

README = (INFRA / "README.md").read_text()
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```hcl\n(.*?)^ *```$", README, re.M | re.S)]
VARIABLES = (INFRA / "variables.tf").read_text()
ALWAYS = {"token_source_zip": '"tests/fixtures/token.zip"', "secret_values": "{}"}


def as_terraform_test(block: str) -> str:
    """A plan of these settings; ephemeral variables must be said in a test even where they have a default."""
    more = "".join(f"{name} = {value}\n" for name, value in ALWAYS.items() if not re.search(rf"^{name}\b", block, re.M))
    settings = textwrap.indent(block + more, "    ")
    command = "" if "write_secret_values" in block else "  command = plan\n"
    return f'run "planned" {{\n{command}  variables {{\n{settings}  }}\n}}\n'


MOCKED = """mock_provider "google" {
  mock_resource "google_secret_manager_secret_version" {
    defaults = { version = "1" }
  }
}
"""


@pytest.fixture(scope="module")
def planned(terraform_env, tmp_path_factory) -> tuple[Bench, str]:
    bench = new_bench(tmp_path_factory.mktemp("readme") / "infra", terraform_env[0])
    for number, block in enumerate(BLOCKS):
        (bench.folder / "tests" / f"readme_{number}.tftest.hcl").write_text(MOCKED + as_terraform_test(block))
    filters = [f"-filter=tests/readme_{number}.tftest.hcl" for number in range(len(BLOCKS))]
    done = bench.run("test", "-no-color", *filters)
    return bench, done.stdout + flat(done.stderr)


@pytest.mark.terraform
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_example_can_be_planned(planned, number):
    _, said = planned
    assert f"tests/readme_{number}.tftest.hcl... pass" in said, f"{BLOCKS[number]}\n{said[-6000:]}"


def test_the_table_of_variables_is_true():
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| (?:`.*`|required) \|$", README.split("## Variables")[1], re.M))
    written = {
        name: re.search(r'description = "(.*)"', body)[1].replace('\\"', '"')
        for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', VARIABLES, re.M | re.S)
    }
    assert table == written
    for name, default in re.findall(r"^\| `(\w+)` \| .* \| (`.*`|required) \|$", README, re.M):
        body = re.search(rf'^variable "{name}" \{{\n(.*?)^\}}', VARIABLES, re.M | re.S)[1]
        found = re.search(r"^  default\s*=\s*(.+)$", body, re.M)
        assert default == (f"`{found[1]}`" if found else "required"), name


def test_the_commands_name_what_exists():
    for command in re.findall(r"\bmake ([a-z-]+)", README):
        assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(), re.M), command
    for path in re.findall(r"(?:-f |python )([\w./]+\.(?:worker|py))", README):
        assert (ROOT / path).exists(), path
    for folder, name in re.findall(r"(?:-chdir=(\S+) )?outputs? (?:-raw |-json )?`?([a-z_]+)", README):
        written = (ROOT / (folder or "infra") / "outputs.tf").read_text()
        assert re.search(rf'^output "{name}"', written, re.M), name
    for file in re.findall(r"\]\(([\w./]+)\)", README):
        assert (INFRA / file).resolve().exists(), file


def test_the_steps_fill_exactly_the_five_secrets():
    filled = re.search(r"for name in ([A-Z_ ]+);", README)[1].split()
    always = re.search(r"length\(setintersection\(\s*keys\(var\.extra_secrets\),\s*\[(.*?)\]", VARIABLES, re.S)[1]
    assert set(filled) == set(re.findall(r'"(\w+)"', always))


def test_every_file_is_listed():
    for file in INFRA.glob("*.tf"):
        assert file.name in README or file.name in ("outputs.tf", "variables.tf", "versions.tf"), file.name
