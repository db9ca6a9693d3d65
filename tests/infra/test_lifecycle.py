"""A deployment's whole life, applied with the stand-in provider: every step in its order, each leaving nothing to do.

The traps: secrets in state or plan; a pool replaced in place, which cuts its calls; a second plan that is not empty; a
destroy that protection stops.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from terraform_bench import IMAGE_A, IMAGE_B, Bench, flat

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]

POOL = "google_cloud_run_v2_worker_pool.worker"
FUNCTION = "google_cloudfunctions2_function.token[0]"
# As long and odd as real ones, so that finding them means something.
SECRET_VALUES = {
    name: f"value-of-{name.lower()}-Zx81"
    for name in (
        "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "OPENAI_API_KEY", "SARVAM_API_KEY", "TOKEN_HMAC_KEYS",
        "WORKER_SEALING_KEY",
    )
}  # fmt: skip


class Deployment:
    """One step at a time: plan into a file, look at it, apply just that."""

    def __init__(self, bench: Bench, archive: str) -> None:
        self.bench = bench
        self.settings: dict[str, Any] = {
            "project_id": "my-project",
            "token_source_zip": archive,
            "write_secret_values": True,
            "allow_unauthenticated": True,
            "extra_secrets": {"TOKEN_HMAC_KEYS": "token", "WORKER_SEALING_KEY": "worker"},
            "ci": {"github_repository": "acme/vaani"},
            "cloud_armor": {"domain": "calls.example.com"},
            "monitoring": {"emails": ["oncall@example.com"]},
        }

    def refused(self, **change: Any) -> str:
        self.bench.set(**{**self.settings, **change})
        done = self.bench.run("plan", "-no-color", "-input=false", secret_values=SECRET_VALUES)
        assert done.returncode == 1, done.stdout
        return flat(done.stdout + done.stderr)

    def step(self, **change: Any) -> dict[str, str]:
        """Apply a change; returns what was done to what, and checks that nothing is left to do."""
        self.settings |= change
        self.bench.set(**self.settings)
        told = self.bench.ok("apply", "-json", "-auto-approve", "-input=false", secret_values=SECRET_VALUES)
        assert not leaks(told), "a secret's value was printed"
        again = self.bench.run("plan", "-input=false", "-detailed-exitcode", secret_values=SECRET_VALUES)
        assert again.returncode == 0, f"the second plan is not empty:\n{again.stdout[-4000:]}{again.stderr[-2000:]}"
        messages = [json.loads(line) for line in told.splitlines()]
        changes = [message["change"] for message in messages if message["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in changes}

    def planned(self, **change: Any) -> str:
        """A change's whole plan, as Terraform keeps it in a file."""
        self.bench.set(**{**self.settings, **change})
        self.bench.ok("plan", "-input=false", "-out=step.plan", secret_values=SECRET_VALUES)
        return self.bench.ok("show", "-json", "step.plan")

    def resources(self) -> dict[str, dict[str, Any]]:
        shown = json.loads(self.bench.ok("show", "-json"))
        return {entry["address"]: entry["values"] for entry in shown["values"]["root_module"]["resources"]}


def leaks(text: str) -> list[str]:
    return [name for name, value in SECRET_VALUES.items() if value in text]


def versions(values: dict[str, Any]) -> dict[str, str]:
    """Which number of each secret a pool reads."""
    settings = values["template"][0]["containers"][0]["env"]
    return {
        entry["name"]: entry["value_source"][0]["secret_key_ref"][0]["version"]
        for entry in settings
        if entry["value_source"]
    }


def plain(values: dict[str, Any]) -> dict[str, str]:
    return {e["name"]: e["value"] for e in values["template"][0]["containers"][0]["env"] if not e["value_source"]}


@pytest.fixture(scope="module")
def deployment(applied, tmp_path_factory) -> Deployment:
    archive = tmp_path_factory.mktemp("source") / "token.zip"
    archive.write_bytes(b"first")
    return Deployment(applied, str(archive))


def test_1_the_foundation_comes_first_and_runs_nothing(deployment):
    done = deployment.step()
    assert not [address for address in done if address.startswith((POOL, FUNCTION))]
    assert "token_url" not in json.loads(deployment.bench.ok("output", "-json"))


def test_2_the_first_release_starts_before_callers_are_sent_to_it(deployment):
    done = deployment.step(releases={"one": {"image": IMAGE_A}}, active_release="one")
    assert done[f'{POOL}["one"]'] == "create"
    assert done[FUNCTION] == "create"


