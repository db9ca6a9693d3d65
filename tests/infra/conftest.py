"""One initialised copy of infra/ for the tests that only plan; the ones that apply get a state of their own."""

from __future__ import annotations

import pytest
from terraform_bench import Bench, environment, new_bench

from tests.needs import missing


@pytest.fixture(scope="session")
def terraform_env():
    return environment()


@pytest.fixture(scope="session")
def bench(terraform_env, tmp_path_factory) -> Bench:
    return new_bench(tmp_path_factory.mktemp("terraform") / "infra", terraform_env[0])


@pytest.fixture(scope="module")
def applied(terraform_env, tmp_path_factory) -> Bench:
    """For whole applies: only the stand-in can do them without an account."""
    env, stands_in = terraform_env
    if not stands_in:
        missing(
            "a whole apply without an account needs the stand-in provider (set VAANI_TERRAFORM_STANDIN to its folder)"
        )
    return new_bench(tmp_path_factory.mktemp("terraform") / "infra", env)
