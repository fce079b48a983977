"""Makes the programs of one run: their commands, their ports, their settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path

from bench.contender import OURS, PLAIN
from bench.program import Program, ask, module
from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK
from services.lab.stage import free_ports

ONLY_REQUESTS = ("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-access-log", "--log-level", "warning")
"""uvicorn's options, the same for all."""
NOTHING: Mapping[str, str] = {}


class Rig:
    """Makes programs, not yet started; their output goes to `folder`."""

    def __init__(self, folder: Path, descriptors: int) -> None:
        self.folder = folder
        self.descriptors = descriptors

    def upstream(self) -> Program:
        """Return the upstream that responds at once."""
        [(port, _)] = free_ports(1)
        return Program("upstream", [*module("bench.upstream"), str(port)], port, self.folder, {})

    def contender(self, key: str, upstream: str = "", routes: int = 0, app: str = "") -> Program:
        """Return the service with one contender added; `app` is another application than its own."""
        [(port, admin)] = free_ports(1)
        target = app or ("bench.services.app:app" if key in (PLAIN, OURS) else f"bench.contenders.{key}:app")
        address = ("--host", LOOPBACK, "--port", str(port), "--backlog", "8192")
        argv = [*module("uvicorn"), target, *address, *ONLY_REQUESTS]
        settings = {"UPSTREAM": upstream, "ROUTES": str(routes)}
        if key == OURS:
            argv = [*module("inflight"), "run", target, "--admin-port", str(admin), *address, *ONLY_REQUESTS]
            settings["ADMIN_PORT"] = str(admin)
        elif key == "prototype":
            argv = [*module("bench.contenders.prototype"), str(port)]
        return Program(key, argv, port, self.folder, settings)

    def backend(self, name: str, delay: float = 0, settings: Mapping[str, str] = NOTHING) -> Program:
        """Return the lab's backend."""
        return self._service(name, "services.backend", {"DELAY": f"{delay:g}", **settings})

    def gateway(self, name: str, backend_url: str, settings: Mapping[str, str] = NOTHING) -> Program:
        """Return the lab's async-gateway."""
        return self._service(
            name, "services.gateway", {"GATEWAY_MODE": "async", "BACKEND_URL": backend_url, **settings}
        )

    def _service(self, name: str, program: str, settings: Mapping[str, str]) -> Program:
        [(port, admin)] = free_ports(1)
        ports = {"PORT": str(port), "ADMIN_PORT": str(admin)}
        return Program(name, module(program), port, self.folder, {**ports, **settings})


def check_response(program: Program, path: str, wanted: object) -> None:
    """Raise CommandError when a program does not respond to `path` with 200 and this JSON."""
    try:
        status, body = ask(f"{program.url}{path}")
        found = json.loads(body)
    except (OSError, HTTPException, ValueError) as error:
        raise CommandError(f"{program.name} gave no good response to {path}: {error}") from error
    if status != 200 or found != wanted:
        raise CommandError(f"{program.name} responded to {path} with {status} {body[:200]!r}, not 200 {wanted}")
