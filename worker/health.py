"""Serves the health endpoint: the framework's own answers 200 while the worker is not registered and gets no calls."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from livekit.agents import AgentServer

from worker.admission import Admission
from worker.livekit_internals import inference_died, is_out_of_reach
from worker.load.worker_load import WorkerLoad

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class HealthServer:
    """Answers `GET /`: 200 while LiveKit offers this worker calls, else 503 with why; `GET /live`: 200 while alive.

    And `GET /metrics`, for Prometheus, where OTEL_METRICS_EXPORTER asks for it.
    """

    def __init__(
        self, server: AgentServer, admission: Admission, load: WorkerLoad, host: str, port: int,
        why_not: Callable[[], str | None] = lambda: None, metrics: Callable[[], str] | None = None,
        agent_name: str = "",
    ) -> None:  # fmt: skip
        self._server = server
        self._admission = admission
        self._load = load
        self._host = host
        self._port = port
        self._why_not = why_not
        self._agent_name = agent_name
        self._was_registered = False
        app = web.Application()
        app.add_routes([web.get("/", self._ready), web.get("/live", self._live)])
        if metrics is not None:
            app.add_routes([web.get("/metrics", self._metrics)])
        self._metrics_text = metrics
        self._runner = web.AppRunner(app, access_log=None)
        server.on("worker_registered", self._registered)

    async def start(self) -> None:
        """Start listening.

        Raises:
            OSError: The port is taken.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def aclose(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    def status(self) -> str:
        """Return `ok`, `connecting` (to LiveKit, for the first time or again), `draining`, or `inference_dead`."""
        server = self._server
        if inference_died(server):
            return "inference_dead"
        if not self._was_registered or is_out_of_reach(server):
            return "connecting"
        return "draining" if server.draining else "ok"

    def takes_calls(self) -> bool:
        """Return whether LiveKit offers calls to it and it is not too late for one more."""
        return self.status() == "ok" and not self._load.is_full()

    def _registered(self, *_: object) -> None:
        self._was_registered = True

    async def _ready(self, _: web.Request) -> web.Response:
        status = self.status()
        registered = status in ("ok", "draining")
        content = {
            "status": status,
            "registered": registered,
            "calls": self._admission.calls() if self._was_registered else 0,
            "most_calls": self._admission.most,
            "takes_calls": self.takes_calls(),
            "loop_lag_p99_ms": round(self._load.lag_seconds(0.99) * 1000),
            "cpu_share": round(self._load.reading.cpu_share, 2),
        }
        if self._agent_name:
            content["agent_name"] = self._agent_name  # whoever asks why no call comes sees the name it listens to
        if not registered and (why := self._why_not()):
            content["why"] = why
        return web.json_response(content, status=200 if registered else 503)

    async def _live(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _metrics(self, _: web.Request) -> web.Response:
        assert self._metrics_text is not None
        return web.Response(body=self._metrics_text().encode(), headers={"Content-Type": OPENMETRICS})
