"""LiveKit's API as far as the telephone's commands use it: it keeps trunks and rules, and phones do as a test says."""

import asyncio

from aiohttp import web
from livekit import api
from livekit.protocol.models import ParticipantInfo

SIP, ROOMS = "/twirp/livekit.SIP/", "/twirp/livekit.RoomService/"


class LiveKit:
    """One project."""

    def __init__(self):
        self.trunks_in, self.trunks_out, self.rules = {}, {}, {}
        self.rooms, self.asked, self.dialled = {}, [], []
        self.agent_comes = True
        self.agent_state = ParticipantInfo.State.ACTIVE
        self.answers = {}
        """Called number -> a twirp error `(status, code, meta)`, or the seconds of a call that is answered."""
        self.heard = {}
        """Called number -> what the agent says has picked up."""
        self.refuses = None

    def app(self):
        app = web.Application()
        app.router.add_post("/twirp/{service}/{method}", self.take)
        return app

    async def take(self, request):
        method = request.match_info["method"]
        self.asked.append(method)
        if self.refuses is not None:
            return twirp_error(*self.refuses)
        answer = getattr(self, method)(await request.read())
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, web.Response):
            return answer
        return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")

    # ---- trunks and rules

    def ListSIPInboundTrunk(self, body):
        return api.ListSIPInboundTrunkResponse(items=self.trunks_in.values())

    def ListSIPOutboundTrunk(self, body):
        return api.ListSIPOutboundTrunkResponse(items=self.trunks_out.values())

    def ListSIPDispatchRule(self, body):
        return api.ListSIPDispatchRuleResponse(items=self.rules.values())

    def CreateSIPInboundTrunk(self, body):
        return self._keep(self.trunks_in, "sip_trunk_id", api.CreateSIPInboundTrunkRequest.FromString(body).trunk)

    def CreateSIPOutboundTrunk(self, body):
        return self._keep(self.trunks_out, "sip_trunk_id", api.CreateSIPOutboundTrunkRequest.FromString(body).trunk)

    def CreateSIPDispatchRule(self, body):
        rule = api.CreateSIPDispatchRuleRequest.FromString(body).dispatch_rule
        return self._keep(self.rules, "sip_dispatch_rule_id", rule)

    def UpdateSIPInboundTrunk(self, body):
        asked = api.UpdateSIPInboundTrunkRequest.FromString(body)
        return self._replace(self.trunks_in, "sip_trunk_id", asked.sip_trunk_id, asked.replace)

    def UpdateSIPOutboundTrunk(self, body):
        asked = api.UpdateSIPOutboundTrunkRequest.FromString(body)
        return self._replace(self.trunks_out, "sip_trunk_id", asked.sip_trunk_id, asked.replace)

    def UpdateSIPDispatchRule(self, body):
        asked = api.UpdateSIPDispatchRuleRequest.FromString(body)
        return self._replace(self.rules, "sip_dispatch_rule_id", asked.sip_dispatch_rule_id, asked.replace)

    def _keep(self, kept, name, item):
        return self._replace(kept, name, f"id-{len(kept)}", item)

    def _replace(self, kept, name, its_id, item):
        setattr(item, name, its_id)
        kept[its_id] = item
        return item

    # ---- rooms and phones

    def ListRooms(self, body):
        names = api.ListRoomsRequest.FromString(body).names
        found = [name for name in self.rooms if not names or name in names]
        return api.ListRoomsResponse(
            rooms=[api.Room(name=name, num_participants=len(self.rooms[name])) for name in found]
        )

    def CreateRoom(self, body):
        asked = api.CreateRoomRequest.FromString(body)
        people = self.rooms.setdefault(asked.name, {})
        self.metadata = asked.agents[0].metadata
        if self.agent_comes:
            people["agent"] = ParticipantInfo(identity="agent", kind=ParticipantInfo.Kind.AGENT, state=self.agent_state)
        return api.Room(name=asked.name)

    def DeleteRoom(self, body):
        self.rooms.pop(api.DeleteRoomRequest.FromString(body).room, None)
        return api.DeleteRoomResponse()

    def ListParticipants(self, body):
        room = api.ListParticipantsRequest.FromString(body).room
        if room not in self.rooms:
            return twirp_error(404, "not_found", {})
        return api.ListParticipantsResponse(participants=self.rooms[room].values())

    async def CreateSIPParticipant(self, body):
        asked = api.CreateSIPParticipantRequest.FromString(body)
        self.dialled.append(asked)
        assert "agent" in self.rooms[asked.room_name], "somebody is rung into a room without an agent"
        answer = self.answers.get(asked.sip_call_to, 0.0)
        if isinstance(answer, tuple):
            return twirp_error(*answer)
        people = self.rooms[asked.room_name]
        people[asked.participant_identity] = ParticipantInfo(
            identity=asked.participant_identity, kind=ParticipantInfo.Kind.SIP
        )
        heard = self.heard.get(asked.sip_call_to)
        if heard:
            people["agent"].attributes["vaani.answered_by"] = heard

        asyncio.get_running_loop().call_later(answer, people.pop, asked.participant_identity, None)
        return api.SIPParticipantInfo(participant_identity=asked.participant_identity)


def twirp_error(status, code, meta):
    """What LiveKit answers when it refuses."""
    return web.json_response({"code": code, "msg": "refused", "meta": meta}, status=status)


def sip_error(code):
    """What LiveKit answers when the called side has answered so."""
    return (503, "unavailable", {"sip_status_code": str(code), "sip_status": "No"})
