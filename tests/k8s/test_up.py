"""`k8s/up` and `k8s/down`, with stand-ins for the tools that note how they were called."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import yaml

from tests.eventually import eventually
from tests.k8s.rendering import K8S, ROOT
from tests.ports import listened_on

BASICS = ("bash", "env", "dirname", "sed", "grep", "sort", "xargs", "cat", "sleep", "ps", "tail", "mkdir", "rm")
TOOLS = ("docker", "kind", "kubectl", "skaffold")
CONTEXT = "--kube-context kind-inflight-lab"
RUN = f"skaffold run --label skaffold.dev/run-id=inflight-lab {CONTEXT} --port-forward=user"
STAND_IN = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >>"$CALLS"
case "$(basename "$0") $1 ${2-}" in
  "docker info "*) exit "${DOCKER_IS_DOWN:-0}" ;;
  "docker ps "*) echo "${CONTAINERS:-}" ;;
  "kind get clusters") printf '%s\n' ${CLUSTERS:-} ;;
  "kind create "*) if [ -n "${INTERRUPTED:-}" ]; then kill -INT "$PPID" "$$"; sleep 5; fi ;;
  "kubectl --context "*) [ -n "${NEVER_DEPLOYED:-}" ] || echo namespace/inflight-lab; exit "${SILENT:-0}" ;;
  "kubectl config get-contexts") echo "kind-inflight-lab" ;;
  "kubectl config current-context") echo "${CURRENT:-}" ;;
  "skaffold run "*) echo "the reason"; sleep "${TAKES:-0}"; exit "${DEPLOY_FAILS:-0}" ;;
esac
"""


class Desk:
    """A PATH of its own, with the stand-ins that a test puts there, and the list of their calls."""

    def __init__(self, directory: Path) -> None:
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.log = directory / "calls"
        self.log.touch()
        for name in (*BASICS, "basename"):
            found = shutil.which(name)
            assert found
            (self.bin / name).symlink_to(found)

    def put(self, *tools: str) -> None:
        for name in tools:
            (self.bin / name).write_text(STAND_IN)
            (self.bin / name).chmod(0o755)

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [K8S / script, *arguments],
            env={"PATH": str(self.bin), "CALLS": str(self.log), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def calls(self, *tools: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.split()[0] in tools]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A PATH without any of the tools."""
    return Desk(tmp_path)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - asked for by name
    """Skip where something on this machine listens on one of the lab's ports."""
    for port in local_ports():
        if listened_on(port):
            pytest.skip(f"port {port} is in use on this machine")


RUNNING = ROOT / "build" / "up.pid"
"""Where an `up` notes that it runs."""


def local_ports() -> list[int]:
    config = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    return [entry["localPort"] for entry in config["portForward"]]


def test_missing_tools_are_named(desk: Desk) -> None:
    """All of them at once, each with where to get it, and nothing is started."""
    desk.put("docker")
    done = desk.run("up")
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if "not installed" in line]
    assert [line.split()[0] for line in lines] == ["kind", "kubectl", "skaffold"]
    assert all("https://" in line for line in lines)
    assert desk.calls("kind", "kubectl", "skaffold") == []


def test_a_stopped_docker_is_named(desk: Desk) -> None:
    """The engine is asked before anything is made."""
    desk.put(*TOOLS)
    done = desk.run("up", DOCKER_IS_DOWN="1")
    assert done.returncode == 2
    assert "Docker does not respond" in done.stderr
    assert desk.calls("kind", "skaffold") == []


def test_a_port_in_use_is_named(desk: Desk) -> None:
    """A port-forward that could not be made stops it before the cluster is made."""
    desk.put(*TOOLS)
    with ExitStack() as stack:
        with suppress(OSError):  # where something holds it already, that serves as well
            stack.enter_context(socket.create_server(("127.0.0.1", 9004)))
        done = desk.run("up")
    assert done.returncode == 2
    assert "port 9004 (sender's admin port) is in use" in done.stderr
    assert desk.calls("kind", "skaffold") == []


