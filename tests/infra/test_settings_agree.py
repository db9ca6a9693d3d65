"""What Terraform sets, the processes read: a misspelt variable stops them at start, in production first."""

from __future__ import annotations

import re
import subprocess

import pytest
from join_token.serving import THREADS
from join_token.settings import settings_from
from join_token.variables import VARIABLES
from terraform_bench import INFRA, ROOT

from console.settings import settings_from as console_settings
from records.url import read_url
from worker import log_events
from worker.environment import known_variables, load_settings

SOURCE = "".join(path.read_text() for path in INFRA.glob("*.tf"))
FRAMEWORKS = {"NUM_CPUS"}  # livekit-agents' own


@pytest.fixture(scope="module")
def environments(planned, pool):
    """The environments of the processes, as planned; secrets with values of the right form."""
    function = planned["google_cloudfunctions2_function.token[0]"]["service_config"][0]
    secret = {"LIVEKIT_URL": "wss://example.livekit.cloud"}
    given = "a-secret-of-thirty-two-characters-or-more"
    token = function["environment_variables"] | {
        entry["key"]: secret.get(entry["key"], given) for entry in function["secret_environment_variables"]
    }
    worker = {
        e["name"]: e["value"] if not e["value_source"] else secret.get(e["name"], given) for e in pool["worker"]["env"]
    }
    looking = planned["google_cloud_run_v2_service.console[0]"]["template"][0]["containers"][0]["env"]
    # The project's number is known once there is a bucket.
    console = {e["name"]: given if e["value_source"] else e.get("value", "/projects/1/...") for e in looking}
    return token, worker, console


@pytest.mark.terraform
def test_the_function_starts_with_what_terraform_gives_it(environments):
    token, _, _ = environments
    settings = settings_from({**token, "K_SERVICE": "vaani-token"})
    assert settings.agent_name == "vaani-one"
    assert settings.public_agent_name == "vaani"
    assert set(token) <= {variable.name for variable in VARIABLES}


@pytest.mark.terraform
def test_the_worker_starts_with_what_terraform_gives_it(environments):
    _, worker, _ = environments
    settings = load_settings(worker)
    assert settings.livekit.agent_name == "vaani-one"
    assert settings.health.health_host == "0.0.0.0"  # noqa: S104  inside the container
    assert settings.capacity.max_calls == 4
    assert settings.records.records_reader == "vaani-console@my-project.iam"
    assert read_url(settings.records.records_url).place == "postgresql+asyncpg://127.0.0.1:5432/vaani"
    assert settings.consent.recordings_url == "gs://my-project-vaani-recordings"
    assert set(worker) - FRAMEWORKS <= known_variables()


@pytest.mark.terraform
def test_the_console_starts_with_what_terraform_and_its_image_give_it(environments):
    _, _, console = environments
    said = re.search(r"CONSOLE_HOST=\S+ \\\n +PORT=\d+", (ROOT / "Dockerfile.console").read_text())[0]
    settings = console_settings(console | dict(re.findall(r"(\w+)=(\S+)", said)))
    assert settings.iap_audience
    assert settings.records_url.startswith("postgresql+asyncpg://vaani-console%40my-project.iam@127.0.0.1")
    assert settings.words_for == {"asha@example.com"}


@pytest.mark.terraform
def test_the_job_runs_a_command_of_records_and_sends_the_proxy_home(planned, tmp_path):
    """Pins the trap that a job ends when all its containers do: the proxy would go on for ever."""
    (job,) = planned["google_cloud_run_v2_job.records[0]"]["template"][0]["template"]
    container = next(each for each in job["containers"] if each["name"] == "records")
    (tmp_path / "python").write_text(
        '#!/bin/sh\necho "$@" >> "$ASKED"\n[ "$1 $2" = "-m records" ] && exit 3 || exit 0\n'
    )
    (tmp_path / "python").chmod(0o755)
    shell, *rest = container["command"]
    done = subprocess.run(
        [shell, *rest, "erase", "--caller", "0123 4567"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "ASKED": str(tmp_path / "asked")},
        check=False,
    )
    assert done.returncode == 3, "the command's own exit code is the job's"
    asked, left = (tmp_path / "asked").read_text().splitlines()
    assert asked == "-m records erase --caller 0123 4567"
    assert "http://127.0.0.1:9091/quitquitquit" in left
    assert {entry["name"] for entry in container["env"]} <= known_variables()
    (proxy,) = (each for each in job["containers"] if each["name"] != "records")
    assert "--quitquitquit" in proxy["args"]


