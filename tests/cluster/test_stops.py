"""What a gateway that is deleted in the middle of a long call does with it."""

from __future__ import annotations

import pytest

from tests.cluster.lab import Lab
from tests.cluster.load import program, result
from tests.eventually import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
DELAY = 50
"""Seconds: more than a drain's 6 and two halves of 20."""
CALL = f"""
import json, urllib.request
print("under way", flush=True)
with urllib.request.urlopen("http://sync-gateway:8000/long?delay={DELAY}", timeout=100) as response:
    print(json.dumps(response.status))
"""


def test_a_blocked_gateway_finishes_its_call(lab: Lab) -> None:
    """The sync-gateway cannot cut off the call that blocks its loop: the kubelet leaves it the time to finish."""
    try:
        with lab.forwarded("sync-gateway", 9000) as admin, program(lab, CALL):
            eventually(lambda: lab.metrics(admin).value("http_requests_in_flight"), wanted=1)
            lab.kubectl("delete", "pod", "--selector=app.kubernetes.io/name=sync-gateway", "--wait=false")
            assert result(lab) == 200
    finally:
        lab.rolled_out("sync-gateway")
