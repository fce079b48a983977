"""The experiment on the cluster, through port-forwards."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest

from inflight.send.record import Record
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target
from tests.client import get
from tests.cluster.lab import Lab
from tests.cluster.load import pod
from tests.eventually import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
GATEWAYS = ("sync-gateway", "async-gateway", "threadpool-gateway")
TASKS = 5
BURST = 10
"""What the load component sends at once."""
DELAY = 1.0


def send(url: str) -> list[Record]:
    """Send the tasks at once, and return what became of them."""
    return asyncio.run(Sender(Target("gateway", f"{url}/{{task}}?delay={DELAY:g}"), 60).send(at_once(TASKS)))


def test_one_gateway_waits_in_line(lab: Lab) -> None:
    """The sync-gateway's tasks follow one another, the others' overlap; nobody fails."""
    last = {}
    for gateway in GATEWAYS:
        with lab.forwarded(gateway, 8000) as url:
            records = send(url)
        assert [record.outcome for record in records] == ["ok"] * TASKS
        last[gateway] = max(record.seconds for record in records)
    assert last["sync-gateway"] >= TASKS * DELAY
    assert last["async-gateway"] < last["sync-gateway"] / 2
    assert last["threadpool-gateway"] < last["sync-gateway"] / 2


def test_the_blocked_gateway_stays_a_target(lab: Lab) -> None:
    """While the event loop stands still, the admin port responds and Prometheus has the target up at every scrape."""
    with (
        lab.forwarded("sync-gateway", 8000) as url,
        lab.forwarded("sync-gateway", 9000) as admin,
        lab.forwarded("prometheus", 9090) as prometheus,
    ):
        eventually(lambda: query(prometheus, 'count_over_time(up{service="sync-gateway"}[5s])') > 0, wanted=True)
        thread = Thread(target=send, args=(url,))
        thread.start()
        eventually(lambda: lab.metrics(admin).value("event_loop_stalled_seconds") > DELAY / 2, wanted=True)
        assert lab.metrics(admin).value("http_requests_in_flight") == 1
        assert get(f"{admin}/livez").status == 200
        thread.join(60)
        held = 'max_over_time(sum(http_requests_waiting{service="sync-gateway"})[10s:1s])'
        eventually(lambda: query(prometheus, held) >= 2, wanted=True)
        assert query(prometheus, 'max_over_time(event_loop_stalled_seconds{service="sync-gateway"}[10s])') > DELAY / 2
        assert query(prometheus, 'min_over_time(up{service="sync-gateway"}[10s])') == 1


def test_the_senders_load_arrives(lab: Lab, record_property: Callable[[str, object], None]) -> None:
    """The load component's burst is answered by every gateway, whole."""
    lab.kubectl("scale", "deployment/sender", "--replicas=1")
    lab.rolled_out("sender")
    try:
        with lab.forwarded("sender", 9000) as admin:
            eventually(lambda: min(completed(lab, admin, gateway) for gateway in GATEWAYS) >= BURST, wanted=True)
            seen = lab.metrics(admin)
    finally:
        lab.kubectl("scale", "deployment/sender", "--replicas=0")
    record_property("completed", seen.value("sender_requests_completed_total"))
    assert seen.value("sender_requests_completed_total") == seen.value("sender_requests_completed_total", outcome="ok")


def completed(lab: Lab, admin: str, gateway: str) -> float:
    """Return how many of the sender's requests to a gateway have ended."""
    return lab.metrics(admin).value("sender_requests_completed_total", gateway=gateway)


def test_the_cluster_refuses_less_hardening(lab: Lab) -> None:
    """Pod Security's standard is enforced on the namespace: a pod that may write its root as root is refused."""
    loose: Any = pod(lab)
    loose["spec"]["securityContext"] = {}
    loose["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    command = ["kubectl", "--context", lab.context, "--namespace", lab.namespace]
    command += ["apply", "--dry-run=server", "--filename=-"]
    done = subprocess.run(command, input=json.dumps(loose), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr


def query(prometheus: str, expr: str) -> float:
    """Return the value of an instant query's only series; 0 where there is none."""
    response = get(f"{prometheus}/api/v1/query?{urlencode({'query': expr})}")
    result = json.loads(response.body)["data"]["result"]
    return float(result[0]["value"][1]) if result else 0.0
