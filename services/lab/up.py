"""`lab up`: the four services, up until Ctrl-C, on the ports that the README names."""

from __future__ import annotations

import asyncio

from rich.console import Console

from inflight.terminal.errors import CommandError
from services.lab.process import Service
from services.lab.screen import Screen
from services.lab.stage import backend_service, check_free, gateway_service, known_ports, running
from services.serving.settings import GATEWAY_PORTS

POLL = 0.2


async def up(console: Console, delay: float) -> None:
    """Start the services and serve until cancelled. Raises CommandError when a port is taken, or a service ends."""
    screen = Screen(console)
    ports = known_ports(GATEWAY_PORTS)
    check_free(ports)
    backend = backend_service(ports[0], delay, screen.print)
    gateways = [
        gateway_service(mode, pair, backend.url, screen.print)
        for mode, pair in zip(GATEWAY_PORTS, ports[1:], strict=True)
    ]
    services = [backend, *gateways]
    async with running(services):
        _print_urls(console, services)
        while not any(service.end for service in services):  # noqa: ASYNC110 - a process sends no event
            await asyncio.sleep(POLL)
        ends = ", ".join(f"{service.name} {service.end}" for service in services if service.end)
        raise CommandError(f"{ends}; the lines above may say why")


def _print_urls(console: Console, services: list[Service]) -> None:
    tasks = [f"  curl -i {service.url}/task1    # {service.name}" for service in services]
    metrics = [f"  curl {service.admin_url}/metrics  # {service.name}" for service in services]
    lines = ["Up. Try these in another terminal; Ctrl-C here stops everything.", "", *tasks, "", *metrics]
    console.print("", *lines, "", sep="\n", markup=False, soft_wrap=True)
