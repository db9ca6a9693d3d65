"""Stand-ins at the end of the wire: an identity provider, and whatever else must answer HTTP on loopback."""

from __future__ import annotations

import base64
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

AUDIENCE = "vaani-test"


@contextmanager
def running_http(handle):
    """Serve `handle(method, path, headers, body) -> (status, headers, body)` on a free port; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, reply = handle(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            try:
                self.wfile.write(reply)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = _answer

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Issuer:
    """Publishes keys and signs tokens. `published` maps kid to key name; `answer` overrides the whole reply."""

    def __init__(self, keys):
        self.keys = keys
        self.url = ""
        self.published = {"k1": "rsa"}
        self.answer = None
        self.fetches = 0
        self.headers = {"Content-Type": "application/json"}

    def handle(self, method, path, headers, body):
        self.fetches += 1
        if self.answer is not None:
            return self.answer
        return 200, self.headers, json.dumps({"keys": [self.jwk(kid) for kid in self.published]}).encode()

    def jwk(self, kid, **more):
        key = self.keys[self.published[kid]].public_key()
        algorithm = "ES256" if self.published[kid] == "ec" else "RS256"
        jwk = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key))
        return {**jwk, "kid": kid, "use": "sig", "alg": algorithm, **more}

    def env(self):
        return {
            "TOKEN_AUTH": "oidc",
            "TOKEN_OIDC_ISSUER": "https://issuer.example",
            "TOKEN_OIDC_AUDIENCE": AUDIENCE,
            "TOKEN_OIDC_JWKS_URL": f"{self.url}/jwks",
        }

    def claims(self, **changes):
        now = int(time.time())
        claims = {
            "iss": "https://issuer.example",
            "aud": AUDIENCE,
            "sub": "asha",
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid="k1", key="rsa", algorithm="RS256", headers=None, **changes):
        return jwt.encode(
            self.claims(**changes), self.keys[key], algorithm=algorithm, headers={"kid": kid, **(headers or {})}
        )

    def bearer(self, **options):
        return {"Authorization": f"Bearer {self.token(**options)}"}


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(reply):
    """The claims of the token in a reply, unverified: what a test looks at."""
    return jwt.decode(reply.get_json()["participant_token"], options={"verify_signature": False})