def test_no_secret_value_is_in_state_or_plan(deployment):
    assert leaks((deployment.bench.folder / "terraform.tfstate").read_text()) == []
    held = [value for value in deployment.resources().values() if "secret_data" in value]
    assert len(held) == len(SECRET_VALUES)
    assert [value["secret_data"] for value in held if value["secret_data"]] == []
    plan = deployment.planned(secret_versions=dict.fromkeys(SECRET_VALUES, 2), releases={}, active_release=None)
    assert '"secret_data_wo_version":"2"' in plan
    assert leaks(plan) == []


def test_each_identity_reads_only_its_own_secrets(deployment):
    who = {}
    for address, values in deployment.resources().items():
        if address.startswith("google_secret_manager_secret_iam_member."):
            assert values["role"] == "roles/secretmanager.secretAccessor"
            who.setdefault(values["member"], set()).add(values["secret_id"].rpartition("/")[2])
    livekit = {"vaani-livekit-url", "vaani-livekit-api-key", "vaani-livekit-api-secret"}
    domain = "my-project.iam.gserviceaccount.com"
    assert who == {
        f"serviceAccount:vaani-token@{domain}": livekit | {"vaani-token-hmac-keys"},
        f"serviceAccount:vaani-worker@{domain}": livekit
        | {"vaani-openai-api-key", "vaani-sarvam-api-key", "vaani-worker-sealing-key"},
    }


def test_no_identity_has_a_role_on_the_whole_project_but_the_build(deployment):
    members = {
        values["member"]
        for address, values in deployment.resources().items()
        if address.startswith("google_project_iam_member.")
    }
    assert members == {"serviceAccount:vaani-token-build@my-project.iam.gserviceaccount.com"}


def test_the_public_can_only_invoke_and_only_the_function(deployment):
    public = {
        address: values["role"]
        for address, values in deployment.resources().items()
        if values.get("member") in ("allUsers", "allAuthenticatedUsers")
    }
    assert public == {"google_cloud_run_v2_service_iam_member.token_public[0]": "roles/run.invoker"}


def test_3_another_image_in_a_running_release_is_refused(deployment):
    said = deployment.refused(releases={"one": {"image": IMAGE_B}})
    assert "Release one is running" in said
    assert "calls cut after 10 seconds" in said
    assert "add a release beside it" in said


def test_4_a_new_release_starts_beside_the_old_one(deployment):
    before = deployment.resources()[f'{POOL}["one"]']
    done = deployment.step(releases={"one": {"image": IMAGE_A}, "two": {"image": IMAGE_B}})
    assert {
        address: actions
        for address, actions in done.items()
        if address.startswith(("google_cloud_run", "google_cloudf"))
    } == {f'{POOL}["two"]': "create"}
    assert deployment.resources()[f'{POOL}["one"]'] == before


def test_5_the_switch_changes_the_function_and_no_pool(deployment):
    done = deployment.step(active_release="two")
    assert done[FUNCTION] == "update"
    assert not [address for address in done if address.startswith(POOL)]
    settings = deployment.resources()[FUNCTION]["service_config"][0]["environment_variables"]
    assert (settings["AGENT_NAME"], settings["TOKEN_PUBLIC_AGENT_NAME"]) == ("vaani-two", "vaani")


def test_5b_the_roll_back_is_the_same_backwards(deployment):
    for release in ("one", "two"):
        done = deployment.step(active_release=release)
        assert done[FUNCTION] == "update"
        assert not [address for address in done if address.startswith(POOL)]


def test_6_the_old_release_is_retired_without_a_restart(deployment):
    """A pool that has calls is not removed without being asked for: deletion protection holds until it was said."""
    assert all(pool["deletion_protection"] for name, pool in deployment.resources().items() if name.startswith(POOL))
    before = deployment.resources()[f'{POOL}["one"]']
    deployment.step(releases={"one": {"image": IMAGE_A, "retired": True}, "two": {"image": IMAGE_B}})
    after = deployment.resources()[f'{POOL}["one"]']
    assert after["deletion_protection"] is False
    assert (after["uid"], after["template"]) == (before["uid"], before["template"])


def test_6b_the_retired_release_is_removed_alone(deployment):
    done = deployment.step(releases={"two": {"image": IMAGE_B}})
    assert {address: actions for address, actions in done.items() if address.startswith(POOL)} == {
        f'{POOL}["one"]': "delete"
    }
    assert FUNCTION not in done


