"""The lab's services on one machine: a backend, and the gateways in front of it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import filterfalse, islice
from random import SystemRandom
from time import monotonic

from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK, STOPPED_WITHIN, Service
from services.serving.settings import GATEWAY_PORTS

BACKEND_PORT = 8000
ADMIN_OFFSET = 1000
NEVER_GIVEN = range(20_000, 30_000)
"""Ports that the system gives to no client: Linux' begin at 32768 (`ip_local_port_range`), IANA's at 49152."""
SPARE = 200
"""More of them than are ever taken by others."""
OnLine = Callable[[str, str], None]


def known_ports(modes: Iterable[str]) -> list[tuple[int, int]]:
    """Return the ports that the documents name: the backend's first, then one pair for each mode."""
    ports = [BACKEND_PORT, *(GATEWAY_PORTS[mode] for mode in modes)]
    return [(port, port + ADMIN_OFFSET) for port in ports]


def free_ports(pairs: int) -> list[tuple[int, int]]:
    """Return pairs of ports that nobody listens on now, nor is given by the system: those would soon be a client's."""
    candidates = SystemRandom().sample(NEVER_GIVEN, 2 * pairs + SPARE)
    ports = list(islice(filterfalse(taken, candidates), 2 * pairs))
    return list(zip(ports[::2], ports[1::2], strict=True))


def backend_service(ports: tuple[int, int], delay: float, on_line: OnLine, **others: str) -> Service:
    """Return the backend, not yet started; `others` are more of its settings."""
    return Service("backend", "services.backend", ports, {"DELAY": f"{delay:g}", **others}, on_line)


def gateway_service(mode: str, ports: tuple[int, int], backend_url: str, on_line: OnLine, **others: str) -> Service:
    """Return the gateway of one mode, not yet started; `others` are more of its settings."""
    settings = {"GATEWAY_MODE": mode, "BACKEND_URL": backend_url, **others}
    return Service(f"{mode}-gateway", "services.gateway", ports, settings, on_line)


def gateway_processes(
    modes: Sequence[str], ports: Sequence[tuple[int, int]], backend_url: str, on_line: OnLine, **others: str
) -> dict[str, list[Service]]:
    """Return the gateways of these modes, not yet started: as many processes of each as the ports are enough for."""
    each = len(ports) // len(modes)
    return {
        mode: [
            gateway_service(mode, pair, backend_url, on_line, **others)
            for pair in ports[each * place : each * (place + 1)]
        ]
        for place, mode in enumerate(modes)
    }


def check_free(ports: Iterable[tuple[int, int]]) -> None:
    """Raise CommandError when a port is taken, and name all that are: better before four programs start than after."""
    in_use = [str(port) for pair in ports for port in pair if taken(port)]
    if in_use:
        raise CommandError(f"in use: port {', '.join(in_use)}; stop what listens there (it may be another `lab up`)")


@asynccontextmanager
async def running(services: list[Service]) -> AsyncIterator[None]:
    """Start the services, wait until all are ready, and stop them all when the block is left, however it is left.

    Raises CommandError when one does not come up.
    """
    try:
        for service in services:
            service.start()
        await asyncio.gather(*(service.ready() for service in services))
        yield
    finally:
        # Plain calls, no await: a second Ctrl-C cannot come between a process and its end.
        for service in services:
            service.stop()
        deadline = monotonic() + STOPPED_WITHIN
        for service in services:
            service.wait(max(0.0, deadline - monotonic()))


def taken(port: int) -> bool:
    """Return whether somebody listens on the port of loopback, or it cannot be listened on."""
    with socket.socket() as sock:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
