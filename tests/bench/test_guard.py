"""The guard against a costly change: what a request costs the async-gateway, beside itself bare and beside a peer.

Processor time of the gateway's own process is compared, not the time on the clock, and in turns, so that a busy machine
slows all alike; ratios only. bench/README.md has the figures that the limits were chosen by.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.client import END, OK, Client, run
from bench.contenders import QUIET, Rig, check_answer
from bench.program import Program
from services.lab.process import LOOPBACK

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="another process's clock can be read on Linux only"),
]

REQUESTS, CONNECTIONS, ROUNDS, WARM_UP = 400, 32, 16, 300
TELEMETRY_AT_MOST = 1.9
"""Times the same gateway with its telemetry out. Seen on a busy machine: 1.2 to 1.6; with a cost twice as high: 2.7."""
PEER_AT_MOST = 2.1
"""Times aiohttp.web with aiohttp and no telemetry. Seen: 1.2 to 1.5; with a cost twice as high: 2.3."""
ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"message":"success"}'


class Upstream(asyncio.Protocol):
    """Answers each request at once, from memory, in the process of the load itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer; a client here has one request at a time on a connection."""
        assert data.endswith(END)
        self.transport.write(ANSWER)


def test_a_request_costs_no_more_than_it_should(tmp_path: Path) -> None:
    """Not much more than the same gateway's without telemetry, nor than that of a peer that has none."""
    costs = run(_measured(tmp_path))
    assert costs["gateway"] / costs["bare"] <= TELEMETRY_AT_MOST, costs
    assert costs["gateway"] / costs["aiohttp"] <= PEER_AT_MOST, costs


async def _measured(folder: Path) -> dict[str, float]:
    """Return each program's processor seconds for a round's requests: its cheapest round, as all that disturbs adds."""
    server = await asyncio.get_running_loop().create_server(Upstream, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    with ExitStack() as stack:
        programs = dict(_programs(Rig(folder, descriptors=1024), f"http://{LOOPBACK}:{port}"))
        for program in programs.values():
            stack.enter_context(program)
        for program in programs.values():
            await asyncio.to_thread(program.ready)
            await asyncio.to_thread(check_answer, program, passes_through=False)
            await _cost(program, WARM_UP)
        costs: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, program in programs.items():
                costs[name].append(await _cost(program, REQUESTS))
    server.close()
    return {name: min(rounds) for name, rounds in costs.items()}


def _programs(rig: Rig, upstream: str) -> Iterator[tuple[str, Program]]:
    yield "gateway", rig.gateway("gateway", upstream, QUIET)
    yield "bare", rig.gateway("bare", upstream, QUIET, bare=True)
    yield "aiohttp", rig.peer("aiohttp", upstream)


async def _cost(program: Program, requests: int) -> float:
    client = Client(program.port)
    before = program.cpu_seconds()
    assert await client.keep_busy(requests, CONNECTIONS) == {OK: requests}
    cost = program.cpu_seconds() - before
    client.close()
    return cost
