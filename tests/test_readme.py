"""The README is true: its commands run, and its tables are what the code says."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry, Metric

from inflight import upstream, waiting
from inflight.send.metrics import SenderMetrics
from inflight.telemetry import Telemetry
from services.lab.process import Service
from services.lab.stage import known_ports
from services.serving.settings import (
    GATEWAY_PORTS,
    BackendSettings,
    GatewaySettings,
    ProgramSettings,
    SenderSettings,
    ServiceSettings,
)
from tests.eventually import eventually
from tests.ports import free_ports, listened_on
from tests.readme import ROOT, blocks, page, sections, tables
from tests.stage import Stage

README = page("README.md")
COMMANDS = [line for language, block in blocks(README) if language == "sh" for line in block.splitlines()]
ELSEWHERE = {
    "make test": "this very run",
    "make demo": "tests/services/lab/test_cli.py",
    'make demo ARGS="--delay 10"': "tests/services/lab/test_cli.py",
    "make up": "tests/cluster",
    "make dev": "tests/cluster",
    "make down": "tests/cluster",
    ".venv/bin/lab sweep": "tests/services/lab",
    ".venv/bin/lab writes": "tests/services/lab",
    ".venv/bin/inflight watch --once": "tests/inflight/watch",
    ".venv/bin/lab up": "tests/services/lab/test_cli.py",
}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the tables under a heading, without their heads."""
    return [row for rows in tables(sections(README)[heading]) for row in rows[1:]]


@pytest.fixture(scope="module")
def services() -> Iterator[dict[int, int]]:
    """The four services on free ports, and which of those stands for which of the README's."""
    with ExitStack() as stack:
        stage = Stage(stack)
        backend = stage.backend(delay=0.2)
        gateways = stage.gateways(backend)
        running: list[Service] = [backend, *(gateways[mode] for mode in GATEWAY_PORTS)]
        yield {
            documented: real
            for service, ports in zip(running, known_ports(GATEWAY_PORTS), strict=True)
            for documented, real in zip(ports, (service.port, service.admin_port), strict=True)
        }


def test_there_are_commands() -> None:
    """The blocks are found, and each kind of command is among them."""
    starts = {command.split()[0] for command in COMMANDS}
    assert starts == {"make", "curl", ".venv/bin/inflight", ".venv/bin/lab"}
    assert set(ELSEWHERE) <= set(COMMANDS)


@pytest.mark.long
@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ELSEWHERE])
def test_the_command_runs(command: str, services: dict[int, int], tmp_path: Path) -> None:
    """Each line as a reader would paste it; only ports and folders differ, and the ten seconds are shortened."""
    for documented, real in services.items():
        command = command.replace(f":{documented}/", f":{real}/")
    command = command.replace("runs/", f"{tmp_path}/").replace("--delay 10", "--delay 0.3")
    if command.startswith("make demo"):
        outputs = f"--report {tmp_path}/demo.html --json {tmp_path}/demo.json"
        given = re.findall(r'ARGS="(.*)"', command)
        command = f'make demo ARGS="{given[0] if given else "--delay 0.3"} {outputs}"'
    if "inflight report" in command:
        _run(next(line for line in COMMANDS if "--json" in line).replace("runs/", f"{tmp_path}/"), services)
    done = _run(command, services)
    assert done.stdout.strip()
    if command.startswith("make demo"):
        assert "The whole picture: " in done.stdout
        assert (tmp_path / "demo.html").exists()
        assert (tmp_path / "demo.json").exists()


