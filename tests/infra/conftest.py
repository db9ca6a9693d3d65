"""One initialised copy of infra/ for the tests that only plan; the ones that apply get a state of their own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from terraform_bench import IMAGE_A, Bench, by_name, environment, new_bench

from tests.needs import missing


@pytest.fixture(scope="session")
def terraform_env():
    return environment()


@pytest.fixture(scope="session")
def bench(terraform_env, tmp_path_factory) -> Bench:
    return new_bench(tmp_path_factory.mktemp("terraform") / "infra", terraform_env[0])


@pytest.fixture(scope="session")
def planned(bench) -> dict[str, dict[str, Any]]:
    """What is planned for a deployment that keeps and tells everything, by address."""
    bench.set(
        project_id="my-project",
        token_source_zip="tests/fixtures/token.zip",
        token_allowed_origins=["https://app.example.com"],
        records={},
        recordings={},
        telemetry={},
        console={"image": IMAGE_A, "viewers": ["group:calls@example.com"], "words_for": ["asha@example.com"]},
        active_release="one",
        releases={"one": {"image": IMAGE_A, "max_calls": 4, "environment": {"TTS_MODEL": "bulbul:v3"}}},
    )
    bench.ok("plan", "-input=false", "-out=settings.plan")
    shown = json.loads(bench.ok("show", "-json", "settings.plan"))["planned_values"]["root_module"]["resources"]
    (bench.folder / "terraform.tfvars.json").unlink()
    return {resource["address"]: resource["values"] for resource in shown}


@pytest.fixture(scope="session")
def pool(planned) -> dict[str, dict[str, Any]]:
    """The containers of the planned workers, by name."""
    return by_name(planned['google_cloud_run_v2_worker_pool.worker["one"]']["template"][0]["containers"])


@pytest.fixture(scope="session")
def collector_reads(pool) -> dict[str, Any]:
    """The configuration of the planned collector: the variable that its argument names."""
    (argument,) = pool["collector"]["args"]
    variable = re.fullmatch(r"--config=env:(\w+)", argument)[1]
    return yaml.safe_load(by_name(pool["collector"]["env"])[variable]["value"])


@pytest.fixture(scope="module")
def applied(terraform_env, tmp_path_factory) -> Bench:
    """For whole applies: only the stand-in can do them without an account."""
    env, stands_in = terraform_env
    if not stands_in:
        missing(
            "a whole apply without an account needs the stand-in provider (set VAANI_TERRAFORM_STANDIN to its folder)"
        )
    return new_bench(tmp_path_factory.mktemp("terraform") / "infra", env)
