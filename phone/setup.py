"""Makes LiveKit's trunks and dispatch rules what the telephone's file says: as often as one likes.

One trunk and one rule for every number that rings, because a language belongs to a number, and a rule to a trunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from google.protobuf.duration_pb2 import Duration
from livekit import api

from phone.config import Inbound, InboundNumber, Outbound, PhoneConfig, Purpose
from phone.errors import LiveKitRefused
from worker.text.phone_numbers import every_form

ROOM_PREFIX = "call"
TRANSPORTS = {
    "udp": api.SIPTransport.SIP_TRANSPORT_UDP,
    "tcp": api.SIPTransport.SIP_TRANSPORT_TCP,
    "tls": api.SIPTransport.SIP_TRANSPORT_TLS,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was made, changed, or left as it was."""

    what: str
    how: str
    """created, updated, unchanged."""
    id: str


async def set_up(livekit: api.LiveKitAPI, config: PhoneConfig) -> list[Change]:
    """Create what is missing and update what differs; nothing else of the project is touched.

    Raises:
        LiveKitRefused: It has no SIP service, or refuses the key.
    """
    try:
        return [change async for change in _changes(livekit, config)]
    except (api.TwirpError, aiohttp.ClientError, TimeoutError, OSError) as error:
        why = error.message if isinstance(error, api.TwirpError) else type(error).__name__
        raise LiveKitRefused(
            "LiveKit's SIP service does not do it", why=why,
            do="Check LIVEKIT_URL and its key; a server of your own needs Redis and livekit-sip (docs/telephone.md)",
        ) from None  # fmt: skip


async def _changes(livekit: api.LiveKitAPI, config: PhoneConfig) -> Any:
    if config.inbound is not None:
        trunks = {each.name: each for each in (await livekit.sip.list_inbound_trunk(_all_inbound())).items}
        rules = {each.name: each for each in (await livekit.sip.list_dispatch_rule(_all_rules())).items}
        for number in config.inbound.numbers:
            trunk = _inbound_trunk(config.inbound, number)
            made = await _put_inbound(livekit, trunk, trunks.get(trunk.name))
            yield made
            rule = _rule(config, config.inbound, number, made.id)
            yield await _put_rule(livekit, rule, rules.get(rule.name))
    if config.outbound is not None:
        known = {each.name: each for each in (await livekit.sip.list_outbound_trunk(_all_outbound())).items}
        trunk_out = _outbound_trunk(config.outbound, config.purposes.values())
        yield await _put_outbound(livekit, trunk_out, known.get(trunk_out.name))


def _inbound_trunk(inbound: Inbound, number: InboundNumber) -> api.SIPInboundTrunkInfo:
    # A called number that matches no form is rung for ever, and nobody is told: so all of them are listed. One that
    # matches, but to whom no agent comes, is rung for three minutes, unless the trunk says otherwise.
    return api.SIPInboundTrunkInfo(
        name=_name(inbound, number), numbers=[*every_form(number.number), *number.forms],
        ringing_timeout=Duration(seconds=inbound.ringing_seconds), allowed_addresses=inbound.allowed_addresses,
        auth_username=inbound.auth_username, auth_password=inbound.auth_password,
    )  # fmt: skip


def _rule(config: PhoneConfig, inbound: Inbound, number: InboundNumber, trunk_id: str) -> api.SIPDispatchRuleInfo:
    # Named after the number that was called, not the caller's: room names are in logs, metrics and dashboards.
    callee = api.SIPDispatchRuleCallee(room_prefix=ROOM_PREFIX, randomize=True)
    return api.SIPDispatchRuleInfo(
        name=_name(inbound, number), trunk_ids=[trunk_id], rule=api.SIPDispatchRule(dispatch_rule_callee=callee),
        attributes={"language": number.language} if number.language else {},
        hide_phone_number=inbound.hide_phone_number,
        room_config=api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=config.agent_name)]),
    )  # fmt: skip


def _outbound_trunk(outbound: Outbound, purposes: Any) -> api.SIPOutboundTrunkInfo:
    shown: Iterator[str] = (purpose.caller_id for purpose in purposes if isinstance(purpose, Purpose))
    return api.SIPOutboundTrunkInfo(
        name=outbound.name, address=outbound.address, transport=TRANSPORTS[outbound.transport],
        numbers=list(dict.fromkeys(shown)), auth_username=outbound.auth_username, auth_password=outbound.auth_password,
    )  # fmt: skip


async def _put_inbound(
    livekit: api.LiveKitAPI, wanted: api.SIPInboundTrunkInfo, known: api.SIPInboundTrunkInfo | None
) -> Change:
    what = f"inbound trunk {wanted.name}"
    if known is None:
        made = await livekit.sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=wanted))
        return Change(what, "created", made.sip_trunk_id)
    if _same(wanted, known, ("numbers", "ringing_timeout", "allowed_addresses", "auth_username", "auth_password")):
        return Change(what, "unchanged", known.sip_trunk_id)
    await livekit.sip.update_inbound_trunk(known.sip_trunk_id, wanted)
    return Change(what, "updated", known.sip_trunk_id)


async def _put_outbound(
    livekit: api.LiveKitAPI, wanted: api.SIPOutboundTrunkInfo, known: api.SIPOutboundTrunkInfo | None
) -> Change:
    what = f"outbound trunk {wanted.name}"
    if known is None:
        made = await livekit.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=wanted))
        return Change(what, "created", made.sip_trunk_id)
    if _same(wanted, known, ("address", "transport", "numbers", "auth_username", "auth_password")):
        return Change(what, "unchanged", known.sip_trunk_id)
    await livekit.sip.update_outbound_trunk(known.sip_trunk_id, wanted)
    return Change(what, "updated", known.sip_trunk_id)


async def _put_rule(
    livekit: api.LiveKitAPI, wanted: api.SIPDispatchRuleInfo, known: api.SIPDispatchRuleInfo | None
) -> Change:
    what = f"dispatch rule {wanted.name}"
    if known is None:
        made = await livekit.sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=wanted))
        return Change(what, "created", made.sip_dispatch_rule_id)
    if _same(wanted, known, ("trunk_ids", "rule", "attributes", "hide_phone_number", "room_config")):
        return Change(what, "unchanged", known.sip_dispatch_rule_id)
    await livekit.sip.update_dispatch_rule(known.sip_dispatch_rule_id, wanted)
    return Change(what, "updated", known.sip_dispatch_rule_id)


def _same(wanted: Any, known: Any, names: tuple[str, ...]) -> bool:
    return all(getattr(wanted, name) == getattr(known, name) for name in names)


def _name(inbound: Inbound, number: InboundNumber) -> str:
    return f"{inbound.name} {number.number}"


def _all_inbound() -> api.ListSIPInboundTrunkRequest:
    return api.ListSIPInboundTrunkRequest()


def _all_outbound() -> api.ListSIPOutboundTrunkRequest:
    return api.ListSIPOutboundTrunkRequest()


def _all_rules() -> api.ListSIPDispatchRuleRequest:
    return api.ListSIPDispatchRuleRequest()
