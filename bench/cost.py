"""Cost of a request by how many are in flight (point 4): processor time, at one rate, with 100 and with 4,000 waiting.

The rate is the same, the backend's delay is not: what is in flight is the rate times the delay (Little's law). So
neither connecting nor the load differs, and what is left is what the number in flight costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from bench import admin
from bench.client import OK, Client, run
from bench.contenders import Rig
from bench.program import Program
from inflight.terminal.errors import CommandError

RATE = 1000.0
FEW, MANY = 100, 4000
WINDOW = 4.0
"""Seconds of measurement in each round."""
SETTLING = 1.0
"""Seconds, beyond the backend's delay, that the flow gets to become even and to open its connections."""

Say = Callable[[str], None]


def steps(rounds: int) -> int:
    """Return how many times `measure` will say something."""
    return 2 * rounds


def measure(rig: Rig, rounds: int, say: Say) -> dict[str, Any]:
    """Return the seconds of processor time that a request costs the gateway, round by round, with few and with many."""
    with ExitStack() as stack:
        gateways = {}
        for count in (FEW, MANY):
            backend = stack.enter_context(rig.backend(f"backend-{count}", count / RATE))
            gateways[count] = stack.enter_context(rig.gateway(f"gateway-{count}", backend.url))
            backend.ready()
            gateways[count].ready()
        found: dict[str, Any] = {"rate": RATE, "cpu": {}, "in_flight": {}}
        for _ in range(rounds):
            for count, gateway in gateways.items():
                say(f"processor time a request with {count} in flight")
                cpu, in_flight = run(_round(gateway, count))
                found["cpu"].setdefault(str(count), []).append(cpu)
                found["in_flight"].setdefault(str(count), []).append(in_flight)
        return found


async def _round(gateway: Program, count: int) -> tuple[float, float]:
    """Return the processor time a request and how many were in flight at the end of the window."""
    client = Client(gateway.port)
    settling = count / RATE + SETTLING
    flow = asyncio.create_task(client.steady(RATE, settling + WINDOW + SETTLING))
    await asyncio.sleep(settling)
    cpu, completed, _ = await asyncio.to_thread(_reading, gateway)
    started = perf_counter()
    await asyncio.sleep(WINDOW)
    later_cpu, later_completed, in_flight = await asyncio.to_thread(_reading, gateway)
    elapsed = perf_counter() - started
    outcomes = await flow
    client.close()
    if set(outcomes) != {OK}:
        raise CommandError(f"{gateway.name}: {outcomes} at {RATE:g} requests a second")
    if later_completed - completed < 0.9 * RATE * elapsed:
        raise CommandError(f"this machine does not carry {RATE:g} requests a second with {count} in flight")
    return (later_cpu - cpu) / (later_completed - completed), in_flight


def _reading(gateway: Program) -> tuple[float, float, float]:
    values = admin.scrape(gateway)[1]
    names = ("process_cpu_seconds_total", "http_requests_completed_total", "http_requests_in_flight")
    cpu, completed, in_flight = (values.get(name, 0.0) for name in names)
    return cpu, completed, in_flight
