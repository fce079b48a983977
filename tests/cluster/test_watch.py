"""The sidecar beside an ordinary container of another image, whose server knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.lab import Lab, apply_overlay, load
from tests.cluster.load import program
from tests.containers.images import BASE
from tests.eventually import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]
NAME = "ordinary"
SERVER = """
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(300)
HTTPServer(("", 8000), Handler).serve_forever()
"""
CLIENT = f"""
import socket, time
kept = []
for number in range(4):
    kept.append(socket.create_connection(("{NAME}", 8000)))
    kept[-1].sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
print("under way", flush=True)
time.sleep(300)
"""


def deployment() -> list[object]:
    """Return the objects of a service that serves one request at a time, and none in five minutes."""
    labels = {
        "app.kubernetes.io/name": NAME,
        "app.kubernetes.io/component": "gateway",
    }  # so that the policies let it pass
    container = {
        "name": NAME,
        "image": BASE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", SERVER],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10002, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME, "labels": {"inflight/watch": "true"}},
            "spec": spec,
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME},
            "spec": {"selector": labels, "ports": [{"port": 8000}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": NAME},
            "spec": {
                "podSelector": {"matchLabels": labels},
                "ingress": [{"ports": [{"port": 8000}, {"port": 9100}]}],
            },
        },
    ]


@pytest.fixture
def watched(lab: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The lab with the component, and the ordinary service in it; the gateways are without it again at the end."""
    load(lab.context, BASE)
    (tmp_path / "ordinary").mkdir()
    (tmp_path / "ordinary" / "all.yaml").write_text(yaml.safe_dump_all(deployment()))
    (tmp_path / "ordinary" / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    (tmp_path / "overlay").mkdir()
    try:
        apply_overlay(lab, tmp_path / "overlay", "watch", resources=(tmp_path / "ordinary",))
        lab.rolled_out(NAME)
        yield lab
    finally:
        lab.kubectl("delete", f"deployment/{NAME}", f"service/{NAME}", f"networkpolicy/{NAME}")
        apply_overlay(lab, tmp_path / "overlay")


def test_it_tells_what_waits_in_a_server_of_another_image(watched: Lab) -> None:
    """One request is read and never served; the other three lie unread, and Prometheus has it within seconds."""
    with program(watched, CLIENT):
        eventually(lambda: value(watched, "tcp_unread_connections"), wanted=3)
        eventually(lambda: value(watched, "tcp_oldest_unread_seconds") > 2, wanted=True)
        assert value(watched, "tcp_accept_queue_limit") > 0
    (found,) = watched.pods(NAME)
    for kind in ("containerStatuses", "initContainerStatuses"):
        assert [status["restartCount"] for status in found["status"][kind]] == [0]


def value(lab: Lab, metric: str) -> float:
    """Return what Prometheus has of the ordinary service's port; -1 where it has nothing."""
    return next(iter(lab.query(f'{metric}{{service="{NAME}", port="8000"}}').values()), -1.0)


def test_one_command_tells_it_of_a_pod_that_runs(watched: Lab) -> None:
    """`kubectl debug`, with the gateway's image and nothing of the pod's own."""
    (found,) = watched.pods(NAME)
    image = f"inflight-lab-test/gateway:{watched.namespace}"
    with program(watched, CLIENT):
        eventually(lambda: value(watched, "tcp_unread_connections"), wanted=3)
        command = ["debug", found["metadata"]["name"], f"--image={image}", "--profile=restricted", "--container=look"]
        watched.kubectl(*command, "--image-pull-policy=Never", "--", "inflight", "watch", "8000", "--once")
        eventually(lambda: "8000" in look(watched, found["metadata"]["name"]), wanted=True)
        assert "3 requests wait" in look(watched, found["metadata"]["name"])


def look(lab: Lab, pod: str) -> str:
    """Return what the command printed; nothing before it has run."""
    (found,) = lab.objects("pods", f"--field-selector=metadata.name={pod}")
    (status,) = found["status"].get("ephemeralContainerStatuses", [{"state": {}}])
    return lab.kubectl("logs", pod, "--container=look") if "terminated" in status["state"] else ""
