"""Scaling out under load: with a maximum age of connections the new pods get their share, and nothing fails."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

import pytest

from tests.cluster.lab import Lab
from tests.cluster.load import steady_load

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
REPLICAS = 3
RATE = 60
"""Requests a second: a dozen connections at a time."""
WITHIN = 30.0
"""Seconds after the roll-out in which every pod has to have half its share."""


@pytest.mark.parametrize("service", ["async-gateway", "backend"])
def test_new_pods_have_their_share(service: str, lab: Lab, record_property: Callable[[str, object], None]) -> None:
    """From one pod to three: within 30 s each has at least half its share, and every request had its response.

    The gateway's clients keep their connections, and so does the gateway towards the backend.
    """
    try:
        with steady_load(lab, rate=RATE) as outcome:
            lab.kubectl("scale", f"deployment/{service}", f"--replicas={REPLICAS}")
            lab.rolled_out(service)
            took, share = until_shared(lab, service)
    finally:
        lab.kubectl("scale", f"deployment/{service}", "--replicas=1")
        lab.rolled_out(service)
    record_property("seconds", took)
    record_property("requests a second", share)
    record_property("statuses", dict(outcome))
    assert set(outcome) == {"200"}


def until_shared(lab: Lab, service: str) -> tuple[float, dict[str, float]]:
    """Return after how many seconds every pod had half its share, and what each had."""
    expr = f'sum by (pod) (rate(http_requests_completed_total{{service="{service}"}}[5s]))'
    began = monotonic()
    while True:
        share = lab.query(expr)
        took = monotonic() - began
        if len(share) == REPLICAS and min(share.values()) >= sum(share.values()) / REPLICAS / 2 > 0:
            return took, share
        assert took < WITHIN, share
        sleep(1)
