"""LiveKit's remote procedure calls over Redis pub/sub, both as the side that answers and as the side that asks.

A request goes to everybody who serves its method; each claims it, the asker picks one, and only that one answers:

    asker  --Request------->  SERVICE|METHOD[|TOPIC]|REQ
    server --ClaimRequest-->  SERVICE|ASKER|CLAIM
    asker  --ClaimResponse->  SERVICE|METHOD[|TOPIC]|RCLAIM
    server --Response------>  SERVICE|ASKER|RES

Source: livekit/psrpc, pkg/info/channels.go, pkg/server/rpc.go, pkg/client/rpc.go, internal/bus.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message

from sandbox.phone.messages import ClaimRequest, ClaimResponse, Msg, Request, Response

CLAIM_SECONDS = 5.0
_NANOSECONDS = 1_000_000_000


class RpcError(Exception):
    """What a call was refused with: psrpc's code, a text, and details for whoever asked."""

    def __init__(self, code: str, message: str, details: Sequence[Message] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.details = code, message, tuple(details)


Handler = Callable[[Any], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class _Served:
    """A method that is answered here."""

    service: str
    request_type: Any
    handler: Handler


class RpcBus:
    """One node on the bus. `serve` answers calls, `ask` places them; both work from entering to leaving."""

    def __init__(self, host: str, port: int) -> None:
        self.node_id = f"NE_{secrets.token_hex(6)}"
        self._redis = redis.Redis(host=host, port=port, socket_timeout=None)  # silence on the bus is no fault
        self._pubsub = self._redis.pubsub()
        self._subscribed: dict[str, asyncio.Event] = {}
        self._served: dict[str, _Served] = {}
        self._waiting: dict[str, asyncio.Queue[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """Leave the bus. What is being answered is dropped."""
        tasks = [*self._tasks, *([self._reading] if self._reading else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._redis.aclose()

    async def serve(self, service: str, method: str, request_type: Any, handler: Handler, topic: str = "") -> None:
        """Answer a method from now on. The handler may raise RpcError."""
        await self._subscribe(f"{_channel(service, method, topic)}|RCLAIM")
        channel = f"{_channel(service, method, topic)}|REQ"
        self._served[channel] = _Served(service, request_type, handler)
        await self._subscribe(channel)

    async def stop_serving(self, service: str, method: str, topic: str) -> None:
        """Stop to answer a method of one topic; a call that is being answered goes on."""
        self._served.pop(f"{_channel(service, method, topic)}|REQ", None)
        for kind in ("REQ", "RCLAIM"):
            channel = f"{_channel(service, method, topic)}|{kind}"
            self._subscribed.pop(channel, None)
            await self._pubsub.unsubscribe(channel)

    async def ask(
        self, service: str, method: str, request: Message, response_type: Any, *, timeout_seconds: float = 5.0
    ) -> Any:
        """Place a call and return its response.

        Raises:
            RpcError: It was refused, or nobody answered in time (`unavailable`).
        """
        for kind in ("CLAIM", "RES"):
            await self._subscribe(f"{service}|{self.node_id}|{kind}")
        request_id, now = f"RID_{secrets.token_hex(6)}", time.time_ns()
        expiry = now + round(timeout_seconds * _NANOSECONDS)
        answers: asyncio.Queue[Any] = asyncio.Queue()
        self._waiting[request_id] = answers
        asked = Request(
            request_id=request_id, client_id=self.node_id, sent_at=now, expiry=expiry,
            raw_request=request.SerializeToString(),
        )  # fmt: skip
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._publish(f"{service}|{method}|REQ", asked)
                answer = await answers.get()
                if isinstance(answer, ClaimRequest):
                    picked = ClaimResponse(request_id=request_id, server_id=answer.server_id)
                    await self._publish(f"{service}|{method}|RCLAIM", picked)
                    while isinstance(answer, ClaimRequest):  # others may claim it too, late
                        answer = await answers.get()
        except TimeoutError as error:
            raise RpcError("unavailable", f"nobody answered {service}.{method}") from error
        finally:
            del self._waiting[request_id]
        if answer.error:
            raise RpcError(answer.code or "unknown", answer.error)
        return response_type.FromString(answer.raw_response)

    # ---- the wire

    async def _subscribe(self, channel: str) -> None:
        """Return when Redis has confirmed it: what is published from then on arrives."""
        if channel not in self._subscribed:
            self._subscribed[channel] = asyncio.Event()
            await self._pubsub.subscribe(channel)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        await self._subscribed[channel].wait()

    async def _publish(self, channel: str, message: Any) -> None:
        wrapped = Msg(type_url=f"type.googleapis.com/{message.DESCRIPTOR.full_name}", value=message.SerializeToString())
        await self._redis.publish(channel, wrapped.SerializeToString())

    async def _read(self) -> None:
        async for received in self._pubsub.listen():
            channel = received["channel"].decode()
            if received["type"] == "subscribe" and channel in self._subscribed:
                self._subscribed[channel].set()
            if received["type"] != "message":
                continue
            try:
                value = Msg.FromString(received["data"]).value
                self._receive(channel, value)
            except DecodeError:
                continue  # not ours to understand; whoever sent it hears nothing and gives up in its own time

    def _receive(self, channel: str, value: bytes) -> None:
        kind = channel.rpartition("|")[2]
        if kind == "REQ" and (served := self._served.get(channel)):
            request = Request.FromString(value)
            if time.time_ns() < request.expiry:
                self._start(self._answer(served, request))
            return
        received = {"RCLAIM": ClaimResponse, "CLAIM": ClaimRequest, "RES": Response}.get(kind)
        if received is not None:
            message = received.FromString(value)
            if waiting := self._waiting.get(message.request_id):
                waiting.put_nowait(message)

    async def _answer(self, served: _Served, request: Any) -> None:
        if not await self._claimed(served, request):
            return
        response = Response(request_id=request.request_id, server_id=self.node_id)
        try:
            message = await served.handler(served.request_type.FromString(request.raw_request))
            response.raw_response = message.SerializeToString()
        except RpcError as error:
            response.code, response.error = error.code, error.message
            for detail in error.details:
                packed = any_pb2.Any()
                packed.Pack(detail)
                response.error_details.append(packed)
        response.sent_at = time.time_ns()
        await self._publish(f"{served.service}|{request.client_id}|RES", response)

    async def _claimed(self, served: _Served, request: Any) -> bool:
        """Whether the asker chose this node."""
        claims: asyncio.Queue[Any] = asyncio.Queue()
        self._waiting[request.request_id] = claims
        claim = ClaimRequest(request_id=request.request_id, server_id=self.node_id, affinity=1.0)
        try:
            await self._publish(f"{served.service}|{request.client_id}|CLAIM", claim)
            async with asyncio.timeout(CLAIM_SECONDS):
                chosen = await claims.get()
        except TimeoutError:
            return False
        finally:
            del self._waiting[request.request_id]
        return bool(chosen.server_id == self.node_id)

    def _start(self, answering: Any) -> None:
        task = asyncio.get_running_loop().create_task(answering)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _channel(service: str, method: str, topic: str) -> str:
    return "|".join(part for part in (service, method, topic) if part)