@pytest.mark.terraform
def test_function_and_worker_agree_on_the_dispatch_name(environments):
    token, worker, _ = environments
    assert token["AGENT_NAME"] == worker["AGENT_NAME"]


def test_metrics_count_events_that_the_processes_write():
    """A renamed event would leave a dashboard that is quietly empty."""
    counted = set(re.findall(r'event\s*=\s*"([\w.]+)"', (INFRA / "metrics.tf").read_text()))
    written = {value for name, value in vars(log_events).items() if name.isupper()} | {"token.request"}
    assert counted <= written
    assert "token.request" in counted


def test_cloud_run_sends_no_more_at_once_than_the_function_has_threads_for():
    """More would queue inside an instance while Cloud Run sees room in it."""
    concurrency = int(re.search(r"concurrency\s+= optional\(number, (\d+)\)", (INFRA / "variables.tf").read_text())[1])
    assert concurrency == THREADS


LOST_OR_TURNED_AWAY = {
    "call.failed", "call.handover", "call.lost", "call.process_died", "call.refused", "call.refused_busy",
    "provider.fault", "records.dropped", "worker.gave_up",
}  # fmt: skip


def test_whoever_is_lost_or_turned_away_is_told_to_somebody():
    """On-call learnt nothing of callers who heard that all lines are busy, or of a lost call."""
    alerts = (INFRA / "alerts.tf").read_text()
    written = {value for name, value in vars(log_events).items() if name.isupper()}
    counted = dict(
        re.findall(r"^    (\w+) = \{\n      event\s*=\s*\"([\w.]+)\"", (INFRA / "metrics.tf").read_text(), re.M)
    )
    by_metric = {event for name, event in counted.items() if f"local._log.{name}" in alerts}
    by_line = set(re.findall(r'"([\w.]+)"', "".join(re.findall(r"events\s*= \[(.*?)\]", alerts))))
    assert by_line <= written
    assert by_metric | by_line >= LOST_OR_TURNED_AWAY


def test_what_on_call_is_told_to_search_is_the_field_that_exists():
    """The worker writes an event's name as the line's message: a search for another field finds nothing."""
    assert not re.search(r"jsonPayload\.event", (INFRA / "alerts.tf").read_text())


@pytest.mark.parametrize("field", ["e2e_latency_seconds", "greeting_seconds", "load_percent", "rupees"])
def test_what_is_measured_is_a_field_of_its_event(field):
    assert field in re.findall(r'field\s*=\s*"(\w+)"', (INFRA / "metrics.tf").read_text())
    worker_source = "".join(path.read_text() for path in (INFRA.parent / "worker").rglob("*.py"))
    assert re.search(rf"\b{field}\b", worker_source)


def test_on_call_is_told_of_lines_that_run_out_of_lost_callers_of_slow_answers_and_of_spending():
    alerts = (INFRA / "alerts.tf").read_text()
    watched = ("load_percent", "calls_lost", "calls_refused", "voice_to_voice_seconds", "rupees", "greeting_seconds")
    assert [each for each in watched if each not in alerts] == []
    capacity = re.search(r"capacity = \{.*?\n      \}", alerts, re.DOTALL)[0]
    assert 'hold     = "300s"' in capacity
    assert "capacity_percent           = optional(number, 70)" in (INFRA / "variables.tf").read_text()
