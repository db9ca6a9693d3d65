"""What a call needs only later is not done while its caller waits to be greeted."""

from livekit.plugins import openai

from tests.jumping_clock import run, wait
from worker.providers.openai_llm import CONNECT_AFTER_SECONDS, build_llm
from worker.settings import LlmSettings, OpenAiSettings


def test_the_model_is_connected_to_behind_the_greeting_and_once(monkeypatch):
    """Pins: 28 ms of CPU of each call, of which six that came at once waited for all."""
    connected = []

    async def connect(model):
        connected.append(model)

    monkeypatch.setattr(openai.LLM, "_prewarm_impl", connect)

    async def session_starts():
        model = build_llm(LlmSettings(), OpenAiSettings(api_key="none"))
        model.prewarm()
        model.prewarm()
        await wait(CONNECT_AFTER_SECONDS / 2)
        early = len(connected)
        await wait(CONNECT_AFTER_SECONDS)
        return early, connected == [model]

    assert run(session_starts()) == (0, True)
