"""Real services for tests, as processes on free ports, and what their admin ports say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from services.lab.process import Service
from services.serving.settings import GATEWAY_PORTS
from tests.forked import Forked
from tests.ports import free_ports

SETTLED_WITHIN = 20.0
POLL = 0.02


class Metrics:
    """One scrape: the value of a sample by its name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all samples with this name and these labels (and any others); 0 where there is none."""
        return sum(
            sample.value for sample in self._samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def has(self, name: str, **labels: str) -> bool:
        """Return whether there is a sample with this name and these labels."""
        return any(sample.name == name and labels.items() <= sample.labels.items() for sample in self._samples)


def scrape(service: Service, timeout: float = 10.0) -> Metrics:
    """Return what the service's admin port says now."""
    with urlopen(f"{service.admin_url}/metrics", timeout=timeout) as response:
        return Metrics(response.read().decode())


def settled(service: Service, name: str, value: float = 0.0, **labels: str) -> Metrics:
    """Return the first scrape in which the metric has `value`; fail when it does not come to that."""
    deadline = monotonic() + SETTLED_WITHIN
    while True:
        metrics = scrape(service)
        if metrics.value(name, **labels) == value:
            return metrics
        assert monotonic() < deadline, f"{name}{labels} is {metrics.value(name, **labels)}, not {value}"
        sleep(POLL)


@dataclass(frozen=True)
class Standing:
    """Services that stand for the whole session; `said` grows as they speak: who, and the line."""

    backend: Service
    gateways: dict[str, Service]
    said: list[tuple[str, str]]

    @property
    def services(self) -> dict[str, Service]:
        """All of them by name."""
        return {service.name: service for service in (self.backend, *self.gateways.values())}


class Stage:
    """Starts services and stops them when the test is over."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.said: list[tuple[str, str]] = []

    def backend(self, **settings: Any) -> Service:
        """Return a running backend."""
        return self.start("backend", "services.backend", **settings)

    def gateway(self, mode: str, backend: Service | str, **settings: Any) -> Service:
        """Return a running gateway in front of `backend`, a service or a URL."""
        url = backend if isinstance(backend, str) else backend.url
        return self.start(f"{mode}-gateway", "services.gateway", gateway_mode=mode, backend_url=url, **settings)

    def gateways(self, backend: Service | str, **settings: Any) -> dict[str, Service]:
        """Return a running gateway of each mode; they start side by side."""
        url = backend if isinstance(backend, str) else backend.url
        found = {
            mode: self._started(f"{mode}-gateway", "services.gateway", gateway_mode=mode, backend_url=url, **settings)
            for mode in GATEWAY_PORTS
        }
        asyncio.run(_ready(found.values()))
        return found

    def start(self, name: str, module: str, **settings: Any) -> Service:
        """Return a running service; its settings are given in lower case."""
        service = self._started(name, module, **settings)
        asyncio.run(_ready([service]))
        return service

    def _started(self, name: str, module: str, **settings: Any) -> Service:
        environment = {key.upper(): str(value) for key, value in settings.items()}
        service = Forked(name, module, free_ports(1)[0], environment, lambda who, line: self.said.append((who, line)))
        self._stack.callback(service.wait)
        self._stack.callback(service.stop)
        service.start()
        return service


async def _ready(services: Iterable[Service]) -> None:
    await asyncio.gather(*(service.ready() for service in services))
