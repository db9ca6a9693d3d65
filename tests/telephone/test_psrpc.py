"""Remote procedure calls over Redis: asked and answered, refused, answered by one of several."""

import asyncio

import pytest
import pytest_asyncio
import redis.asyncio as redis
from google.protobuf.wrappers_pb2 import StringValue

from sandbox.phone.psrpc import RpcBus, RpcError
from sandbox.stack.processes import Process, free_port
from sandbox.stack.telephony import redis_command


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def redis_port(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    process = Process("redis", redis_command(port), folder / "redis.log", {}, folder)
    await process.start()

    async def accepts():
        try:
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
        except OSError:
            return False
        return True

    await process.until(accepts, 20)
    yield port
    await process.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def buses(redis_port):
    """Nodes on one bus."""
    nodes = [RpcBus("127.0.0.1", redis_port) for _ in range(3)]
    yield nodes
    for node in nodes:
        await node.aclose()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_answer_comes_back(buses):
    async def greet(request):
        return StringValue(value=f"hello {request.value}")

    await buses[0].serve("Test", "Greet", StringValue, greet)
    answer = await buses[1].ask("Test", "Greet", StringValue(value="Asha"), StringValue)
    assert answer.value == "hello Asha"


async def test_one_of_several_answers(buses):
    """As with several livekit-sip on one Redis: a call is placed once."""
    answered = []

    def greeter(number):
        async def greet(request):
            answered.append(number)
            return StringValue(value=str(number))

        return greet

    for number in (0, 1):
        await buses[number].serve("Test", "Once", StringValue, greeter(number))
    answers = [await buses[2].ask("Test", "Once", StringValue(), StringValue) for _ in range(5)]
    assert [int(each.value) for each in answers] == answered


async def test_a_refusal_carries_its_code(buses):
    async def refuse(request):
        raise RpcError("resource_exhausted", "sip status: 486: Busy Here")

    await buses[0].serve("Test", "Refuse", StringValue, refuse)
    with pytest.raises(RpcError) as refusal:
        await buses[1].ask("Test", "Refuse", StringValue(), StringValue)
    assert (refusal.value.code, refusal.value.message) == ("resource_exhausted", "sip status: 486: Busy Here")


async def test_nobody_answers(buses):
    with pytest.raises(RpcError, match=r"unavailable.*Test\.Nobody"):
        await buses[0].ask("Test", "Nobody", StringValue(), StringValue, timeout_seconds=0.2)


async def test_a_topic_is_served_until_it_is_not(buses):
    asked = []

    async def note(request):
        asked.append(request.value)
        return StringValue()

    await buses[0].serve("Test", "Note", StringValue, note, topic="call-1")
    await buses[1].ask("Test", "Note|call-1", StringValue(value="a"), StringValue)
    await buses[0].stop_serving("Test", "Note", "call-1")
    with pytest.raises(RpcError, match="unavailable"):
        await buses[1].ask("Test", "Note|call-1", StringValue(value="b"), StringValue, timeout_seconds=0.2)
    assert asked == ["a"]


async def test_what_is_no_message_is_passed_over(buses, redis_port):
    async def greet(request):
        return StringValue(value="still here")

    await buses[0].serve("Test", "Greet", StringValue, greet)
    async with redis.Redis(port=redis_port) as stranger:
        await stranger.publish("Test|Greet|REQ", b"\xff\xfe not protobuf")
    answer = await buses[1].ask("Test", "Greet", StringValue(), StringValue)
    assert answer.value == "still here"