def _run(command: str, services: dict[int, int]) -> subprocess.CompletedProcess[str]:
    for documented, real in services.items():
        command = command.replace(f":{documented}/", f":{real}/")
    words = shlex.split(command)
    if words[0] == "curl":
        words[1:1] = ["--silent", "--show-error"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    # The demo says what it saw: on a busy machine that may not be what it claims. tests/lab/test_cli.py asks for that.
    seen_otherwise = command.startswith("make demo") and "NOT AS CLAIMED" in done.stdout
    assert done.returncode == 0 or seen_otherwise, done.stdout + done.stderr
    return done


@pytest.mark.long
def test_inflight_serves_a_service_of_ones_own(tmp_path: Path) -> None:
    """The program as it stands there, served unchanged, and the command that is run against it."""
    (program,) = [block for language, block in blocks(README) if language == "python"]
    (serve,) = re.findall(r"`(\.venv/bin/inflight run [^`]*)`", README)
    (command,) = re.findall(r"`(\.venv/bin/inflight send \S+:8080/\S+ [^`]*)`", README)
    (line,) = re.findall(r"^event loop blocked for .*?(at own.*?), GET", README, re.MULTILINE)
    [(port, admin_port)] = free_ports(1)
    (tmp_path / "own.py").write_text(program)
    words = shlex.split(serve.replace("8080", str(port)).replace("9080", str(admin_port)))
    words[0] = str(ROOT / words[0])
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as service:
        try:
            eventually(lambda: listened_on(port), wanted=True)
            sent = _run(command.replace(":8080/", f":{port}/"), {}).stdout
            metrics = requests.get(f"http://127.0.0.1:{admin_port}/metrics", timeout=10).text
        finally:
            service.terminate()
        said = service.communicate(timeout=30)[0]
    assert line in said
    assert "3 ok" in sent
    documented = set(re.findall(r"^  (\w+) +[\d.]+ s ", README, re.MULTILINE))
    assert set(re.findall(r"^  (\w+) +[\d.]+ s ", sent, re.MULTILINE)) == documented >= {"kernel", "application"}
    assert 'http_requests_completed_total{code="200",method="GET",route="/invoices"} 3.0' in metrics
    assert 'http_request_wait_seconds_count{queue="kernel"} 3.0' in metrics


def test_every_make_target_that_is_named_exists() -> None:
    """And every file, too."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets
    named = set(re.findall(r"\b((?:services|inflight|k8s|tests|docs|dashboards)/[\w./-]*\w)", README))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_table_of_metrics_is_what_is_exported() -> None:
    """Names, types and labels; `process_*` and `python_*` are those that every client has."""
    telemetry, registry = Telemetry(), CollectorRegistry()
    telemetry.expect("GET", "/{task}", [200])
    asyncio.run(seen(telemetry))
    SenderMetrics(registry).expect("sync")
    exported = {
        f"{family.name}_total" if family.type == "counter" else family.name: (family.type, _labels(family))
        for source in (telemetry.registry, registry)
        for family in source.collect()
        if not family.name.startswith(("process_", "python_"))
    }
    documented = {
        name: (kind, {label for label in labels.split(", ") if label}) for name, kind, labels, _ in table("Metrics")
    }
    assert documented == exported


async def seen(telemetry: Telemetry) -> None:
    """Let one of everything happen, so that every family has its labels."""
    telemetry.start()
    telemetry.live.known_websockets.add("/chat")
    telemetry.metrics.handshakes.labels("/chat", "101")
    telemetry.metrics.blocked.labels("own.py:10 invoices", "/invoices")
    telemetry.metrics.blocked_requests.labels("own.py:10 invoices", "/invoices")
    with upstream("backend"), waiting("pool"):
        pass
    telemetry.live.stalled = lambda: 0.0
    telemetry.stop()


def _labels(family: Metric) -> set[str]:
    """Return the names of the labels of a family's samples; `le` is every histogram's."""
    return {label for sample in family.samples for label in sample.labels} - {"le"}


def test_the_table_of_settings_is_what_is_read() -> None:
    """Every setting, its default, and whose it is."""
    documented = {name: (default, whose) for name, default, whose, _ in table("Settings")}
    kinds: dict[str, type[ProgramSettings]] = {
        "services": ServiceSettings,
        "backend": BackendSettings,
        "gateway": GatewaySettings,
        "sender": SenderSettings,
    }
    read = {name.upper() for kind in kinds.values() for name in kind.model_fields}
    assert set(documented) == read
    for name, (default, whose) in documented.items():
        owners = [kinds[owner] for owner in (kinds if whose == "all" else whose.split(", "))]
        field = owners[0].model_fields[name.lower()]
        if name != "TARGETS":
            assert default == ("unset" if field.default is None else str(field.default))
        assert all(name.lower() in owner.model_fields for owner in owners)


def test_the_table_of_ports_is_what_is_listened_on() -> None:
    """Each gateway's mode chooses its ports."""
    documented = {row[0]: row[1] for row in table("Endpoints") if len(row) == 3 and row[1].isdigit()}
    assert documented == {"backend": "8000", **{f"{mode}-gateway": str(port) for mode, port in GATEWAY_PORTS.items()}}
