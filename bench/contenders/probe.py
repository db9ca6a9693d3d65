"""An agent that plays a ready tone on joining and knows nothing else: the floor under every greeting."""

import os
from collections.abc import AsyncIterator

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli

from bench.contenders.on_stand_ins import without_load_limit

SAMPLE_RATE_HZ = 24_000
TONE_HZ, TONE_SECONDS, FRAME_SECONDS = 440, 0.6, 0.02

server = without_load_limit(AgentServer(host="127.0.0.1", port=0))


async def tone() -> AsyncIterator[rtc.AudioFrame]:
    """A beep, ready before anybody calls."""
    count = int(SAMPLE_RATE_HZ * FRAME_SECONDS)
    seconds = np.arange(int(SAMPLE_RATE_HZ * TONE_SECONDS)) / SAMPLE_RATE_HZ
    samples = (8000 * np.sin(2 * np.pi * TONE_HZ * seconds)).astype(np.int16)
    for begin in range(0, len(samples), count):
        yield rtc.AudioFrame(samples[begin : begin + count].tobytes(), SAMPLE_RATE_HZ, 1, count)


class Beeper(Agent):
    """Says nothing but its tone."""

    def __init__(self) -> None:
        super().__init__(instructions="")

    async def on_enter(self) -> None:
        self.session.say("beep", audio=tone(), add_to_chat_ctx=False)


@server.rtc_session(agent_name=os.environ.get("AGENT_NAME", ""))
async def entrypoint(ctx: JobContext) -> None:
    """Join and beep."""
    session: AgentSession[None] = AgentSession(vad=None, turn_handling={"turn_detection": None})
    await session.start(agent=Beeper(), room=ctx.room, record=False)


if __name__ == "__main__":
    cli.run_app(server)
