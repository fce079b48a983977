"""Programs that cannot start: a line for each reason, no traceback, nothing left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from services.lab.process import LOOPBACK
from tests.ports import free_ports

pytestmark = pytest.mark.long

LIMIT = 60


def started(program: str, **settings: str) -> tuple[int, str]:
    """Return the exit code of a program that ends by itself, and all that it said."""
    environment = {key.upper(): value for key, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", program],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("program", ["services.gateway", "services.sender"])
def test_bad_settings_are_a_line_each(program: str) -> None:
    """All of them at once, each with key, value and what would be right."""
    code, said = started(program, admin_port="high", log_level="loud", log_format="")
    assert code == 2
    assert sorted(said.splitlines()) == [
        "ADMIN_PORT='high': should be a valid integer, unable to parse string as an integer",
        "LOG_LEVEL='loud': should be 'debug', 'info', 'warning' or 'error'",
    ]


@pytest.mark.parametrize(("program", "setting"), [("services.gateway", "PORT"), ("services.sender", "ADMIN_PORT")])
def test_a_port_that_is_taken_is_named(program: str, setting: str) -> None:
    """Which one, and which setting picks another."""
    ((port, admin_port),) = free_ports(1)
    ports = {"PORT": port, "ADMIN_PORT": admin_port}
    with socket.create_server((LOOPBACK, ports[setting])):
        code, said = started(program, port=str(port), admin_port=str(admin_port))
    where = f"{LOOPBACK}:{ports[setting]}"
    assert (code, said) == (2, f"cannot listen on {where}: the port is in use; set {setting} to another\n")


def test_a_host_that_is_not_here_is_named() -> None:
    """An address of another machine (RFC 5737)."""
    host = "192.0.2.1"
    code, said = started("services.backend", host=host, port="0", admin_port="0")
    assert code == 2
    assert said.startswith(f"cannot listen on {host}:0: ")
    assert said.count("\n") == 1


def test_a_host_that_there_cannot_be_is_named() -> None:
    """Python refuses it before the system is asked."""
    code, said = started("services.backend", host="a..b", port="0", admin_port="0")
    assert (code, said) == (2, "cannot listen on a..b:0: that is no host's name; set the host to another\n")
