"""The line between a worker and a provider can be cut and mended."""

import asyncio

import pytest

from faults.relay import Relay


@pytest.fixture
async def echo_port():
    async def echo(reader, writer):
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_bytes_pass_until_the_line_is_cut_and_again_when_it_is_mended(echo_port):
    relay = Relay(echo_port)
    await relay.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"

    await relay.cut()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", relay.port)

    await relay.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(b"again")
    assert await reader.readexactly(5) == b"again"
    writer.close()
    await relay.cut()


async def test_what_is_held_is_passed_on_when_it_flows_again(echo_port):
    relay = Relay(echo_port)
    await relay.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    relay.hold()
    writer.write(b"hello")
    answer = asyncio.ensure_future(reader.readexactly(5))
    done, _ = await asyncio.wait([answer], timeout=0.2)
    assert not done
    relay.flow()
    assert await asyncio.wait_for(answer, 5) == b"hello"
    writer.close()
    await relay.cut()
