"""Ports are chosen seconds before they are bound, by many processes at once: nobody is given one twice meanwhile."""

import socket
import subprocess
import sys

import pytest

from sandbox.stack import processes
from sandbox.stack.processes import free_port

ASK_FOR_TWENTY = "from sandbox.stack.processes import free_port; print(*(free_port() for _ in range(20)))"
SYSTEMS_OWN_FROM = 32_768  # Linux; elsewhere higher still


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_no_port_is_given_twice_and_none_is_one_that_connections_get(kind):
    given = [free_port(kind) for _ in range(50)]
    assert len(set(given)) == 50
    assert max(given) < SYSTEMS_OWN_FROM


def test_what_is_in_use_is_not_given(monkeypatch):
    with socket.socket() as used:
        used.bind(("127.0.0.1", port := free_port()))
        monkeypatch.setattr(processes, "PORTS", range(port - 1, port + 2))
        assert port not in {free_port() for _ in range(6)}


def test_it_is_said_when_none_is_free(monkeypatch):
    with socket.socket() as used:
        used.bind(("127.0.0.1", port := free_port()))
        monkeypatch.setattr(processes, "PORTS", range(port, port + 1))
        with pytest.raises(OSError, match="is free"):
            free_port()


def test_processes_that_start_together_choose_different_ones():
    asked = [subprocess.Popen([sys.executable, "-c", ASK_FOR_TWENTY], stdout=subprocess.PIPE) for _ in range(4)]
    given = [port for process in asked for port in process.communicate(timeout=30)[0].split()]
    assert len(given) == len(set(given)) == 80
