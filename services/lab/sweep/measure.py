"""Sends the bursts of a sweep to one gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from inflight.send.outcome import OK
from inflight.send.record import Record
from inflight.send.sender import TASK, Target
from inflight.terminal.errors import CommandError
from inflight.terminal.urls import without_userinfo
from services.lab.bursts import failures, makespan, send_burst, silent
from services.lab.sweep.model import Setup, waves
from services.lab.sweep.point import Point, Series, Try

RESPONSE_WITHIN = 60.0
"""Seconds beyond the longest time that is predicted of a request."""


@dataclass(frozen=True)
class Gateway:
    """The processes of one mode. Without their `admin_urls`, their processor time is not known."""

    mode: str
    urls: Sequence[str]
    admin_urls: Sequence[str] = ()


async def measure(
    gateway: Gateway, setup: Setup, sizes: Sequence[int], repeat: int, on_request: Callable[[], None]
) -> Series:
    """Return a point for each size. Raises CommandError where the gateway does not respond."""
    sender = _Sender(gateway, setup, on_request)
    await sender.warm_up(max(sizes))
    before = await _cpu(gateway)
    points = [Point(tasks, [await sender.attempt(tasks) for _ in range(repeat)]) for tasks in sizes]
    after = await _cpu(gateway)
    cpu = None if before is None or after is None else (after - before) / sender.sent
    return Series(gateway.mode, points, cpu)


def requests_of(sizes: Sequence[int], repeat: int) -> int:
    """Return how many requests one gateway gets."""
    return max(sizes) + repeat * sum(2 * tasks + 1 for tasks in sizes)


def seconds_of(modes: Sequence[str], setup: Setup, sizes: Sequence[int], repeat: int) -> float:
    """Return how many seconds a sweep takes at least."""
    delays = sum(1 + waves(mode, tasks, setup) for mode in modes for tasks in sizes)
    return repeat * delays * setup.delay


class _Sender:
    def __init__(self, gateway: Gateway, setup: Setup, on_request: Callable[[], None]) -> None:
        self.gateway = gateway
        self.setup = setup
        self.on_request = on_request
        self.sent = 0

    async def warm_up(self, tasks: int) -> None:
        """Have the gateway open its connections, which no measurement is to pay for."""
        records = await send_burst(self._targets(0), tasks, RESPONSE_WITHIN, lambda _record: self.on_request())
        if all(record.outcome != OK for record in records):
            shown = ", ".join(map(without_userinfo, self.gateway.urls))
            raise CommandError(
                f"{shown} does not respond as a gateway: {failures(records)}"
                f"{': ' + records[0].error if records[0].error else ''}"
            )

    async def attempt(self, tasks: int) -> Try:
        """Send the burst without a delay, one task alone, and the burst."""
        own = makespan(await self._burst(tasks, 0))
        alone = makespan(await self._burst(1, self.setup.delay)) - self.setup.delay
        return Try(own, max(0.0, alone), await self._burst(tasks, self.setup.delay))

    async def _burst(self, tasks: int, delay: float) -> list[Record]:
        longest = waves(self.gateway.mode, tasks, self.setup) * delay + RESPONSE_WITHIN
        records = await send_burst(self._targets(delay), tasks, longest, lambda _record: self.on_request())
        self.sent += tasks
        return records

    def _targets(self, delay: float) -> list[Target]:
        return [Target(self.gateway.mode, f"{url.rstrip('/')}/{TASK}?delay={delay:g}") for url in self.gateway.urls]


async def _cpu(gateway: Gateway) -> float | None:
    """Return the processor time that the gateway's processes have used, in seconds; None where nobody says."""
    seconds = [await _cpu_of(url) for url in gateway.admin_urls]
    known = [each for each in seconds if each is not None]
    return sum(known) if known and known == seconds else None


async def _cpu_of(admin_url: str) -> float | None:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{admin_url}/metrics") as response:
            families = text_string_to_metric_families(await response.text())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise silent(admin_url, "a gateway's admin port", error) from error
    samples = (sample for family in families for sample in family.samples)
    return next((each.value for each in samples if each.name == "process_cpu_seconds_total"), None)
