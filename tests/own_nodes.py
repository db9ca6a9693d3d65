"""What a session must be given, and what an agent whose own nodes answer and speak never asks."""

from livekit.agents import llm, tts


class Model(llm.LLM):
    def chat(self, **_):
        raise AssertionError("the agent's own node answers")


class Voice(tts.TTS):
    """There is one, but the agent's own node speaks."""

    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=24000, num_channels=1)

    def synthesize(self, text, **_):
        raise AssertionError("the agent's own node speaks")
