"""Little's law: what is in flight is what arrives, times how long it stays."""

import asyncio
from statistics import fmean

import pytest

from services.lab.run import Sample
from services.lab.sampling import sampled
from services.sender.record import Record
from services.sender.schedule import open_loop
from services.sender.sender import Sender, Target
from tests.stage import Stage, settled

pytestmark = pytest.mark.alone

RATE = 40.0
DURATION = 8.0
DELAY = 0.5


@pytest.mark.parametrize("mode", ["async", "threadpool"])
def test_littles_law_holds(stage: Stage, mode: str) -> None:
    """The mean in flight, sampled from the admin port, equals throughput times mean duration within 5%.

    Both of the gateway's own: the sampled gauge and the exact histogram are two independent ways to the same number.
    """
    gateway = stage.gateway(mode, stage.backend(delay=DELAY))
    target = Target(gateway.name, f"{gateway.url}/{{task}}")

    async def main() -> tuple[list[Record], list[Sample]]:
        async with sampled(gateway.admin_url, lambda _sample: None) as samples:
            return await Sender(target, 60).send(open_loop(RATE, DURATION)), samples

    records, samples = asyncio.run(main())
    metrics = settled(gateway, "http_requests_in_flight")
    steady = [sample.in_flight for sample in samples if 2 * DELAY <= sample.at <= DURATION]
    served = metrics.value("http_request_duration_seconds_count")
    mean_duration = metrics.value("http_request_duration_seconds_sum") / served
    assert served == len(records) == RATE * DURATION
    assert len(steady) > 30
    assert fmean(steady) == pytest.approx(RATE * mean_duration, rel=0.05)
