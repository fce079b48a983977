"""`make up` on the lab's own cluster, with kubectl's current context on another: as a new user would run it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from threading import Timer

import pytest
import yaml

from tests.client import get
from tests.cluster.elsewhere import Elsewhere
from tests.cluster.lab import Lab
from tests.k8s.rendering import K8S, ROOT
from tests.ports import listened_on

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]
NAMESPACE = "inflight-lab"
UP_WITHIN = 400.0
"""Seconds, with the images to build; skaffold itself gives up 300 s after the deployment."""
LAST_LINE = "Ctrl-C ends the port-forwards and leaves the lab running; make down removes it.\n"


@pytest.fixture
def free(context: str) -> Iterator[Lab]:
    """The lab's own namespace, where the lab is not up; removed at the end."""
    if shutil.which("skaffold") is None:
        pytest.skip("skaffold is not on PATH")
    lab = Lab(context, NAMESPACE)
    if lab.objects("namespaces", f"--field-selector=metadata.name={NAMESPACE}"):
        pytest.skip(f"the lab is up: there is a namespace {NAMESPACE}")
    for entry in yaml.safe_load((ROOT / "skaffold.yaml").read_text())["portForward"]:
        if listened_on(entry["localPort"]):
            pytest.skip(f"port {entry['localPort']} is in use")
    yield lab
    lab.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")


def test_the_current_context_does_not_matter(
    free: Lab, elsewhere: Elsewhere, record_property: Callable[[str, object], None]
) -> None:
    """Everything comes up in its usual time, every curl line works, and the other cluster is not asked for anything."""
    quiet = {"SKAFFOLD_UPDATE_CHECK": "false", "SKAFFOLD_INTERACTIVE": "false"}
    with subprocess.Popen(
        [K8S / "up"], env={**os.environ, **quiet}, stdout=subprocess.PIPE, text=True, process_group=0
    ) as process:
        limit = Timer(UP_WITHIN, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        try:
            assert process.stdout is not None
            lines = []
            while (line := process.stdout.readline()) and line != LAST_LINE:
                lines.append(line)
            said = "".join(lines)
            assert line == LAST_LINE, said
            urls = re.findall(r"curl -i (http\S+)", said)
            assert [get(url).status for url in urls] == [200] * 4
            os.killpg(process.pid, signal.SIGINT)
            assert "What is deployed stays" in process.stdout.read()
            assert process.wait(30) == 0
        finally:
            limit.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    record_property("said", said)
    assert not elsewhere.was_asked()
    assert len(free.objects("pods")) >= 7
