"""Little's law: what is in flight is what arrives, times how long it stays."""

import asyncio
from statistics import fmean

import pytest

from inflight.report.run import Sample
from inflight.send.record import Record
from inflight.send.schedule import open_loop
from inflight.send.sender import Sender, Target
from services.lab.process import Service
from services.lab.sampling import sampled
from tests.stage import Stage, settled

pytestmark = pytest.mark.alone

RATE = 31.0
"""Requests a second: no multiple of the samples', of which each would else meet the arrivals at the same moment."""
DURATION = 7.0
DELAY = 0.5


def test_littles_law_holds(stage: Stage) -> None:
    """In both modes that serve more than one at once, which are asked side by side."""
    backend = stage.backend(delay=DELAY)
    gateways = [stage.gateway(mode, backend) for mode in ("async", "threadpool")]

    async def main() -> list[tuple[list[Record], list[Sample]]]:
        return await asyncio.gather(*(load(gateway) for gateway in gateways))

    for gateway, (records, samples) in zip(gateways, asyncio.run(main()), strict=True):
        it_holds(gateway, records, samples)


async def load(gateway: Service) -> tuple[list[Record], list[Sample]]:
    """Send at a steady rate; return what became of it, and what the admin port said all the while."""
    target = Target(gateway.name, f"{gateway.url}/{{task}}")
    async with sampled(gateway.admin_url, lambda _sample: None) as samples:
        return await Sender(target, 60).send(open_loop(RATE, DURATION)), samples


def it_holds(gateway: Service, records: list[Record], samples: list[Sample]) -> None:
    """Fail unless the mean in flight equals throughput times mean duration within 5%.

    Both of the gateway's own: the sampled gauge and the exact histogram are two independent ways to the same number.
    """
    metrics = settled(gateway, "http_requests_in_flight")
    steady = [sample.in_flight for sample in samples if 2 * DELAY <= sample.at <= DURATION]
    served = metrics.value("http_request_duration_seconds_count")
    mean_duration = metrics.value("http_request_duration_seconds_sum") / served
    assert served == len(records) == RATE * DURATION
    assert len(steady) > 30
    assert fmean(steady) == pytest.approx(RATE * mean_duration, rel=0.05)
