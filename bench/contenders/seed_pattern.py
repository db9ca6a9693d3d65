"""The pattern this project began with, repaired only where it cannot run; what it warns about stays as it is.

Repairs, each marked: the voice's model, the turn detector whose weights are in the package, the stand-ins' addresses,
the dispatch name, and no load limit.
"""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, cli, inference
from livekit.plugins import openai, sarvam, silero

from bench.contenders.on_stand_ins import point_sarvam_at_the_stand_ins, voice_addresses, without_load_limit


class VoiceAgent(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a helpful voice assistant. Answer in one or two short sentences.")

    async def on_enter(self) -> None:
        self.session.generate_reply(allow_interruptions=False)


server = without_load_limit(AgentServer(host="127.0.0.1", port=0))  # repair: loopback only, any port, any load


def prewarm(proc: JobProcess) -> None:
    proc.userdata["vad"] = silero.VAD.load()


server.setup_fnc = prewarm


@server.rtc_session(agent_name=os.environ.get("AGENT_NAME", ""))  # repair: several contenders share one server
async def entrypoint(ctx: JobContext) -> None:
    point_sarvam_at_the_stand_ins()  # repair
    session: AgentSession[None] = AgentSession(
        stt=sarvam.STT(language="en-IN"),
        llm=openai.LLM(model="gpt-4o-mini"),
        tts=sarvam.TTS(
            target_language_code="en-IN",
            model="bulbul:v2",  # repair: the voice anushka has no other model, and the default one refuses it
            speaker="anushka",
            **voice_addresses(),  # repair
        ),
        vad=ctx.proc.userdata["vad"],
        turn_detection=inference.TurnDetector(version="v1-mini"),  # repair: MultilingualModel's weights are not here
    )
    await session.start(agent=VoiceAgent(), room=ctx.room, record=False)  # repair: no switch of a project uploads it


if __name__ == "__main__":
    cli.run_app(server)
