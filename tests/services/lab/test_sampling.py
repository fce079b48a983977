"""What is read from a gateway's admin port."""

from __future__ import annotations

import asyncio

from inflight.report.run import Sample
from services.lab.sampling import parse_sample, sampled
from tests.stage import Stage

TEXT = """# TYPE http_requests_in_flight gauge
http_requests_in_flight{method="GET",route="/{task}"} 2.0
http_requests_in_flight{method="GET",route="unmatched"} 1.0
# TYPE http_requests_waiting gauge
http_requests_waiting{queue="kernel"} 4.0
http_requests_waiting{queue="loop"} 0.0
# TYPE event_loop_stalled_seconds gauge
event_loop_stalled_seconds 1.25
# TYPE event_loop_blocked_seconds counter
event_loop_blocked_seconds_total{route="/{task}",where="sync.py:26 relay (requests)"} 1.5
event_loop_blocked_seconds_total{route="background",where="sync.py:26 relay (requests)"} 0.5
"""


def test_a_scrape_becomes_a_sample() -> None:
    """In flight is the sum over methods and routes; each queue that the gateway counts is there, and each place."""
    waiting, blocked = {"kernel": 4, "loop": 0}, {"sync.py:26 relay (requests)": 2.0}
    assert parse_sample(0.5, TEXT) == Sample(at=0.5, in_flight=3, stalled=1.25, waiting=waiting, blocked=blocked)


def test_what_is_not_exported_is_absent() -> None:
    """A service without these metrics has no stall of 0 s and no queue of 0 requests."""
    assert parse_sample(0.0, "") == Sample(at=0.0, in_flight=0, stalled=None, waiting={})


def test_a_real_service_is_sampled_until_the_block_is_left(stage: Stage) -> None:
    """The first sample is there when the block begins, others follow, and each is shown as it comes."""
    backend = stage.backend(delay=0)
    shown: list[Sample] = []

    async def some() -> list[Sample]:
        enough = asyncio.Event()

        def show(sample: Sample) -> None:
            shown.append(sample)
            if len(shown) == 4:
                enough.set()

        async with sampled(backend.admin_url, show) as samples:
            assert len(samples) == 1
            await enough.wait()
        return samples

    samples = asyncio.run(some())
    assert samples == shown
    assert [sample.at for sample in samples[1:]] == sorted(sample.at for sample in samples[1:])
    assert {"kernel", "loop", "thread", "pool"} >= samples[-1].waiting.keys() >= {"thread"}


def test_a_service_that_is_gone_is_a_gap() -> None:
    """No scrape, no sample, no error."""

    async def none() -> list[Sample]:
        async with sampled("http://127.0.0.1:1", lambda _sample: None) as samples:
            return samples

    assert asyncio.run(none()) == []
