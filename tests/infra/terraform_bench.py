"""Finds Terraform and its provider for the tests, and runs it on copies of infra/, never in place.

With the stand-in of the google provider beside the repository everything runs offline. Without it the same tests run
against the real provider, as far as they need no credentials.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.needs import UNDER_CI, missing

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
GKE = INFRA / "gke"
SCHEMAS = Path(__file__).parent / "schemas"
STAND_IN = Path(os.environ.get("VAANI_TERRAFORM_STANDIN", ROOT.parent / "shared" / "terraform"))
HOW_TO_INSTALL = "Terraform 1.11 or later is missing: https://developer.hashicorp.com/terraform/install"
# Anything of the developer's own would change what is planned.
FOREIGN = re.compile(r"TF_|GOOGLE_|GCLOUD_|CLOUDSDK_")
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
IMAGE_A = "asia-south1-docker.pkg.dev/my-project/vaani/worker@sha256:" + "a" * 64
IMAGE_B = "asia-south1-docker.pkg.dev/my-project/vaani/worker@sha256:" + "b" * 64


def environment() -> tuple[dict[str, str], bool]:
    """The environment Terraform runs in, and whether the provider is the stand-in."""
    if shutil.which("terraform") is None:
        missing(HOW_TO_INSTALL)
    env = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    env |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    env.setdefault("GOGC", "400")  # a plan takes a second, a fifth of it to give memory back: 60 MB more are nothing
    if not (STAND_IN / "setup").is_file():
        if UNDER_CI:
            pytest.fail(
                f"there is no {STAND_IN}/setup: the stand-in of the google provider belongs beside the repository"
            )
        if "TF_CLI_CONFIG_FILE" in os.environ:
            env["TF_CLI_CONFIG_FILE"] = os.environ["TF_CLI_CONFIG_FILE"]
        return env, False
    done = with_more_types()
    if done.returncode != 0:
        missing(f"{STAND_IN}/setup failed:\n{done.stderr[-2000:]}")
    for line in done.stdout.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        env[name] = shlex.split(value)[0]
    return env, True


def with_more_types() -> subprocess.CompletedProcess[str]:
    """Build the stand-in with the types that it lacks and infra/gke has; what it has built it keeps, by content."""
    more = json.loads((SCHEMAS / "google_container.json").read_text(encoding="utf-8"))["resource"]
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "stand_in"
        shutil.copytree(STAND_IN, sources, copy_function=shutil.copyfile)
        known = sources / "schema" / "schema.json"
        schema = json.loads(known.read_text(encoding="utf-8"))
        schema["resource"] = more | schema["resource"]
        known.write_text(json.dumps(schema), encoding="utf-8")
        return subprocess.run(["bash", str(sources / "setup")], capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Bench:
    """One initialised copy of infra/."""

    folder: Path
    env: dict[str, str]
    variables: dict[str, Any] = field(default_factory=dict)

    def run(self, *arguments: str, secret_values: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Terraform with these arguments; the caller judges the exit code."""
        env = dict(self.env)
        if secret_values is not None:
            env["TF_VAR_secret_values"] = json.dumps(secret_values)
        return subprocess.run(
            ["terraform", f"-chdir={self.folder}", *arguments],
            capture_output=True,
            text=True,
            env=env,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def ok(self, *arguments: str, **options: Any) -> str:
        """Terraform must succeed; returns what it printed."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def set(self, **variables: Any) -> None:
        """The deployment's variables from here on."""
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")


def new_bench(target: Path, env: dict[str, str], source: Path = INFRA) -> Bench:
    """A copy of infra/, or of another configuration, with its state beside it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars*"))
    (target / "state_override.tf").write_text(LOCAL_STATE, encoding="utf-8")
    bench = Bench(target, env)
    bench.ok("init", "-input=false", "-no-color")
    return bench


def by_name(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Blocks that Terraform lists, such as containers and their variables, by their names."""
    return {entry["name"]: entry for entry in entries}


def flat(text: str) -> str:
    """Terraform's message without its box and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╷╵]", " ", text).split())
