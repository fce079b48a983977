"""Who is measured: the peers, our gateway in three ways, the backend, and the load tool's own ceiling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Literal

from bench import nginx
from bench.program import Program, ask, module
from inflight.terminal.errors import CommandError
from services.lab.stage import free_ports

MESSAGE = {"message": "success"}
DEFAULT: Mapping[str, str] = {}
QUIET: Mapping[str, str] = {"LOG_LEVEL": "warning"}
Kind = Literal["ceiling", "peer", "ours", "backend"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table. `key` is for `--only` and the JSON, `label` for people."""

    key: str
    label: str
    kind: Kind


CONTENDERS = (
    Contender("ceiling", "the load tool's ceiling (wrk to the upstream)", "ceiling"),
    Contender("nginx", "nginx proxy_pass", "peer"),
    Contender("aiohttp", "aiohttp.web + aiohttp, no telemetry", "peer"),
    Contender("fastapi", "FastAPI + aiohttp, no telemetry", "peer"),
    Contender("instrumentator", "FastAPI + aiohttp + prometheus-fastapi-instrumentator", "peer"),
    Contender("exporter", "FastAPI + aiohttp + starlette_exporter", "peer"),
    Contender("httpx", "FastAPI + httpx, no telemetry", "peer"),
    Contender("gateway", "async-gateway, default settings", "ours"),
    Contender("gateway-quiet", "async-gateway, LOG_LEVEL=warning", "ours"),
    Contender("gateway-bare", "async-gateway, LOG_LEVEL=warning, telemetry out", "ours"),
    Contender("backend", "our backend alone, DELAY=0, default settings", "backend"),
    Contender("backend-quiet", "our backend alone, DELAY=0, LOG_LEVEL=warning", "backend"),
)
KEYS = tuple(contender.key for contender in CONTENDERS)
PEERS = {
    "aiohttp": "aiohttp_web",
    "fastapi": "fastapi_aiohttp",
    "instrumentator": "fastapi_instrumentator",
    "exporter": "fastapi_exporter",
    "httpx": "fastapi_httpx",
}


class Rig:
    """Makes the programs of one run: their ports, their settings, the folder of their output."""

    def __init__(self, folder: Path, descriptors: int) -> None:
        self.folder = folder
        self.descriptors = descriptors
        self.nginx = nginx.installed()

    def upstream(self) -> Program:
        """Return the upstream of all: nginx answering from memory, or our backend where there is no nginx."""
        return self._nginx("upstream") if self.nginx else self.backend("upstream", settings=QUIET)

    def contender(self, key: str, upstream: Program) -> Program | None:
        """Return the program of a row, not yet started; None where it needs an nginx that is not installed."""
        if key == "ceiling":
            return upstream if self.nginx else None
        if key == "nginx":
            return self._nginx(key, upstream.port) if self.nginx else None
        if key in PEERS:
            return self.peer(key, upstream.url)
        quiet = QUIET if key.endswith(("-quiet", "-bare")) else DEFAULT
        if key.startswith("backend"):
            return self.backend(key, settings=quiet)
        return self.gateway(key, upstream.url, quiet, bare=key.endswith("-bare"))

    def backend(self, name: str, delay: float = 0, settings: Mapping[str, str] = DEFAULT) -> Program:
        """Return our backend, not yet started."""
        return self._service(name, "services.backend", {"DELAY": f"{delay:g}", **settings})

    def gateway(
        self, name: str, backend_url: str, settings: Mapping[str, str] = DEFAULT, *, bare: bool = False
    ) -> Program:
        """Return our async-gateway, not yet started; a bare one has its telemetry taken out."""
        program = "bench.peers.gateway_bare" if bare else "services.gateway"
        return self._service(name, program, {"GATEWAY_MODE": "async", "BACKEND_URL": backend_url, **settings})

    def peer(self, key: str, backend_url: str) -> Program:
        """Return one of the PEERS, not yet started."""
        port = _port()
        settings = {"PORT": str(port), "BACKEND_URL": backend_url}
        return Program(key, module(f"bench.peers.{PEERS[key]}"), port, self.folder, settings)

    def _nginx(self, name: str, backend: int | None = None) -> Program:
        port = _port()
        return nginx.program(name, self.folder, port, nginx.configuration(port, self.descriptors, backend))

    def _service(self, name: str, program: str, settings: Mapping[str, str]) -> Program:
        [(port, admin)] = free_ports(1)
        ports = {"PORT": str(port), "ADMIN_PORT": str(admin)}
        return Program(name, module(program), port, self.folder, {**ports, **settings})


def check_answer(program: Program, *, passes_through: bool) -> None:
    """Raise CommandError when a program does not respond to a task as all have to: 200, and the backend's message."""
    wanted = MESSAGE if passes_through else {"res": MESSAGE}
    try:
        status, body = ask(f"{program.url}/task1")
        answer = json.loads(body)
    except (OSError, HTTPException, ValueError) as error:
        raise CommandError(f"{program.name} gave no good answer: {error}") from error
    if status != 200 or answer != wanted:
        raise CommandError(f"{program.name} answered {status} {body[:200]!r}, not 200 {json.dumps(wanted)}")


def _port() -> int:
    return free_ports(1)[0][0]
