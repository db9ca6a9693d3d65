"""Ask LiveKit to send the agent ahead of the caller, which takes dispatch out of a call's first second.

Bounded and harmless when it fails. Whatever happened to a request that got no clear answer, the caller is then given
another fresh room: an agent may wait alone in the first one, but two agents never meet in one call.
"""

from __future__ import annotations

import http.client
import json
import select
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from urllib.parse import urlsplit

from join_token.grants import JoinGrant, fresh_room_name
from join_token.mint import mint_dispatch_token
from join_token.settings import TokenSettings

BUDGET_SECONDS = 0.3
_PATH = "/twirp/livekit.AgentDispatchService/CreateDispatch"
_AT_ONCE_MAX = 8
_REPLY_BYTES_MAX = 65_536


class Predispatch:
    """Keeps a few connections to LiveKit's HTTP API open: a TLS handshake alone could eat the budget."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        parts = urlsplit(settings.livekit_url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._tls = ssl.create_default_context() if parts.scheme in ("wss", "https") else None
        self._path = parts.path.rstrip("/") + _PATH
        self._idle: list[http.client.HTTPConnection] = []
        self._slots = threading.BoundedSemaphore(_AT_ONCE_MAX)
        self._threads = ThreadPoolExecutor(_AT_ONCE_MAX, thread_name_prefix="predispatch")

    def send_agent_ahead(self, grant: JoinGrant) -> tuple[JoinGrant, str]:
        """Dispatch the agent into the grant's room.

        Returns the grant to mint and a word for the log. The token names the agent in either case: LiveKit reads that
        only when the join creates the room, so it is what helps a caller who comes after the waiting agent has left.
        """
        if not self._slots.acquire(blocking=False):
            return grant, "busy"  # never asked, so the room is still unused
        future = self._threads.submit(self._ask, grant)
        future.add_done_callback(lambda _: self._slots.release())
        try:
            status = future.result(timeout=BUDGET_SECONDS)
        except FutureTimeoutError:
            return replace(grant, room_name=fresh_room_name()), "too_slow"
        except (OSError, http.client.HTTPException) as error:
            return replace(grant, room_name=fresh_room_name()), f"failed_{type(error).__name__}"
        if status != 200:
            return replace(grant, room_name=fresh_room_name()), f"refused_{status}"
        return grant, "sent"

    def _ask(self, grant: JoinGrant) -> int:
        now_seconds = time.time()
        token = mint_dispatch_token(grant.room_name, self._settings, now_seconds=now_seconds)
        metadata = grant.dispatch_metadata(now_seconds, ahead=True)
        body = json.dumps({"room": grant.room_name, "agent_name": grant.agent_name, "metadata": metadata})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            response.read(_REPLY_BYTES_MAX)
        except BaseException:
            connection.close()  # not tried again: the first request may have arrived, and two dispatches are two agents
            raise
        if response.isclosed() and not response.will_close and len(self._idle) < _AT_ONCE_MAX:
            self._idle.append(connection)
        else:
            connection.close()
        return response.status

    def _connection(self) -> http.client.HTTPConnection:
        while self._idle:
            connection = self._idle.pop()
            # Readable while idle means that the server has hung up: asking there would waste this caller's chance.
            if connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        return self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=BUDGET_SECONDS)
        return http.client.HTTPSConnection(self._host, self._port, timeout=BUDGET_SECONDS, context=self._tls)
