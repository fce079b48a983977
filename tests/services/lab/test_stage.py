"""The lab's services on one machine: their ports, their settings, and their common end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK, Service
from services.lab.stage import backend_service, check_free, free_ports, gateway_service, known_ports, running
from services.serving.settings import GATEWAY_PORTS


class Fake(Service):
    """A service that only notes what is asked of it."""

    def __init__(self, name: str, notes: list[str], *, fails: bool = False) -> None:
        super().__init__(name, "nothing", (1, 2), {}, lambda _name, _line: None)
        self.notes = notes
        self.fails = fails

    def start(self) -> None:
        self.notes.append(f"start {self.name}")

    async def ready(self) -> None:
        if self.fails:
            raise CommandError(f"{self.name} did not start")

    def stop(self) -> None:
        self.notes.append(f"stop {self.name}")

    def wait(self, within: float = 0.0) -> None:
        self.notes.append(f"wait {self.name}")


ALL = ["start a", "start b", "stop a", "stop b", "wait a", "wait b"]


def test_the_known_ports_are_the_documents() -> None:
    """Backend 8000, gateways 8001 to 8003, each admin port 1000 above."""
    assert known_ports(GATEWAY_PORTS) == [(8000, 9000), (8001, 9001), (8002, 9002), (8003, 9003)]


def test_free_ports_are_free_and_different() -> None:
    """All of them can be listened on."""
    pairs = free_ports(5)
    ports = [port for pair in pairs for port in pair]
    assert len(set(ports)) == 10
    check_free(pairs)


def test_every_port_that_is_taken_is_named() -> None:
    """In one line, whoever listens on loopback or on all addresses; the free ones are not named."""
    with socket.create_server((LOOPBACK, 0)) as one, socket.create_server(("", 0)) as other:
        taken = [one.getsockname()[1], other.getsockname()[1]]
        free = free_ports(1)[0]
        with pytest.raises(CommandError) as caught:
            check_free([(taken[0], free[0]), (free[1], taken[1])])
    assert str(caught.value).startswith(f"in use: port {taken[0]}, {taken[1]}; ")


def test_services_are_told_what_they_are() -> None:
    """The backend its delay, a gateway its mode and where the backend is."""
    backend = backend_service((1, 2), 0.25, lambda _name, _line: None)
    gateway = gateway_service("sync", (3, 4), backend.url, lambda _name, _line: None)
    assert (backend.name, backend._settings) == ("backend", {"DELAY": "0.25"})
    assert (gateway.name, gateway._settings) == (
        "sync-gateway",
        {"GATEWAY_MODE": "sync", "BACKEND_URL": "http://127.0.0.1:1"},
    )


def test_all_start_and_all_stop() -> None:
    """All are asked to stop before one is waited for."""
    notes: list[str] = []

    async def use() -> None:
        async with running([Fake("a", notes), Fake("b", notes)]):
            notes.append("used")

    asyncio.run(use())
    assert notes == [*ALL[:2], "used", *ALL[2:]]


def test_one_that_does_not_come_up_takes_the_others_with_it() -> None:
    """The error passes, and nothing is left."""
    notes: list[str] = []

    async def use() -> None:
        async with running([Fake("a", notes), Fake("b", notes, fails=True)]):
            notes.append("used")

    with pytest.raises(CommandError, match="b did not start"):
        asyncio.run(use())
    assert notes == ALL


def test_an_error_inside_stops_all() -> None:
    """However the block is left."""
    notes: list[str] = []

    async def use() -> None:
        async with running([Fake("a", notes), Fake("b", notes)]):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(use())
    assert notes == ALL
