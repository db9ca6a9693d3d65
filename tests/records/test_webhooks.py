"""Messages reach the webhook signed, at least once and in time; nobody else's network, and no redirect, is followed."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from records import addresses, outbox
from records.addresses import PrivateAddress, PublicResolver, is_public
from records.outbox import Message
from records.webhooks import Delivery, Receiver, Refused, Sender, receiver_problems
from sandbox.stack.processes import free_port
from tests.records.test_outbox import NOON, fill

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER_KEY = "whsec_" + base64.b64encode(b"o" * 32).decode()
MESSAGE = Message(
    "msg_1", "c1", "call.finished", datetime.now(UTC), {"type": "call.finished", "data": {"said": "नमस्ते"}}
)


class Listening:
    """A receiver in this process that answers as it is told, and keeps what it has got."""

    def __init__(self):
        self.status, self.headers, self.got = 200, {}, []
        self.arrived = asyncio.Event()

    async def answer(self, request):
        self.got.append((dict(request.headers), await request.read()))
        self.arrived.set()
        return web.Response(status=self.status, headers=self.headers)


@asynccontextmanager
async def listening():
    receiver, app = Listening(), web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sender_to(url, *secrets, allow_insecure=True):
    sender = Sender(Receiver(url, secrets or (KEY,), allow_insecure=allow_insecure))
    try:
        yield sender
    finally:
        await sender.aclose()


async def test_a_message_is_signed_as_standard_webhooks_say():
    async with listening() as receiver, sender_to(receiver.url) as sender:
        await sender.send(MESSAGE)
        ((headers, body),) = receiver.got
    assert Webhook(KEY).verify(body, headers) == MESSAGE.body
    assert headers["webhook-id"] == MESSAGE.id


async def test_while_a_secret_is_exchanged_both_are_good():
    async with listening() as receiver, sender_to(receiver.url, OTHER_KEY, KEY) as sender:
        await sender.send(MESSAGE)
        ((headers, body),) = receiver.got
    assert Webhook(KEY).verify(body, headers) == Webhook(OTHER_KEY).verify(body, headers)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503])
async def test_only_a_two_hundred_is_a_yes_and_no_redirect_is_followed(status):
    async with listening() as receiver, sender_to(receiver.url) as sender:
        receiver.status, receiver.headers = status, {"Location": receiver.url + "/elsewhere"}
        with pytest.raises(Refused, match=f"HTTP {status}") as refused:
            await sender.send(MESSAGE)
        assert len(receiver.got) == 1
    assert refused.value.for_good is (status == 410)


PRIVATE = [
    "127.0.0.1", "0.0.0.0", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",  # noqa: S104
    "224.0.0.1", "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
    "fe80::1%eth0",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_address_of_a_private_network_is_refused_before_and_while_sending(address):
    assert not is_public(address)
    host = f"[{address}]" if ":" in address else address
    if "%" not in address:
        assert receiver_problems(Receiver(f"https://{host}/hook", (KEY,)))
    async with sender_to(f"https://{host}:9/hook".replace("%eth0", ""), allow_insecure=False) as sender:
        with pytest.raises(Refused, match="not public"):
            await sender.send(MESSAGE)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "49.36.0.1"])
def test_an_address_of_the_internet_is_none(address):
    assert is_public(address)


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
async def test_a_name_of_this_machine_however_written_reaches_nobody(name):
    async with listening() as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        async with sender_to(f"http://{name}:{port}/hook", allow_insecure=False) as sender:
            with pytest.raises(Refused, match=r"not public|DNS|InvalidUrl"):
                await sender.send(MESSAGE)
        assert receiver.got == []


async def test_what_is_connected_to_is_what_was_looked_at(monkeypatch):
    """DNS rebinding: the name is public when it was set, and leads home when it is asked again."""
    answers = iter(["93.184.216.34", "127.0.0.1"])

    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": next(answers), "port": port, "family": 2, "proto": 6, "flags": 0}]

    monkeypatch.setattr(addresses.ThreadedResolver, "resolve", resolve)
    resolver = PublicResolver()
    assert (await resolver.resolve("rebind.example", 443))[0]["host"] == "93.184.216.34"
    async with listening() as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        async with sender_to(f"http://rebind.example:{port}/hook", allow_insecure=False) as sender:
            with pytest.raises(Refused, match="leads to an address that is not public"):
                await sender.send(MESSAGE)
        assert receiver.got == []


async def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    async def resolve(self, host, port=0, family=0):
        return [{"host": address} for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(addresses.ThreadedResolver, "resolve", resolve)
    with pytest.raises(PrivateAddress):
        await PublicResolver().resolve("both.example")


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://example.in/hook", KEY, "must be https"),
        ("ftp://example.in/hook", KEY, "must be https"),
        ("https://user:pass@example.in/hook", KEY, "no user and password"),
        ("https://localhost/hook", KEY, "no public address"),
        ("https://example.in:port/", KEY, "is no URL"),
        ("https://example.in/hook", "secret", "WEBHOOK_SECRET: must be whsec_"),
        ("https://example.in/hook", "whsec_YQ==", "24 to 64 bytes"),
        ("https://example.in/hook", "whsec_" + "!" * 40, "WEBHOOK_SECRET: must be whsec_"),
    ],
)
def test_what_is_wrong_is_said_at_start_without_the_secret(url, secret, said):
    (problem,) = receiver_problems(Receiver(url, (secret,)))
    assert said in problem
    assert secret not in problem
    assert secret not in repr(Receiver(url, (secret,)))


def test_a_right_receiver_has_no_problem_and_one_without_a_secret_has():
    assert receiver_problems(Receiver("https://example.in/hook", (KEY,))) == []
    assert receiver_problems(Receiver("http://10.0.0.8/hook", (KEY,), allow_insecure=True)) == []
    assert receiver_problems(Receiver("https://example.in/hook", ()))


async def test_two_workers_send_each_message_once(engine):
    await fill(engine, 12, datetime.now(UTC))
    async with listening() as receiver, sender_to(receiver.url) as first, sender_to(receiver.url) as second:
        deliveries = [Delivery(engine, first), Delivery(engine, second)]
        while sum(await asyncio.gather(*(delivery.send_due() for delivery in deliveries))):
            pass
        ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == len(set(ids)) == 12
    assert await outbox.count(engine) == outbox.Waiting(waiting=0, delivered=12, dead=0)


async def test_a_receiver_that_is_down_gets_it_when_it_is_back_under_the_same_id(engine):
    await fill(engine, 1, datetime.now(UTC))
    async with listening() as receiver, sender_to(receiver.url) as sender:
        receiver.status = 503
        running = asyncio.create_task(Delivery(engine, sender).run())
        async with asyncio.timeout(20):
            await receiver.arrived.wait()
            receiver.status = 204
            while len(receiver.got) < 2:
                receiver.arrived.clear()
                await receiver.arrived.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        ids = {headers["webhook-id"] for headers, _ in receiver.got}
    assert len(ids) == 1


async def test_a_receiver_that_takes_none_is_asked_with_one_message_and_has_all_at_once_when_it_is_back(engine):
    """Eight tries a moment say no more than one, and keep a database busy that records wait for."""
    await fill(engine, 20, NOON)
    async with listening() as receiver, sender_to(receiver.url) as sender:
        receiver.status = 503
        delivery = Delivery(engine, sender, lambda: NOON)
        assert [await delivery.send_due() for _ in range(4)] == [8, 1, 1, 1]
        receiver.status = 200
        assert await delivery.send_due() == 1  # one that was never tried before, and calls those that rest
        sent = 1
        while tried := await delivery.send_due():
            sent += tried
    assert sent == 20
    assert (await outbox.count(engine)).delivered == 20


async def test_no_answer_of_the_receiver_is_kept_or_logged(engine, caplog):
    await fill(engine, 1, datetime.now(UTC))
    async with listening() as receiver, sender_to(receiver.url) as sender:
        receiver.status, receiver.headers = 410, {"X-Echo": "4111111111111111"}
        await Delivery(engine, sender).send_due()
    (letter,) = await outbox.dead_letters(engine)
    assert letter.last_error == "HTTP 410"
    assert "webhook.dead" in caplog.text
    assert "4111" not in caplog.text + str([vars(record) for record in caplog.records])


async def test_the_receiver_in_the_docs_takes_each_message_once_and_refuses_a_stranger(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "outcome.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len([line for line in program.splitlines() if line.strip()]) <= 25
    port = free_port()
    (tmp_path / "receiver.py").write_text(program, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-u", "receiver.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"WEBHOOK_SECRET": KEY, "PORT": str(port)},
    )  # fmt: skip
    try:
        assert process.stdout.readline().startswith("listening")
        url = f"http://127.0.0.1:{port}/"
        message = Message("msg_1", "c1", "call.finished", datetime.now(UTC), {
            "type": "call.finished", "data": {"id": "c1", "summary": "Wants a cake."},
        })  # fmt: skip
        async with sender_to(url) as sender, sender_to(url, OTHER_KEY) as stranger, aiohttp.ClientSession() as http:
            await sender.send(message)
            await sender.send(message)
            with pytest.raises(Refused, match="HTTP 401"):
                await stranger.send(message)
            async with http.post(url, data=json.dumps(message.body)) as unsigned:
                assert unsigned.status == 401
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=10)
    assert said == "call.finished c1 Wants a cake.\n"
