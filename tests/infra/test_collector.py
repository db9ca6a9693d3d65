"""The collector beside each worker: it starts with what it is given, takes what the worker sends, and costs no call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from join_token.settings import settings_from
from terraform_bench import INFRA, by_name

from worker.environment import load_settings

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]
# Of what Google builds in, what the configuration uses. Source: google-built-opentelemetry-collector/manifest.yaml of
# GoogleCloudPlatform/opentelemetry-operations-collector, 0.159.0.
BUILT_IN = {
    "receivers": {"otlp"},
    "processors": {"batch", "memory_limiter", "resource"},
    "exporters": {"googlemanagedprometheus", "otlphttp"},
    "extensions": {"googleclientauth", "health_check"},
}
ON_THE_PROJECT = {
    "token": {"roles/telemetry.tracesWriter"},
    "worker": {"roles/monitoring.metricWriter", "roles/telemetry.tracesWriter"},
}


def test_every_part_is_built_in_and_used_and_no_other_is_named(collector_reads):
    assert {kind: set(collector_reads[kind]) for kind in BUILT_IN} == BUILT_IN
    pipelines = collector_reads["service"]["pipelines"]
    for kind in ("receivers", "processors", "exporters"):
        assert {part for each in pipelines.values() for part in each[kind]} == set(collector_reads[kind]), kind
    assert set(collector_reads["service"]["extensions"]) == set(collector_reads["extensions"])
    assert collector_reads["exporters"]["otlphttp"]["auth"]["authenticator"] in collector_reads["extensions"]
    assert set(pipelines) == {"traces", "metrics"}


def test_what_is_too_much_is_refused_first_and_what_is_sent_is_batched_last(pool, collector_reads):
    """At the end a limiter would bound nothing; its limit is below Go's own, and that below the container's."""
    for pipeline in collector_reads["service"]["pipelines"].values():
        assert (pipeline["processors"][0], pipeline["processors"][-1]) == ("memory_limiter", "batch")
    limit = collector_reads["processors"]["memory_limiter"]["limit_mib"]
    go_limit = int(by_name(pool["collector"]["env"])["GOMEMLIMIT"]["value"].removesuffix("MiB"))
    assert 0 < limit <= go_limit < int(pool["collector"]["resources"][0]["limits"]["memory"].removesuffix("Mi"))


def test_the_worker_sends_to_where_the_collector_listens_and_nobody_else_can(pool, collector_reads):
    settings = load_settings(
        {e["name"]: e["value"] or "wss://a-secret-of-32-characters-or-more" for e in pool["worker"]["env"]}
    )
    listens = collector_reads["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert listens.startswith("127.0.0.1:")
    assert settings.telemetry.traces_url == f"http://{listens}/v1/traces"
    assert settings.telemetry.metrics_url == f"http://{listens}/v1/metrics"


def test_a_collector_that_is_down_neither_delays_a_worker_nor_ends_a_call(pool, collector_reads):
    """On Cloud Run a liveness probe of any container ends the instance, and its calls."""
    assert "collector" not in (pool["worker"]["depends_on"] or [])
    assert not pool["collector"]["liveness_probe"]
    port = pool["collector"]["startup_probe"][0]["http_get"][0]["port"]
    assert collector_reads["extensions"]["health_check"]["endpoint"] == f"0.0.0.0:{port}"


def test_the_function_and_the_call_are_of_one_project(collector_reads, planned):
    function = planned["google_cloudfunctions2_function.token[0]"]["service_config"][0]
    secrets = {
        entry["key"]: "wss://a-secret-of-32-characters-or-more" for entry in function["secret_environment_variables"]
    }
    traces = settings_from({**function["environment_variables"], **secrets, "K_SERVICE": "vaani-token"}).traces
    said = {each["key"]: each["value"] for each in collector_reads["processors"]["resource"]["attributes"]}
    assert traces.url == collector_reads["exporters"]["otlphttp"]["endpoint"] + "/v1/traces"
    assert traces.metadata_host, "Google is told who sends"
    assert traces.project_id == said["gcp.project_id"] == "my-project"
    # Google's Prometheus files nothing without a place, and two workers' figures under one name without an instance.
    assert said["cloud.region"] == "asia-south1"
    assert "service.instance.id" not in said, "the worker says which one it is"


def test_who_tells_may_add_telemetry_to_the_project_and_nothing_else(planned):
    """The one exception to "no role on the whole project": Google has none of these for less, and they read nothing."""
    who: dict[str, set[str]] = {}
    for address, values in planned.items():
        if address.startswith("google_project_iam_member.telemetry"):
            who.setdefault(address.split('"')[1].split()[0], set()).add(values["role"])
    assert who == ON_THE_PROJECT
    assert {"cloudtrace.googleapis.com", "telemetry.googleapis.com"} <= {
        values["service"] for address, values in planned.items() if address.startswith("google_project_service.")
    }


def test_what_is_tried_at_night_is_of_the_version_that_is_deployed():
    tag = re.search(r"otelcol-google:([0-9.]+)", (INFRA / "variables.tf").read_text())[1]
    here = Path(__file__).parent
    assert (here / "collector.yaml").read_text().count(f" v{tag}\n") == 6
    assert f"/builder@v{tag}" in (here / "test_collector_runs.py").read_text()
