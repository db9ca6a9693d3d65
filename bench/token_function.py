"""Measure the token function beside a function that does nothing and beside the common alternative, in one run.

    python -m bench.token_function [--quick]

Goals compare figures of the same run, in interleaved rounds: on a shared machine only ratios mean something.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.services.http_on_loopback import running_http
from sandbox.services.issuer import Issuer
from sandbox.stack.served_function import ServedFunction

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / "functions" / "token" / "main.py"
HELLO = ROOT / "bench" / "token_hello.py"
LIVEKIT_API = ROOT / "bench" / "token_livekit_api.py"
IMPORT_RATIO_MAX = 1.35
RATE_RATIO_MIN, OIDC_RATE_RATIO_MIN = 0.6, 0.5
P99_OVER_HELLO_SECONDS_MAX = 0.005
CONNECTIONS = 4
SLOW_SENDERS, SLOW_P99_RATIO_MAX = 200, 3.0
_START = "from functions_framework import create_app; create_app('token', {source!r})"
_ENV = {
    "LIVEKIT_URL": "wss://bench.example",
    "LIVEKIT_API_KEY": "benchkey",
    "LIVEKIT_API_SECRET": "a-secret-for-measurements-of-32-bytes",
    "TOKEN_AUTH": "none",
    "TOKEN_ALLOW_ANONYMOUS": "true",
    "TOKEN_RATE_PER_ADDRESS": "1000000",
    "TOKEN_RATE_PER_CALLER": "1000000",
    "VAANI_IGNORE_ENV_FILE": "true",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to serve tokens, running, and the request that it gets."""

    name: str
    url: str
    authorization: str = ""


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return the rows token_import_cpu, token_requests_per_second, its OIDC sibling, and both of token_p99."""
    rows = [_import_cpu_row(5 if quick else 15)]
    with _contenders() as contenders:
        rounds, seconds = (3, 1.0) if quick else (5, 4.0)
        for contender in contenders:
            _load(contender, 0.5)  # the first request of a kind imports and fetches
        loads = {contender.name: [] for contender in contenders}  # type: dict[str, list[list[float]]]
        for number in range(rounds):
            # In turn forwards and backwards, so that a machine that slows down slows all of them down.
            for contender in contenders if number % 2 == 0 else reversed(contenders):
                loads[contender.name].append(_load(contender, seconds))
        ours = next(contender for contender in contenders if contender.name == "vaani")
        slow_row = _slow_connections_row(ours, rounds, seconds)
    return [*rows, *_rate_rows(loads, seconds), _p99_row(loads), slow_row]


def _import_cpu_row(runs: int) -> dict[str, Any]:
    sources = {"hello": HELLO, "vaani": OURS, "livekit_api": LIVEKIT_API}
    spent: dict[str, list[float]] = {name: [] for name in sources}
    for number in range(runs + 1):
        for name, source in sources.items():
            seconds = _cpu_seconds([sys.executable, "-c", _START.format(source=str(source))])
            if number:  # the first run writes byte code and fills the file cache
                spent[name].append(seconds)
    return {
        "name": "token_import_cpu",
        "unit": "seconds",
        "n": runs,
        "values": {name: round(statistics.median(times), 4) for name, times in spent.items()},
        "goal": {"kind": "ratio_to", "against": "hello", "value": IMPORT_RATIO_MAX},
        "met": _median_ratio(spent["vaani"], spent["hello"]) <= IMPORT_RATIO_MAX,
    }


def _rate_rows(loads: dict[str, list[list[float]]], seconds: float) -> list[dict[str, Any]]:
    rates = {name: [len(latencies) / seconds for latencies in rounds] for name, rounds in loads.items()}
    values = {name: round(statistics.median(rounds), 1) for name, rounds in rates.items()}

    def row(name: str, contender: str, least: float) -> dict[str, Any]:
        return {
            "name": name,
            "unit": "requests per second",
            "n": len(rates[contender]),
            "values": values,
            "goal": {"kind": "ratio_to", "against": "hello", "value": least, "bound": "at_least"},
            "met": _median_ratio(rates[contender], rates["hello"]) >= least,
        }

    return [
        row("token_requests_per_second", "vaani", RATE_RATIO_MIN),
        row("token_requests_per_second_oidc", "vaani_oidc", OIDC_RATE_RATIO_MIN),
    ]


def _p99_row(loads: dict[str, list[list[float]]]) -> dict[str, Any]:
    values = {name: round(statistics.median(map(_p99, rounds)), 5) for name, rounds in loads.items()}
    return {
        "name": "token_p99",
        "unit": "seconds",
        "n": sum(map(len, loads["vaani"])),
        "values": values,
        "goal": {"kind": "over_floor", "against": "hello", "value": P99_OVER_HELLO_SECONDS_MAX},
        "met": values["vaani"] <= values["hello"] + P99_OVER_HELLO_SECONDS_MAX,
    }


def _slow_connections_row(ours: Contender, rounds: int, seconds: float) -> dict[str, Any]:
    """An honest caller's p99 beside 200 senders who hold back, and without them, in turn."""
    waits: dict[str, list[list[float]]] = {"vaani": [], "idle": []}
    for _ in range(rounds):
        waits["idle"].append(_load(ours, seconds, connections=1))
        with _slow_senders(ours.url):
            waits["vaani"].append(_load(ours, seconds, connections=1))
    values = {name: round(statistics.median(map(_p99, each)), 5) for name, each in waits.items()}
    return {
        "name": "token_slow_connections_p99",
        "unit": "seconds",
        "n": sum(map(len, waits["vaani"])),
        "values": values,
        "goal": {"kind": "ratio_to", "against": "idle", "value": SLOW_P99_RATIO_MAX},
        "met": values["vaani"] <= values["idle"] * SLOW_P99_RATIO_MAX,
    }


