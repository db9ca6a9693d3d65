"""What runs on GKE follows from the foundation, has the form that Kubernetes and KEDA take, and cuts no call."""

from __future__ import annotations

import copy
import functools
import json
import math
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from terraform_bench import GKE, IMAGE_A, INFRA, SCHEMAS, Bench, flat, new_bench

from bench.scaling.parameters import Parameters
from bench.scaling.policies import GKE as POLICIES_ON_GKE
from bench.scaling.policies import policies
from bench.scaling.rule import Rule
from worker.environment import known_variables, load_settings
from worker.telemetry.measures import Measures
from worker.telemetry.names import CALLS_GAUGE
from worker.telemetry.prometheus import Scraped

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]
RELEASE, NAME = "2026-12-01", "vaani-worker-2026-12-01"
LONGEST_CALL_SECONDS = 2400
OLD = {"image": IMAGE_A, "platform": "gke", "max_calls": 4, "keeps_records": False, "traced": False, "instances": 3}
NEW = {
    "image": IMAGE_A, "platform": "gke", "max_calls": 8, "instances": 3, "instances_most": 40,
    "environment": {"WORKER_MAX_CALL_SECONDS": str(LONGEST_CALL_SECONDS)}, "secret_versions": {"OPENAI_API_KEY": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def foundation(applied) -> Bench:
    applied.set(
        project_id="my-project", token_source_zip="tests/fixtures/token.zip", records={}, recordings={},
        telemetry={}, active_release=RELEASE, releases={RELEASE: NEW, "2026-11-22": OLD},
    )  # fmt: skip
    applied.ok("apply", "-auto-approve", "-input=false")
    return applied


@pytest.fixture(scope="module")
def cluster(foundation, terraform_env, tmp_path_factory) -> Bench:
    """The second configuration, applied with what the first one says."""
    bench = new_bench(tmp_path_factory.mktemp("gke") / "gke", terraform_env[0], GKE)
    said = foundation.ok("output", "-json", "gke")
    (bench.folder / "foundation.auto.tfvars.json").write_text(said, encoding="utf-8")
    bench.set(spare_workers=5)
    told = bench.ok("apply", "-auto-approve", "-input=false", "-no-color")
    assert "undeclared variable" not in told
    again = bench.run("plan", "-input=false", "-detailed-exitcode")
    assert again.returncode == 0, f"the second plan is not empty:\n{again.stdout[-4000:]}"
    return bench


@pytest.fixture(scope="module")
def manifests(cluster) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(cluster.ok("output", "-raw", "manifests")))


def of(manifests: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


@functools.cache
def form_of(kind: str) -> jsonschema.Draft7Validator:
    """What a kind may look like."""
    kubernetes = json.loads((SCHEMAS / "kubernetes.json").read_text())
    if kind in kubernetes["kinds"]:
        known = {"$ref": f"#/definitions/{kubernetes['kinds'][kind]}", "definitions": kubernetes["definitions"]}
    else:
        known = json.loads((SCHEMAS / "custom_resources.json").read_text())["kinds"][kind]
    return jsonschema.Draft7Validator(known)


def problems(manifest: dict[str, Any], kind: str | None = None) -> set[str]:
    return {error.message for error in form_of(kind or manifest["kind"]).iter_errors(manifest)}


def misspelt(value: Any) -> Iterator[Any]:
    """The same manifest, once for each of its fields that has been renamed."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {**{k: v for k, v in value.items() if k != key}, key + "X": inner}
            for changed in misspelt(inner):
                yield {**value, key: changed}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for changed in misspelt(inner):
                yield [*value[:place], changed, *value[place + 1 :]]


FREE = {"labels", "annotations", "matchLabels", "requests", "limits", "volumeAttributes", "parameters"}


def without_free_keys(value: Any) -> Any:
    """A manifest without the maps whose keys are the author's own."""
    if isinstance(value, dict):
        return {key: without_free_keys(inner) for key, inner in value.items() if key not in FREE}
    return [without_free_keys(inner) for inner in value] if isinstance(value, list) else value


def test_every_manifest_has_the_form_that_its_kind_has(manifests):
    assert {each["kind"]: problems(each) for each in manifests if problems(each)} == {}
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert len(names) == len(set(names)) == 16


def test_a_misspelt_field_would_be_found(manifests):
    """Kubernetes drops a field that it does not know, and a grace period with it."""
    for kind in ("Deployment", "ScaledObject", "PodDisruptionBudget", "NetworkPolicy", "PodMonitoring"):
        manifest = without_free_keys(next(each for each in manifests if each["kind"] == kind))
        if kind == "Deployment":
            del manifest["spec"]["selector"]
        before = problems(manifest)
        for changed in misspelt(manifest):
            assert problems(changed, kind) - before, changed


def test_a_pod_that_stops_waits_for_the_longest_call_and_is_left_to(manifests):
    for release, longest in ((RELEASE, LONGEST_CALL_SECONDS), ("2026-11-22", 1800)):
        deployment = of(manifests, "Deployment", f"vaani-worker-{release}")["spec"]
        pod = deployment["template"]["spec"]
        drain = int(environment_of(pod)["WORKER_DRAIN_SECONDS"])
        assert longest < drain < pod["terminationGracePeriodSeconds"]
        annotations = deployment["template"]["metadata"]["annotations"]
        assert annotations == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
        assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert "replicas" not in deployment, "an apply would take back what the autoscaler has decided"
        budget = of(manifests, "PodDisruptionBudget", f"vaani-worker-{release}")["spec"]
        assert budget["maxUnavailable"] == 1
        assert budget["selector"] == deployment["selector"]


def environment_of(pod: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}


def test_the_worker_starts_with_what_it_is_given(manifests):
    environment = environment_of(of(manifests, "Deployment", NAME)["spec"]["template"]["spec"])
    provider = yaml.safe_load(of(manifests, "SecretProviderClass", NAME)["spec"]["parameters"]["secrets"])
    secrets = {entry["path"]: "a-secret-of-thirty-two-characters-or-more" for entry in provider}
    settings = load_settings(environment | secrets | {"LIVEKIT_URL": "wss://example.livekit.cloud"})
    assert settings.livekit.agent_name == f"vaani-{RELEASE}"
    assert settings.capacity.max_calls == 8
    assert settings.telemetry.is_scraped, "the autoscaler reads the calls from GET /metrics"
    assert settings.telemetry.metrics_url is None, (
        "Google's Prometheus reads them there: sent as well, all would be twice"
    )
    assert settings.records.records_reader == "vaani-console@my-project.iam"
    assert set(environment) - {"NUM_CPUS"} <= known_variables()
    versions = {entry["path"]: entry["resourceName"].rpartition("/")[2] for entry in provider}
    assert versions["OPENAI_API_KEY"] == "2"
    assert set(versions.values()) == {"1", "2"}, "by number, never latest"


def test_secrets_in_files_become_variables_whatever_is_in_them(manifests, tmp_path):
    container = of(manifests, "Deployment", NAME)["spec"]["template"]["spec"]["containers"][0]
    folder = next(mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "secrets")
    values = {"OPENAI_API_KEY": "sk-a$HOME `id` \"b\" 'c' \\ d", "LIVEKIT_URL": "wss://example.livekit.cloud"}
    for name, value in values.items():
        (tmp_path / name).write_text(value)
    shell, options, script = container["command"]
    script = script.replace(folder, str(tmp_path)).replace("python -m worker start", "env -0")
    done = subprocess.run(
        [shell, options, script], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert values.items() <= dict(line.partition("=")[::2] for line in done.stdout.split("\0")).items()
    assert "exec python -m worker start" in container["command"][2], "SIGTERM must reach the worker, not a shell"


def test_the_autoscaler_has_the_numbers_that_were_simulated(manifests):
    """docs/scaling.md promises for the KEDA object what bench/scaling found."""
    rules = [policy.rule for policy in policies(Parameters()) if policy.platform is POLICIES_ON_GKE]
    rule = next(each for each in rules if each.ahead_seconds)
    spec = of(manifests, "ScaledObject", NAME)["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (rule.least, 40)
    assert spec["pollingInterval"] == rule.every_seconds
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleUp"] == {
        "stabilizationWindowSeconds": 0, "selectPolicy": "Max",
        "policies": [
            {"type": "Percent", "value": 100 * rule.up_share, "periodSeconds": rule.every_seconds},
            {"type": "Pods", "value": rule.up_workers, "periodSeconds": rule.every_seconds},
        ],
    }  # fmt: skip
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == Rule(0.5, 1, 1).down_window_seconds
    now, ahead = sorted(spec["triggers"], key=lambda trigger: trigger["name"])
    assert {float(each["metadata"]["threshold"]) for each in (now, ahead)} == {rule.target * 8}
    assert f"[2m:15s], {rule.ahead_seconds:g})" in ahead["metadata"]["query"]
    assert now["metadata"]["query"] in ahead["metadata"]["query"]


def test_a_worker_that_lies_or_is_silent_moves_the_fleet_by_its_own_size_at_most(manifests):
    spec = of(manifests, "ScaledObject", NAME)["spec"]
    query = spec["triggers"][0]["metadata"]["query"]
    metric = CALLS_GAUGE.replace(".", "_")
    shown = Scraped()
    Measures([shown.reader], "vaani", calls=lambda: 3, capacity=lambda: 8, lag_seconds=lambda: 0.0)
    assert f"\n{metric} 3\n" in shown.text()
    # Each series cut to 0..8 before they are summed; what is negative or no number is left out by the comparison.
    assert query == f'sum(clamp_max({metric}{{namespace="vaani",release="{RELEASE}"}} >= 0, 8))'

    def wanted(*told: float) -> int:
        counted = sum(min(each, 8) for each in told if each >= 0)
        return max(3, min(40, math.ceil(counted / float(spec["triggers"][0]["metadata"]["threshold"]))))

    honest = [4.0] * 9
    assert wanted(*honest) == 9
    for lie in (1e9, math.inf, 8):
        assert wanted(*honest, lie) <= 9 + math.ceil(8 / 4)
    for lie in (-1e9, math.nan, 0):
        assert wanted(*honest, lie) == 9
    assert all(trigger["metadata"]["ignoreNullValues"] == "false" for trigger in spec["triggers"])
    assert spec["fallback"] == {"failureThreshold": 4, "replicas": 3, "behavior": "currentReplicasIfHigher"}


def test_room_is_kept_for_workers_that_are_not_there_yet(manifests):
    spare = of(manifests, "Deployment", "spare")["spec"]["template"]["spec"]
    assert of(manifests, "PriorityClass", spare["priorityClassName"])["value"] < 0
    worker = of(manifests, "Deployment", "vaani-worker-2026-11-22")["spec"]["template"]["spec"]["containers"][0]
    wanted = worker["resources"]["requests"]
    assert spare["containers"][0]["resources"]["requests"] == {key: wanted[key] for key in ("cpu", "memory")}
    hours = of(manifests, "ScaledObject", "spare")["spec"]["triggers"][0]["metadata"]
    policy = next(each for each in policies(Parameters()) if each.spare_hours != (0.0, 24.0))
    assert (hours["start"], hours["end"]) == tuple(f"0 {hour} * * *" for hour in policy.spare_hours)
    assert (hours["timezone"], hours["desiredReplicas"]) == ("Asia/Kolkata", "5")


def test_the_database_is_beside_a_worker_that_keeps_records_and_no_other(manifests):
    new, old = (
        of(manifests, "Deployment", f"vaani-worker-{k}")["spec"]["template"]["spec"] for k in (RELEASE, "2026-11-22")
    )
    (proxy,) = (each for each in new["initContainers"] if each["name"] == "cloud-sql-proxy")
    assert proxy["restartPolicy"] == "Always", "a sidecar ends after the worker has written its last records"
    assert "--auto-iam-authn" in proxy["args"]
    assert old["initContainers"] == []
    assert "WORKER_RECORDS_URL" not in environment_of(old)


def test_the_collector_is_beside_a_traced_worker_and_outlives_it(manifests):
    new, old = (
        of(manifests, "Deployment", f"vaani-worker-{k}")["spec"]["template"]["spec"] for k in (RELEASE, "2026-11-22")
    )
    (collector,) = (each for each in new["initContainers"] if each["name"] == "collector")
    assert collector["restartPolicy"] == "Always", "a sidecar takes the spans of a call's end, and dies alone"
    assert "startupProbe" not in collector, "a worker would wait for it"
    read = yaml.safe_load(collector["env"][0]["value"])
    assert read["extensions"]["health_check"]["endpoint"] == f"0.0.0.0:{collector['livenessProbe']['httpGet']['port']}"
    assert set(read["service"]["pipelines"]) == {"traces"}
    assert set(read["exporters"]) == {"otlphttp"}
    assert environment_of(new)["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert not [each for each in old["initContainers"] if each["name"] == "collector"]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in environment_of(old)


def test_pods_are_who_they_should_be_and_let_nobody_in(manifests, cluster):
    account = of(manifests, "ServiceAccount", "worker")
    assert account["metadata"]["annotations"]["iam.gke.io/gcp-service-account"].startswith("vaani-worker@my-project")
    policy = of(manifests, "NetworkPolicy", "nobody-in")["spec"]
    assert (policy["podSelector"], policy["policyTypes"]) == ({}, ["Ingress"])
    assert len(policy["ingress"]) == 1
    for deployment in (each for each in manifests if each["kind"] == "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip
    shown = json.loads(cluster.ok("show", "-json"))["values"]["root_module"]["resources"]
    values = {entry["address"]: entry["values"] for entry in shown}
    assert values["google_service_account_iam_member.worker"]["member"] == (
        "serviceAccount:my-project.svc.id.goog[vaani/worker]"
    )
    made = values["google_container_cluster.this"]
    assert made["enable_autopilot"]
    assert made["deletion_protection"]
    assert made["private_cluster_config"][0]["enable_private_nodes"]
    assert not made["control_plane_endpoints_config"][0]["ip_endpoints_config"][0]["enabled"]


def test_callers_are_sent_to_the_fleet_and_it_has_no_pool(foundation):
    shown = json.loads(foundation.ok("show", "-json"))["values"]
    resources = {entry["address"]: entry["values"] for entry in shown["root_module"]["resources"]}
    assert not [address for address in resources if "worker_pool" in address]
    function = resources["google_cloudfunctions2_function.token[0]"]["service_config"][0]["environment_variables"]
    assert function["AGENT_NAME"] == f"vaani-{RELEASE}"
    counted = resources['google_logging_metric.count["calls_refused"]']["filter"]
    assert 'resource.type="k8s_container"' in counted
    alert = resources['google_monitoring_alert_policy.this["no_worker"]']["conditions"][0]
    assert f"vaani-worker-{RELEASE}" in json.dumps(alert)
    assert "k8s_container" in json.dumps(alert)


def test_its_own_tests_pass(cluster):
    done = cluster.run("test", "-no-color")
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{flat(done.stderr)[-4000:]}"
    assert "1 passed, 0 failed" in done.stdout


def test_mistakes_are_refused(cluster):
    before = copy.copy((cluster.folder / "terraform.tfvars.json").read_text())
    for change in ({"spare_workers": -1}, {"spare_hours": {"from": 22, "to": 8}}, {"releases": {}}):
        if "releases" in change:  # as where no release has platform = "gke"
            (cluster.folder / "z.auto.tfvars.json").write_text(json.dumps(change))
        else:
            cluster.set(**change)
        done = cluster.run("plan", "-no-color", "-input=false")
        assert done.returncode == 1
        assert re.search(r"spare_workers must|spare_hours are|no release with platform", flat(done.stderr))
    (cluster.folder / "z.auto.tfvars.json").unlink()
    (cluster.folder / "terraform.tfvars.json").write_text(before)


def test_the_readme_says_what_may_be_chosen():
    written = {
        name: re.search(r'description = "(.*)"', body)[1]
        for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', (GKE / "variables.tf").read_text(), re.M | re.S)
        if re.search(r"^  default ", body, re.M) and name != "database"
    }
    readme = (INFRA / "README.md").read_text()
    assert dict(re.findall(r"^\* `(\w+)`: (.*)$", readme, re.M)) == written