@pytest.mark.parametrize("arguments", [[], ["--dev"]], ids=["up", "dev"])
def test_another_one_that_runs_is_named(desk: Desk, arguments: list[str]) -> None:
    """It holds the ports: that it runs is said, and not eleven times that a port is in use."""
    desk.put(*TOOLS)
    RUNNING.parent.mkdir(exist_ok=True)
    assert not RUNNING.exists(), "an `up` runs on this machine"
    with subprocess.Popen(["sleep", "60"], executable=shutil.which("sleep"), cwd="/") as other:
        RUNNING.write_text(str(other.pid))
        try:
            assert "Another" not in desk.run("up", *arguments, DOCKER_IS_DOWN="1").stderr, "that is no `up`"
        finally:
            RUNNING.unlink(missing_ok=True)
            other.kill()
    with subprocess.Popen(["bash", "-c", "read -r _; : k8s/up"], stdin=subprocess.PIPE) as other:
        RUNNING.write_text(str(other.pid))
        try:
            done = desk.run("up", *arguments)
        finally:
            RUNNING.unlink(missing_ok=True)
            other.kill()
    assert (done.returncode, desk.calls("kind", "skaffold")) == (2, [])
    assert done.stderr == (
        f"Another make up or make dev runs already, as process {other.pid}: end it with Ctrl-C where it runs.\n"
    )


@pytest.mark.usefixtures("free")
def test_the_cluster_is_made_where_there_is_none(desk: Desk) -> None:
    """From kind.yaml; then skaffold deploys and forwards the ports."""
    desk.put(*TOOLS)
    done = desk.run("up")
    assert done.returncode == 0, done.stderr
    assert [call.split(" --")[0] for call in desk.calls("kind", "skaffold")] == [
        "kind get clusters",
        "kind create cluster",
        "skaffold run",
    ]
    assert "--config k8s/kind.yaml" in desk.log.read_text()
    assert "--port-forward=user" in desk.log.read_text()


@pytest.mark.usefixtures("free")
def test_a_cluster_that_is_there_is_used(desk: Desk) -> None:
    """`up` twice makes one cluster, and has pods replaced by none of their own; a name that begins alike is another."""
    desk.put(*TOOLS)
    assert desk.run("up", CLUSTERS="inflight-lab").returncode == 0
    assert desk.calls("skaffold") == [RUN]
    assert not any("create" in call for call in desk.calls("kind"))
    assert desk.run("up", CLUSTERS="inflight-lab-2").returncode == 0
    assert any("create" in call for call in desk.calls("kind"))


@pytest.mark.usefixtures("free")
def test_every_command_names_the_cluster(desk: Desk) -> None:
    """Skaffold asks the cluster that kubectl looks at for its nodes unless told, whatever its file says."""
    desk.put(*TOOLS)
    for arguments in ([], ["-v"], ["--dev"]):
        desk.run("up", *arguments, CLUSTERS="inflight-lab", CURRENT="production", DEPLOY_FAILS="1", NEVER_DEPLOYED="1")
    skaffold, kubectl = desk.calls("skaffold"), desk.calls("kubectl")
    assert [call.split()[1] for call in skaffold] == ["run", "delete", "run", "delete", "dev"]
    assert all(CONTEXT in call for call in skaffold)
    assert all(call.split()[1] == "config" or "--context kind-inflight-lab" in call for call in kubectl)


@pytest.mark.usefixtures("free")
def test_the_current_context_stays_what_it_was(desk: Desk) -> None:
    """A new cluster of kind's becomes the current one; whoever had another has it again."""
    desk.put(*TOOLS)
    desk.run("up", CURRENT="production")
    calls = desk.calls("kind", "kubectl")
    made = next(index for index, call in enumerate(calls) if call.startswith("kind create"))
    assert "kubectl config use-context production" in calls[made:]
    desk.log.write_text("")
    desk.run("up", CLUSTERS="inflight-lab", CURRENT="production")
    assert not any("use-context" in call for call in desk.calls("kubectl"))


@pytest.mark.usefixtures("free")
def test_the_output_goes_into_a_file_unless_it_is_asked_for(desk: Desk) -> None:
    """One line says where; `-v` shows it. `--dev` shows it always: the pods' log lines are in it."""
    desk.put(*TOOLS)
    quiet = desk.run("up", CLUSTERS="inflight-lab")
    assert "build/up.log" in quiet.stdout
    assert "the reason" not in quiet.stdout
    assert (ROOT / "build" / "up.log").read_text() == "the reason\n"
    assert "the reason" in desk.run("up", "-v", CLUSTERS="inflight-lab").stdout
    assert desk.run("up", "--nonsense").returncode == 2


