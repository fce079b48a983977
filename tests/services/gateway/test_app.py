"""The three gateways side by side, in front of a real backend."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from inflight.telemetry import Telemetry
from services import gateway
from services.backend import app as backend
from services.gateway.app import MODULES, build
from services.serving import start
from services.serving.settings import GATEWAY_PORTS, BackendSettings, GatewaySettings
from tests.client import get
from tests.eventually import eventually
from tests.hardness.weather import frozen
from tests.inflight.server import read_all, served
from tests.stage import Stage, Standing, scrape, settled

FOLDER = Path(gateway.__file__).parent
HELD = 0.2
"""Seconds."""


def sibling(mode: str) -> ast.Module:
    """Return the source of one mode's gateway."""
    return ast.parse((FOLDER / f"{MODULES[mode]}.py").read_text())


@pytest.mark.parametrize("mode", MODULES)
def test_delay_and_status_are_passed_on(standing: Standing, mode: str) -> None:
    """The backend is asked for what the gateway was asked for."""
    response = get(f"{standing.gateways[mode].url}/passed-{mode}?delay=0.25&status=203")
    assert response.status == 203
    line = f'"GET /passed-{mode}?delay=0.25&status=203 HTTP/1.1" 203'
    eventually(lambda: any(line in said for who, said in standing.said if who == "backend"), wanted=True)


@pytest.mark.parametrize("mode", MODULES)
def test_server_timing_says_where_the_time_went(standing: Standing, mode: str) -> None:
    """The upstream's part is at least the delay; a queue that the mode lacks is left out."""
    header = get(f"{standing.gateways[mode].url}/task1?delay=0.1").header("server-timing") or ""
    timing = {name: float(value) for name, value in re.findall(r"(\w+);dur=([\d.]+)", header)}
    # uvloop counts whole milliseconds, and the kernel, which says when the response came, steps of 4.
    assert 95 <= timing["upstream"] <= timing["total"]
    assert timing.keys() - {"kernel"} == {"loop", "upstream", "total"} | ({"thread"} if mode == "threadpool" else set())


@pytest.mark.parametrize("mode", MODULES)
def test_connections_to_the_backend_are_kept(standing: Standing, stage: Stage, mode: str) -> None:
    """Requests one after another reach the backend from one port: nothing but blocking tells the modes apart."""
    gateway = stage.gateway(mode, standing.backend)  # another test's gateway may have several connections, used in turn
    for number in range(5):
        get(f"{gateway.url}/kept-{gateway.port}-{number}")

    def ports() -> list[str]:
        line = rf':(\d+) - "GET /kept-{gateway.port}-'
        return [match[1] for who, said in standing.said if who == "backend" and (match := re.search(line, said))]

    eventually(lambda: len(ports()), 5)
    assert len(set(ports())) == 1


def test_a_limit_on_connections_is_a_queue(stage: Stage) -> None:
    """Two calls, one connection: one waits for it, and says so in the gauge and in its own timing."""
    backend = stage.backend(delay=0)
    limited = stage.gateways(backend, upstream_limit=1)
    for service in (limited["threadpool"], limited["async"]):
        with ThreadPoolExecutor() as pool:
            with frozen(backend):
                responses = pool.map(get, [f"{service.url}/task1"] * 2)
                settled(service, "http_requests_waiting", 1.0, queue="pool")
                sleep(HELD)
            timings = [response.header("server-timing") or "" for response in responses]
        waited = [float(found[1]) for timing in timings if (found := re.search(r"pool;dur=([\d.]+)", timing))]
        assert max(waited) > 1000 * HELD
        assert scrape(service).value("http_requests_waiting", queue="pool") == 0


def test_the_siblings_are_of_one_shape() -> None:
    """Same class, same methods, same parameters, in the same order: the difference is the lesson."""

    def shape(mode: str) -> list[tuple[str, list[str]]]:
        (body,) = [node for node in sibling(mode).body if isinstance(node, ast.ClassDef)]
        functions = [node for node in body.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [(each.name, [argument.arg for argument in each.args.args]) for each in functions]

    assert set(MODULES) == set(GATEWAY_PORTS)
    assert shape("sync") == shape("async") == shape("threadpool")


@pytest.mark.parametrize("mode", MODULES)
def test_a_sibling_imports_no_other(mode: str) -> None:
    """Only the parameters, and what the three share; nothing of the telemetry."""
    shared = {"services.gateway.backend", f"services.gateway.{'awaiting' if mode == 'async' else 'blocking'}_client"}
    modules = {node.module or "" for node in ast.walk(sibling(mode)) if isinstance(node, ast.ImportFrom)}
    assert {module for module in modules if module != "fastapi"} == shared | {"services.serving.parameters"}


@pytest.mark.parametrize("mode", MODULES)
def test_a_gateway_is_plain_fastapi(mode: str) -> None:
    """Its middleware is not gone past: with CORS added, a response has the header."""
    app = build(GatewaySettings(gateway_mode=mode, backend_url="http://127.0.0.1:1"))
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    with served(app, lifespan="on") as server, server.connect() as connection:
        connection.sendall(b"GET /task1 HTTP/1.1\r\nHost: x\r\nOrigin: http://elsewhere\r\nConnection: close\r\n\r\n")
        response = read_all(connection)
    assert response.startswith(b"HTTP/1.1 502 ")
    assert b"\r\naccess-control-allow-origin: *\r\n" in response


@pytest.mark.parametrize(
    ("mode", "own", "foreign"), [("async", "aiohttp", "requests"), ("sync", "requests", "aiohttp")]
)
def test_a_gateway_loads_only_its_own_client(mode: str, own: str, foreign: str) -> None:
    """The async-gateway does without requests, a blocking one without aiohttp: less to load, less to go wrong."""
    program = (
        "import sys; from services.gateway.app import build; from services.serving.settings import GatewaySettings;"
        "build(GatewaySettings()); print(*sys.modules)"
    )
    environment = {**os.environ, "GATEWAY_MODE": mode}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert own in loaded
    assert foreign not in loaded


@pytest.mark.parametrize(
    ("service", "method", "route", "codes"),
    [
        (build(GatewaySettings(gateway_mode="async")), "GET", "/{task}", [200, 404, 422, 499, 500, 502, 503, 504]),
        (backend.build(BackendSettings()), "GET", "/{task}", [200, 404, 422, 499, 500, 503]),
        (backend.build(BackendSettings()), "PUT", "/counters/{name}", [200, 404, 412, 413, 422, 499, 500, 503, 507]),
    ],
)
def test_every_way_to_end_is_exported_before_the_first_request(
    service: FastAPI, method: str, route: str, codes: list[int]
) -> None:
    """As 0: the first burst of a new error is an increase then, and an alert sees it."""
    telemetry = Telemetry()
    start._expect(service, telemetry)
    value = telemetry.registry.get_sample_value
    for code in codes:
        labels = {"method": method, "route": route, "code": str(code)}
        assert value("http_requests_completed_total", labels) == 0, code
