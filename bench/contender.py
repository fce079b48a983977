"""Who is measured, in the order of the table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

Kind = Literal["plain", "limit", "peer", "ours"]
PLAIN, OURS = "plain", "inflight"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table. `key` is for `--only` and the JSON, and names its module, `label` is for people."""

    key: str
    label: str
    kind: Kind
    distribution: str | None = None
    """What has to be installed for it."""

    @property
    def installed(self) -> str | None:
        """The version of its library; None where it is not installed, an empty text where it needs none."""
        if self.distribution is None:
            return ""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None


CONTENDERS = (
    Contender(PLAIN, "nothing", "plain"),
    Contender("empty", "an empty middleware", "limit"),
    Contender("prototype", "the prototype: waits, no metrics", "limit"),
    Contender(OURS, "inflight run", "ours"),
    Contender("loopguard", "fastapi-loopguard (no metrics)", "peer", "fastapi-loopguard"),
    Contender("instrumentator", "prometheus-fastapi-instrumentator", "peer", "prometheus-fastapi-instrumentator"),
    Contender("exporter", "starlette_exporter", "peer", "starlette_exporter"),
    Contender("opentelemetry", "OpenTelemetry + Prometheus", "peer", "opentelemetry-instrumentation-fastapi"),
    Contender("transparent", "transparent-fastapi", "peer", "transparent-fastapi"),
)
KEYS = tuple(contender.key for contender in CONTENDERS)
EXPORTERS = ("instrumentator", "exporter", "opentelemetry", "transparent")
"""Those that export metrics of requests, as ours does."""
ROUTES = {"async": "async def", "def": "def", "aiohttp": "aiohttp call", "httpx": "httpx call", "stream": "stream"}
"""The routes of the service that are measured, by their path, and what they are."""