@pytest.mark.usefixtures("free")
def test_it_ends_with_the_urls(desk: Desk) -> None:
    """Once all ports are forwarded, a line for each program says what to do with it."""
    desk.put(*TOOLS)
    with ExitStack() as stack:
        process = subprocess.Popen(
            [K8S / "up"],
            env={"PATH": str(desk.bin), "CALLS": str(desk.log), "CLUSTERS": "inflight-lab", "TAKES": "60"},
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        stack.callback(process.communicate)
        stack.callback(os.killpg, process.pid, signal.SIGTERM)
        eventually(lambda: desk.calls("skaffold"), wanted=[RUN])
        for port in local_ports():
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        assert process.stdout is not None
        said = "".join(
            iter(
                process.stdout.readline,
                "Ctrl-C ends the port-forwards and leaves the lab running; make down removes it.\n",
            )
        )
    for port in (8000, 8001, 8002, 8003):
        assert f"curl -i http://127.0.0.1:{port}/task1\n" in said
    assert "http://localhost:3000\n" in said


@pytest.mark.usefixtures("free")
def test_what_does_not_come_up_is_removed_again(desk: Desk) -> None:
    """An image that is missing, say: skaffold has named it, and nothing stays half-done."""
    desk.put(*TOOLS)
    done = desk.run("up", CLUSTERS="inflight-lab", DEPLOY_FAILS="1", NEVER_DEPLOYED="1")
    assert done.returncode == 1
    assert "did not come up" in done.stderr
    assert "the reason" in done.stderr, "what skaffold said last is shown, though it went into a file"
    assert desk.calls("skaffold") == [RUN, f"skaffold delete {CONTEXT}"]


@pytest.mark.usefixtures("free")
def test_a_lab_that_ran_before_is_not_removed(desk: Desk) -> None:
    """A second `up` that fails takes away nothing that the first one had made."""
    desk.put(*TOOLS)
    done = desk.run("up", CLUSTERS="inflight-lab", DEPLOY_FAILS="1")
    assert done.returncode == 1
    assert "nothing is removed" in done.stderr
    assert desk.calls("skaffold") == [RUN]


@pytest.mark.usefixtures("free")
def test_a_cluster_that_does_not_answer_is_named(desk: Desk) -> None:
    """What is deployed there is not known, so nothing is deployed and nothing removed."""
    desk.put(*TOOLS)
    done = desk.run("up", CLUSTERS="inflight-lab", NEVER_DEPLOYED="1", SILENT="1")
    assert done.returncode == 2
    assert "does not respond" in done.stderr
    assert "docker start inflight-lab-control-plane" in done.stderr
    assert desk.calls("skaffold") == []


@pytest.mark.usefixtures("free")
def test_a_half_made_cluster_is_removed(desk: Desk) -> None:
    """Ctrl-C while kind makes it; the next `up` would take it for a whole one."""
    desk.put(*TOOLS)
    done = desk.run("up", INTERRUPTED="1")
    assert done.returncode == 130
    assert "half-made" in done.stderr
    assert desk.calls("kind")[-1] == "kind delete cluster --name inflight-lab"
    assert desk.calls("skaffold") == []


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize(
    "end", [lambda _desk, up: up.terminate(), lambda desk, _up: desk.run("down")], ids=["TERM", "down"]
)
def test_one_that_is_ended_ends_skaffold(desk: Desk, end: Callable[[Desk, subprocess.Popen[str]], None]) -> None:
    """By a signal, or by `down` from another terminal: else skaffold looks for what it forwards to for ever."""
    desk.put(*TOOLS)
    with subprocess.Popen(
        [K8S / "up"],
        env={"PATH": str(desk.bin), "CALLS": str(desk.log), "CLUSTERS": "inflight-lab", "TAKES": "60"},
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        eventually(lambda: desk.calls("skaffold"), wanted=[RUN])
        end(desk, process)
        assert process.stdout is not None
        assert "Stopped. What is deployed stays" in process.stdout.read()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the stand-in's own `sleep`
    assert process.returncode == 0
    assert not RUNNING.exists()


def test_down_removes_the_lab_s_cluster_only(desk: Desk) -> None:
    """By name, and only where it is there."""
    desk.put(*TOOLS)
    assert desk.run("down", CLUSTERS="other inflight-lab-2").returncode == 0
    assert not any("delete" in call for call in desk.calls("kind"))
    assert desk.run("down", CLUSTERS="inflight-lab other").returncode == 0
    assert "kind delete cluster --name inflight-lab" in desk.calls("kind")


def test_down_says_what_it_could_not_remove(desk: Desk) -> None:
    """Without Docker there is nothing; with one that does not respond, or without kind, it cannot be done."""
    done = desk.run("down")
    assert (done.returncode, done.stdout) == (0, "docker is not installed: there is nothing to remove.\n")
    desk.put("docker")
    assert desk.run("down").returncode == 0
    assert "does not respond" in desk.run("down", DOCKER_IS_DOWN="1").stderr
    done = desk.run("down", CONTAINERS="3f2a")
    assert done.returncode == 2
    assert "kind is not installed" in done.stderr
