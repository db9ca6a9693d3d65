"""As much of livekit-server as the doctor asks: its API, and the socket of workers; no media."""

from dataclasses import dataclass, field

import jwt
from aiohttp import web
from livekit.protocol import agent, models

KEY, SECRET = "doctorkey", "a-secret-of-the-tests-with-32-characters"


@dataclass
class FakeLiveKit:
    """What a test seeds: each field is a fault when it is not as it is built."""

    key: str = KEY
    secret: str = SECRET
    version: str = "1.13.5"
    records: bool = False
    lets_workers_register: bool = True
    hands_out_jobs: bool = True
    is_a_web_page: bool = False
    deleted: list = field(default_factory=list)
    workers: dict = field(default_factory=dict)

    def app(self):
        app = web.Application()
        app.add_routes([
            web.get("/", self.health),
            web.post("/twirp/livekit.{service}/{method}", self.api),
            web.get("/agent", self.agent),
        ])  # fmt: skip
        return app

    async def health(self, request):
        return web.Response(text="OK")

    async def api(self, request):
        if self.is_a_web_page:
            return web.Response(text="<html>Welcome</html>", content_type="text/html")
        if (refusal := self.refusal(request)) is not None:
            return refusal
        body = await request.json()
        if request.match_info["method"] == "CreateDispatch" and self.hands_out_jobs:
            socket = self.workers[body["agentName"]]
            job = agent.Job(id="AJ_1", room=models.Room(name=body["room"]), enable_recording=self.records)
            message = agent.ServerMessage(availability=agent.AvailabilityRequest(job=job))
            await socket.send_bytes(message.SerializeToString())
        if request.match_info["method"] == "DeleteRoom":
            self.deleted.append(body["room"])
        return web.json_response({})

    def refusal(self, request):
        """In the words of livekit-server 1.13.5, the token included: it must never be printed."""
        token = request.headers["Authorization"].removeprefix("Bearer ")
        key = jwt.decode(token, options={"verify_signature": False})["iss"]
        if key != self.key:
            return web.Response(status=401, text=f"invalid API key: {key}")
        try:
            jwt.decode(token, self.secret, algorithms=["HS256"], leeway=60)
        except jwt.InvalidSignatureError:
            why = "go-jose/go-jose: error in cryptographic primitive"
            return web.Response(status=401, text=f"invalid token: {token}, error: {why}")
        except jwt.PyJWTError as error:
            return web.Response(status=401, text=f"invalid token: {token}, error: {error}")
        return None

    async def agent(self, request):
        if not self.lets_workers_register:
            return web.Response(status=404)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        register = agent.WorkerMessage.FromString((await socket.receive()).data).register
        self.workers[register.agent_name] = socket
        info = models.ServerInfo(version=self.version, region="mumbai")
        answer = agent.RegisterWorkerResponse(worker_id="AW_1", server_info=info)
        await socket.send_bytes(agent.ServerMessage(register=answer).SerializeToString())
        async for _ in socket:
            pass  # whether it takes the job is its own affair
        return socket
