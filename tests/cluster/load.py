"""A steady load from inside the cluster, so that no port-forward stands between it and the Service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.lab import Lab
from tests.eventually import eventually

RATE = 20
"""Requests a second, each asking the backend for DELAY seconds."""
DELAY = 0.2
POD = "steady-load"
PROGRAM = f"""
import asyncio, json, signal
from inflight.send.sender import Sender, Target

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    def schedule():
        sent = 0
        while not stop.is_set():
            if sent == {RATE}: print("under way", flush=True)
            yield sent / {RATE}
            sent += 1
    url = "http://async-gateway:8000/{{task}}?delay={DELAY}"
    records = await Sender(Target("async-gateway", url), 30).send(schedule())
    print(json.dumps([str(record.status or record.outcome) for record in records]), flush=True)

asyncio.run(main())
"""


@contextmanager
def steady_load(lab: Lab) -> Iterator[Counter[str]]:
    """Send to the async-gateway while the block runs; when it is left, the counter says how many had each status.

    A request that got no whole answer has the sender's name for that instead of a status.
    """
    outcome: Counter[str] = Counter()
    lab.kubectl("apply", "--filename=-", stdin=json.dumps(pod(lab)))
    try:
        eventually(lambda: "under way" in said(lab), wanted=True)
        yield outcome
        lab.kubectl("exec", POD, "--", "sh", "-c", "kill -TERM 1")
        lab.kubectl("wait", f"pod/{POD}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
        outcome.update(json.loads(said(lab).splitlines()[-1]))
    finally:
        lab.kubectl("delete", "pod", POD, "--grace-period=1")


def said(lab: Lab) -> str:
    """Return what the load has printed; nothing before it runs."""
    (found,) = lab.objects("pods", f"--field-selector=metadata.name={POD}")
    return lab.kubectl("logs", POD) if found["status"]["phase"] in ("Running", "Succeeded") else ""


def pod(lab: Lab) -> Any:
    """Return the load's pod: the sender's, with another program; so the network policies let it pass."""
    (sender,) = lab.objects("deployments", "--field-selector=metadata.name=sender")
    template = sender["spec"]["template"]
    (container,) = template["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        del container[probe]
    container |= {"command": ["python", "-c", PROGRAM], "args": []}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": template["metadata"]["labels"]},
        "spec": {**template["spec"], "restartPolicy": "Never"},
    }