def test_7_a_rotation_reaches_the_function_and_the_release_that_comes_with_it(deployment):
    """The old release keeps the old number, and its calls."""
    assert "Release two is running" in deployment.refused(secret_versions={"LIVEKIT_API_SECRET": 2})
    done = deployment.step(
        secret_versions={"LIVEKIT_API_SECRET": 2},
        releases={
            "two": {"image": IMAGE_B, "secret_versions": {"LIVEKIT_API_SECRET": 1}},
            "three": {"image": IMAGE_B},
        },
        active_release="three",
    )
    assert done['google_secret_manager_secret_version.this["LIVEKIT_API_SECRET"]'] == "replace"
    assert done[FUNCTION] == "update"
    assert done[f'{POOL}["three"]'] == "create"
    assert f'{POOL}["two"]' not in done
    now = deployment.resources()
    reads = {
        entry["key"]: entry["version"] for entry in now[FUNCTION]["service_config"][0]["secret_environment_variables"]
    }
    assert reads["LIVEKIT_API_SECRET"] == "2"
    assert reads["LIVEKIT_API_KEY"] == "1"
    assert versions(now[f'{POOL}["two"]'])["LIVEKIT_API_SECRET"] == "1"
    assert versions(now[f'{POOL}["three"]'])["LIVEKIT_API_SECRET"] == "2"


def test_8_a_leaked_key_can_be_rolled_at_once_at_the_price_of_cut_calls(deployment):
    releases = {
        "two": {"image": IMAGE_B, "update_in_place": True},
        "three": {"image": IMAGE_B, "update_in_place": True},
    }
    done = deployment.step(secret_versions={"LIVEKIT_API_SECRET": 3}, releases=releases)
    assert done[f'{POOL}["two"]'] == "update"
    assert done[f'{POOL}["three"]'] == "update"
    deployment.step(releases={"two": {"image": IMAGE_B}, "three": {"image": IMAGE_B}})
    assert "Release two is running" in deployment.refused(secret_versions={"LIVEKIT_API_SECRET": 4})


def test_9_the_function_is_redeployed_by_a_change_of_its_source_and_by_nothing_else(deployment):
    archive = deployment.settings["token_source_zip"]
    with open(archive, "wb") as file:
        file.write(b"second")
    done = deployment.step()
    assert done[FUNCTION] == "update"
    assert not [address for address in done if address.startswith(POOL)]
    with open(archive, "wb") as file:
        file.write(b"second")
    assert deployment.step() == {}


def test_9b_records_and_telemetry_begin_with_a_release_of_their_own(deployment):
    """What was running goes on as it is; and nobody gets a role that reaches beyond the one database, but to tell."""
    keeps = {"records": {"admins": ["dba@example.com"]}, "recordings": {}, "telemetry": {}}
    for alone in (keeps, {"telemetry": {}}):
        said = deployment.refused(**alone)
        assert "Release two is running" in said
        assert "keeps_records = false" in said
        assert "traced = false" in said
    before = {release: deployment.resources()[f'{POOL}["{release}"]'] for release in ("two", "three")}
    old = {"image": IMAGE_B, "keeps_records": False, "traced": False}
    done = deployment.step(
        **keeps, releases={"two": old, "three": old, "four": {"image": IMAGE_B}}, active_release="four"
    )
    assert done[f'{POOL}["four"]'] == "create"
    now = deployment.resources()
    assert {release: now[f'{POOL}["{release}"]'] for release in before} == before
    assert {"OTEL_EXPORTER_OTLP_ENDPOINT", "WORKER_RECORDS_URL"} <= set(plain(now[f'{POOL}["four"]']))
    for address, values in now.items():
        if address.startswith("google_project_iam_member.records"):
            assert "instances/vaani-records" in values["condition"][0]["expression"]


def test_10_everything_can_be_destroyed_once_it_was_asked_for(deployment):
    """Trap: deletion protection must be false in state before a destroy."""
    unprotected = {"protect": False}
    deployment.step(protect_calls=False, records=unprotected, recordings=unprotected)
    pools = [values for name, values in deployment.resources().items() if name.startswith(POOL)]
    assert pools
    assert not any(pool["deletion_protection"] for pool in pools)
    deployment.bench.ok("destroy", "-auto-approve", "-input=false", secret_values=SECRET_VALUES)
    assert json.loads((deployment.bench.folder / "terraform.tfstate").read_text())["resources"] == []
