"""One stack for all calls of this folder; each test configures the stand-ins and leaves them as it found them."""

import contextlib
import secrets

import pytest
import pytest_asyncio
from livekit import api

from sandbox.caller import CallPlan, JoinToken, Patience, Turn, place_call
from sandbox.services.otlp import running_receiver
from sandbox.stack import Stack, StackOptions
from tests.stack_logs import kept_logs

# Fast enough for a test, and with no load limit that a busy machine could reach (reference: a worker that thinks it is
# busy takes no calls, and its callers hear nothing).
FAST = {
    "stt_final_seconds": 0.1,
    "llm_first_token_seconds": 0.1,
    "tts_first_byte_seconds": 0.1,
}
# The machine also runs everything else: what the recogniser takes then must not look like deafness.
PATIENT_WORKER = {"WORKER_REPLY_LATE_SECONDS": "5"}


@pytest.fixture(scope="session")
def otlp():
    """A receiver of traces and metrics, for all calls: its address, and what has come."""
    with running_receiver() as (url, received):
        yield url, received


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(otlp):
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": otlp[0]}
    measured = {"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_METRIC_EXPORT_INTERVAL": "2000"}
    options = StackOptions(
        scope="sandbox-tests", worker_environment=PATIENT_WORKER | told | measured, token_environment=told,
        logs=kept_logs(),
    )  # fmt: skip
    async with Stack(options) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(stack):
    """The stack with its stand-ins set back before and after."""
    await stack.http.delete(f"{stack.sandbox_url}/control/scopes/{stack.options.scope}")
    await stack.configure(**FAST)
    yield stack
    await stack.http.delete(f"{stack.sandbox_url}/control/scopes/{stack.options.scope}")


@pytest.fixture
def call(sandbox):
    """Place a call of some turns: `await call("text", ("टेक्स्ट", "hi-IN"), goodbye=True)`."""

    async def place(*turns, goodbye=True, attributes=None, patience=None, **options):
        spoken = [Turn(text=t, language="en-IN") if isinstance(t, str) else t for t in turns]
        if goodbye:
            spoken.append(Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True))
        plan = CallPlan(turns=tuple(spoken), participant_attributes=tuple((attributes or {}).items()))
        return await place_call(
            plan, token_url=sandbox.token_url, control=sandbox.control, patience=patience or Patience(), **options
        )

    return place


@pytest.fixture
def join(stack):
    """A token for a fresh room that asks for the agent of a worker with settings of its own."""

    def mint(agent_name, attributes=None):
        token = (
            api.AccessToken(stack.api_key, stack.api_secret)
            .with_identity(f"caller-{secrets.token_hex(4)}")
            .with_attributes(attributes or {})
            .with_grants(api.VideoGrants(room_join=True, room=f"{agent_name}-{secrets.token_hex(6)}"))
            .with_room_config(api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=agent_name)]))
        )
        return JoinToken(stack.livekit_url, token.to_jwt())

    return mint


@pytest.fixture(scope="session")
def worker_with(stack):
    """`async with worker_with("name", SETTING="value"):` runs a worker under its own dispatch name."""

    @contextlib.asynccontextmanager
    async def run(name, scope=None, **environment):
        # Its voice is twice as fast as that of the stack's own: most of a call is listening to it.
        own = {"AGENT_NAME": name, "WORKER_IDLE_PROCESSES": "1", "TTS_PACE": "2"}
        environment = PATIENT_WORKER | own | environment
        worker = await stack.start_worker(f"worker-{name}", environment, scope=scope)
        try:
            yield worker
        finally:
            await worker.stop()

    return run
