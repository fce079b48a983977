"""What a steady load on the async-gateway notices when pods are replaced, and when one is taken away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.cluster.lab import Lab
from tests.cluster.load import RATE, steady_load
from tests.eventually import eventually
from tests.k8s.rendering import SERVICES

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
ANSWERED = "http_requests_completed_total"
SETTLING = timedelta(seconds=60)
"""From a container's start until its start-up probe has passed; the probe may fail before."""


def test_no_request_fails_while_every_deployment_rolls_over(
    lab: Lab, record_property: Callable[[str, object], None]
) -> None:
    """Not ready, drain, stop: every request is answered, by the old pods or by the new."""
    before = uids(lab, *SERVICES)
    with steady_load(lab) as outcome:
        for name in SERVICES:
            lab.kubectl("rollout", "restart", f"deployment/{name}")
        lab.rolled_out(*SERVICES)
        eventually(lambda: uids(lab, *SERVICES) & before, wanted=set())
    record_property("requests", dict(outcome))
    assert outcome.total() > RATE
    assert set(outcome) == {"200"}


def uids(lab: Lab, *services: str) -> set[str]:
    """Return what tells the services' pods apart, those that are ending among them."""
    return {found["metadata"]["uid"] for name in services for found in lab.pods(name)}


def test_a_deleted_backend_is_counted_and_got_over(lab: Lab, record_property: Callable[[str, object], None]) -> None:
    """Killed at once, the only backend leaves a gap: all are answered, both ends count alike, and the next one serves.

    What a Service without a pod responds is the network's business: it refuses (then the gateway says 502), or lets the
    packets out, where anybody may respond. The gateway would keep such a connection: it is replaced in the end.
    """
    gone = uids(lab, "backend")
    with lab.forwarded("async-gateway", 9000) as admin:
        before = lab.metrics(admin)
        with steady_load(lab) as outcome:
            lab.kubectl("delete", "pod", "--selector=app.kubernetes.io/name=backend", "--grace-period=0", "--force")
            eventually(lambda: uids(lab, "backend") - gone != set(), wanted=True)
            lab.kubectl("wait", "pod", "--selector=app.kubernetes.io/name=backend", "--for=condition=Ready")
            good = lab.metrics(admin).value(ANSWERED, code="200")
            eventually(lambda: lab.metrics(admin).value(ANSWERED, code="200") > good + 2 * RATE, wanted=True)
        after = lab.metrics(admin)
    lab.kubectl("rollout", "restart", "deployment/async-gateway")
    lab.rolled_out("async-gateway")
    record_property("requests", dict(outcome))
    assert outcome["502"] > 0
    for code, count in outcome.items():
        assert after.value(ANSWERED, code=code) - before.value(ANSWERED, code=code) == count
    assert after.value(ANSWERED) - before.value(ANSWERED) == outcome.total()


def test_no_container_was_restarted(lab: Lab) -> None:
    """No probe failed but while its container started or stopped, and nothing ended on its own."""
    pods = lab.objects("pods")
    assert [found["status"]["containerStatuses"][0]["restartCount"] for found in pods] == [0] * len(pods)
    started = {
        found["metadata"]["name"]: found["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
        for found in pods
        if "deletionTimestamp" not in found["metadata"]
    }
    unhealthy = [event for event in lab.objects("events") if event["reason"] == "Unhealthy"]
    late = [
        event["message"]
        for event in unhealthy
        if event["involvedObject"]["name"] in started
        and moment(event["lastTimestamp"]) > moment(started[event["involvedObject"]["name"]]) + SETTLING
    ]
    assert late == []


def moment(text: str) -> datetime:
    """Return a time as Kubernetes writes it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
