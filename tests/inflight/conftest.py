"""What tests of the hooks need: a telemetry that is the process's own, and hooks that are gone when the test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from queue import LifoQueue

import pytest
from urllib3.connectionpool import ConnectionPool

from inflight import telemetry
from tests.inflight.upstream import Upstream, upstream_server
from tests.inflight.watching import Watching


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    """The process's telemetry, as from the service's start on."""
    watching = Watching(telemetry.Telemetry())
    monkeypatch.setattr(telemetry, "_active", watching.telemetry)
    return watching


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a hook by its module's name, until the test ends."""
    monkeypatch.setattr("inflight.hooks.wrap.setattr", monkeypatch.setattr, raising=False)
    monkeypatch.setattr(ConnectionPool, "QueueCls", LifoQueue)
    return lambda module: import_module(f"inflight.{module}").install()


@pytest.fixture
def server() -> Iterator[Upstream]:
    """An upstream in a thread of its own."""
    with upstream_server() as server:
        yield server
