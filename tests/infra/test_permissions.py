"""The roles that infra/README.md asks for suffice: whoever has them does not stop at a 403 in mid-apply."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from terraform_bench import INFRA

TABLE = tomllib.loads((Path(__file__).parent / "permissions.toml").read_text(encoding="utf-8"))
SOURCE = "".join(path.read_text() for path in INFRA.rglob("*.tf"))
README = " ".join((INFRA / "README.md").read_text().split())


def asked_for() -> set[str]:
    """The roles that the README names for somebody who is not the owner."""
    sentence = re.search(r"or have the roles (.*?)\.", README)
    return set(re.split(r", | and ", sentence[1]))


def test_every_resource_type_is_in_the_table():
    assert set(re.findall(r'^resource "(\w+)"', SOURCE, re.M)) == set(TABLE["resources"])


def test_the_readme_asks_for_the_roles_of_the_table():
    assert asked_for() == set(TABLE["roles"])


def test_the_roles_give_what_every_resource_needs():
    given = {permission for role in asked_for() for permission in TABLE["roles"][role]["gives"]}
    lacking = {name: sorted(set(needs) - given) for name, needs in TABLE["resources"].items() if set(needs) - given}
    assert lacking == {}


def test_every_role_is_needed():
    for role in asked_for():
        others = {permission for other in asked_for() - {role} for permission in TABLE["roles"][other]["gives"]}
        assert set().union(*TABLE["resources"].values()) - others, f"{role} could be left out"
