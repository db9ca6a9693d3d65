"""What is wrong with outcomes is said at start by the variable's name; what breaks later takes nothing else along."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from records.engine import new_engine, upgrade
from tests.contracts.test_env_file_is_read_alike import WORKER
from tests.records.test_outbox import fill
from tests.records.test_webhooks import KEY, listening
from worker.environment import load_settings
from worker.outcome.building import beside_records
from worker.outcome.checks import outcome_problems


def settings_with(tmp_path, **more):
    url = f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    return load_settings(WORKER | {"WORKER_RECORDS_URL": url} | more)


def problems(tmp_path, **more):
    settings = settings_with(tmp_path, **more)
    return outcome_problems(settings.outcome, settings.records)


HOOK = {"WORKER_OUTCOME_WEBHOOK_URL": "https://example.in/hook", "WORKER_OUTCOME_WEBHOOK_SECRET": KEY}


def test_right_settings_have_no_problem_and_without_any_it_is_off(tmp_path):
    assert problems(tmp_path, **HOOK) == []
    assert problems(tmp_path, WORKER_OUTCOME="on") == []
    assert beside_records(settings_with(tmp_path)) is None
    assert beside_records(settings_with(tmp_path, **HOOK, WORKER_OUTCOME="off")) is None


def test_a_schema_file_that_is_no_schema_is_named(tmp_path):
    path = tmp_path / "outcome.json"
    path.write_text('{"type": "object", "properties": 7}')
    (problem,) = problems(tmp_path, WORKER_OUTCOME_SCHEMA_FILE=str(path))
    assert problem.startswith(f"WORKER_OUTCOME_SCHEMA_FILE: {path} is no JSON Schema")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"WORKER_OUTCOME_WEBHOOK_SECRET": ""}, "WORKER_OUTCOME_WEBHOOK_SECRET: must be whsec_"),
        ({"WORKER_OUTCOME_WEBHOOK_SECRET": f"{KEY},secret"}, "WORKER_OUTCOME_WEBHOOK_SECRET: must be whsec_"),
        ({"WORKER_OUTCOME_WEBHOOK_URL": "http://example.in"}, "WORKER_OUTCOME_WEBHOOK_URL: must be https://"),
        ({"WORKER_OUTCOME_WEBHOOK_URL": "https://10.0.0.1"}, "is no public address"),
        ({"WORKER_RECORDS_URL": ""}, "needs WORKER_RECORDS_URL"),
    ],
)
def test_each_wrong_setting_is_one_problem(tmp_path, change, said):
    (problem,) = problems(tmp_path, **(HOOK | change))
    assert said in problem


async def test_a_schema_that_has_gone_keeps_no_message_from_being_sent(tmp_path):
    path = tmp_path / "outcome.json"
    path.write_text(json.dumps({"type": "object"}))
    async with listening() as receiver:
        settings = settings_with(
            tmp_path, WORKER_OUTCOME_SCHEMA_FILE=str(path), WORKER_OUTCOME_WEBHOOK_INSECURE="true",
            WORKER_OUTCOME_WEBHOOK_URL=receiver.url, WORKER_OUTCOME_WEBHOOK_SECRET=KEY,
        )  # fmt: skip
        path.unlink()
        engine = new_engine(settings.records.records_url)
        await upgrade(engine)
        await fill(engine, 1, datetime.now(UTC))
        running = asyncio.ensure_future(beside_records(settings)(engine))
        async with asyncio.timeout(20):
            await receiver.arrived.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.dispose()
