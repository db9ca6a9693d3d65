"""One stack and two line-ups for all calls of this folder."""

import asyncio

import pytest_asyncio

from faults.line_up import FaultStack, LineUp

SIDE_BY_SIDE = 2


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack():
    async with FaultStack() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lines(stack):
    fast = {"TTS_PACE": "2"}  # most of a call is listening to the agent
    both = [LineUp(stack, f"line{number}", environment=fast) for number in range(SIDE_BY_SIDE)]
    await asyncio.gather(*(line.start() for line in both))
    yield both
    await asyncio.gather(*(line.stop() for line in both))