@contextmanager
def _slow_senders(url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.slow_senders", url, str(SLOW_SENDERS)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the slow senders could not connect")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _median_ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def _p99(latencies: list[float]) -> float:
    return sorted(latencies)[int(len(latencies) * 0.99)]


def _cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, **_ENV}
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def _contenders() -> Iterator[list[Contender]]:
    with ExitStack() as stack:
        issuer = Issuer({"rsa": rsa.generate_private_key(65537, 2048)})
        issuer.url = stack.enter_context(running_http(issuer.handle))

        def served(source: Path, env: dict[str, str]) -> str:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            function = ServedFunction(folder, source, env)
            stack.callback(function.stop)
            return str(function.url)

        bearer = f"Bearer {issuer.token(exp=int(time.time()) + 3600)}"
        yield [
            Contender("hello", served(HELLO, _ENV)),
            Contender("vaani", served(OURS, _ENV)),
            Contender("vaani_oidc", served(OURS, {**_ENV, **issuer.env()}), bearer),
            Contender("livekit_api", served(LIVEKIT_API, _ENV)),
        ]


def _load(contender: Contender, seconds: float, connections: int = CONNECTIONS) -> list[float]:
    """Ask over a few connections at once until the time is over; the latency of every answer."""
    body = b'{"room_config":{"agents":[{"agent_name":"vaani"}]}}'
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if contender.authorization:
        head += f"Authorization: {contender.authorization}\r\n"
    request = head.encode() + b"\r\n" + body
    latencies: list[list[float]] = [[] for _ in range(connections)]
    deadline = time.perf_counter() + seconds
    threads = [threading.Thread(target=_ask, args=(contender.url, request, deadline, mine)) for mine in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [latency for mine in latencies for latency in mine]


def _ask(url: str, request: bytes, deadline: float, latencies: list[float]) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=10) as connection:
        while (started := time.perf_counter()) < deadline:
            connection.sendall(request)
            reply = _reply(connection)
            if not reply.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                raise RuntimeError(f"unexpected answer: {reply[:200]!r}")
            latencies.append(time.perf_counter() - started)


def _reply(connection: socket.socket) -> bytes:
    reply = connection.recv(65_536)
    while b"\r\n\r\n" not in reply:
        reply += connection.recv(65_536)
    head, _, body = reply.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head


def main() -> int:
    """Print the rows; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    rows = measure(parser.parse_args().quick)
    print(json.dumps(rows, indent=2))
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
