"""What one gets by following the framework's quickstart: an AgentSession that is given models and nothing else."""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import openai, sarvam

from bench.contenders.on_stand_ins import point_sarvam_at_the_stand_ins, voice_addresses, without_load_limit

INSTRUCTIONS = "You are a helpful voice assistant. Answer in one or two short sentences."

server = without_load_limit(AgentServer(host="127.0.0.1", port=0))


@server.rtc_session(agent_name=os.environ.get("AGENT_NAME", ""))
async def entrypoint(ctx: JobContext) -> None:
    """As the quickstart has it: models, start, greet."""
    point_sarvam_at_the_stand_ins()
    session: AgentSession[None] = AgentSession(
        stt=sarvam.STT(language="unknown"),
        llm=openai.LLM(model="gpt-4o-mini"),
        tts=sarvam.TTS(target_language_code="en-IN", model="bulbul:v3", speaker="priya", **voice_addresses()),
    )
    await session.start(agent=Agent(instructions=INSTRUCTIONS), room=ctx.room, record=False)
    await session.generate_reply(instructions="Greet the user and offer your assistance.")


if __name__ == "__main__":
    cli.run_app(server)
