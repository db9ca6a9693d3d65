"""What the token tests share: endpoints built from an environment, real issuers and servers on loopback, and a watch
over every test's output for secrets that do not belong there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.services.http_on_loopback import running_http
from sandbox.services.issuer import Issuer
from tests.livekit_server import LiveKitServer
from tests.token.environment import ANONYMOUS, BASE_ENV, LIVEKIT_SECRET, leak_in

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "functions" / "token" / "main.py"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """Fail every test of this room whose captured output holds a secret or a token."""
    report = (yield).get_result()
    if call.when == "teardown" and Path(item.path).parent == Path(__file__).parent:
        leak = leak_in("\n".join(text for _, text in report.sections))
        if leak:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: its output contains {leak}. Keep it out of logs and errors."


@pytest.fixture
def build(monkeypatch, tmp_path):
    """Return a function that builds the endpoint as functions-framework does, in an environment of its own."""
    from functions_framework import create_app

    def build_client(env=ANONYMOUS, **more):
        for name in list(os.environ):
            if name.startswith(("TOKEN_", "LIVEKIT_", "K_", "VAANI_", "AGENT_NAME", "GOOGLE_", "OTEL_")):
                monkeypatch.delenv(name)
        for name, value in {**BASE_ENV, **env, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return create_app("token", str(MAIN)).test_client()

    return build_client


@pytest.fixture
def client(build):
    """An endpoint for development: no authentication."""
    return build()


@pytest.fixture(scope="session")
def signing_keys():
    """Two RSA keys, a small one and an EC key: made once, because making them takes its time."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    return {
        "rsa": rsa.generate_private_key(65537, 2048),
        "rsa_next": rsa.generate_private_key(65537, 2048),
        "rsa_small": rsa.generate_private_key(65537, 1024),
        "ec": ec.generate_private_key(ec.SECP256R1()),
    }


@pytest.fixture
def issuer(signing_keys):
    """An identity provider on loopback whose keys, outages and redirects a test controls."""
    stand_in = Issuer(signing_keys)
    with running_http(stand_in.handle) as url:
        stand_in.url = url
        yield stand_in


@pytest.fixture(scope="session")
def livekit_server(tmp_path_factory):
    """A real livekit-server on loopback."""
    server = LiveKitServer(tmp_path_factory.mktemp("livekit"), "devkey", LIVEKIT_SECRET)
    server.start()
    yield server
    server.stop()
    assert LIVEKIT_SECRET not in server.log()
