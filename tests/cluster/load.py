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
PROGRAM = """
import asyncio, json, signal
from inflight.send.sender import Sender, Target

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    def schedule():
        sent = 0
        while not stop.is_set():
            if sent == RATE: print("under way", flush=True)
            yield sent / RATE
            sent += 1
    records = await Sender(Target("gateway", URL), 30).send(schedule())
    print(json.dumps([str(record.status or record.outcome) for record in records]), flush=True)

asyncio.run(main())
"""


@contextmanager
def steady_load(lab: Lab, gateway: str = "async-gateway", rate: int = RATE) -> Iterator[Counter[str]]:
    """Send to a gateway while the block runs; when it is left, the counter says how many had each status.

    A request without a whole response has the sender's name for that instead of a status.
    """
    outcome: Counter[str] = Counter()
    url = f"http://{gateway}:8000/{{task}}?delay={DELAY}"
    with program(lab, f"RATE = {rate}\nURL = {url!r}\n{PROGRAM}"):
        yield outcome
        lab.kubectl("exec", POD, "--", "sh", "-c", "kill -TERM 1")
        outcome.update(result(lab))


@contextmanager
def program(lab: Lab, text: str) -> Iterator[None]:
    """Run a program as the sender's pod does, from when it says that it is under way until the block is left."""
    lab.kubectl("apply", "--filename=-", stdin=json.dumps(pod(lab, text)))
    try:
        eventually(lambda: "under way" in said(lab), wanted=True)
        yield
    finally:
        lab.kubectl("delete", "pod", POD, "--grace-period=1")


def result(lab: Lab) -> Any:
    """Wait until the program has ended, and return the JSON of its last line."""
    lab.kubectl("wait", f"pod/{POD}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s")
    return json.loads(said(lab).splitlines()[-1])


def said(lab: Lab) -> str:
    """Return what the load has printed; nothing before it runs."""
    (found,) = lab.objects("pods", f"--field-selector=metadata.name={POD}")
    return lab.kubectl("logs", POD) if found["status"]["phase"] in ("Running", "Succeeded") else ""


def pod(lab: Lab, text: str = PROGRAM) -> Any:
    """Return the load's pod: the sender's, with another program; so the network policies let it pass."""
    (sender,) = lab.objects("deployments", "--field-selector=metadata.name=sender")
    template = sender["spec"]["template"]
    (container,) = template["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        del container[probe]
    container |= {"command": ["python", "-c", text], "args": []}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": template["metadata"]["labels"]},
        "spec": {**template["spec"], "restartPolicy": "Never"},
    }
