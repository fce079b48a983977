"""What many tests need: real services on loopback, and a client to ask them with."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from services.serving.settings import BackendSettings, GatewaySettings, SenderSettings
from tests.stage import Stage, Standing

TRIES_MORE = 3
OTHERS = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "columns", "lines"),
    *("no_color", "force_color", "py_colors", "tty_compatible", "tty_interactive", "github_actions"),
)
"""What requests, OpenSSL, rich and typer go by."""

# A busy machine may hold up any example, and the making of any.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what compares times more tries: a busy machine spoils one of them, wrong code spoils them all.

    What is long begins first, so that no worker is left with it when the others have ended.
    """
    for item in items:
        if item.get_closest_marker("alone"):
            item.add_marker(pytest.mark.flaky(reruns=TRIES_MORE))
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> Iterator[None]:
    """Nothing of the developer's own shell reaches a test: no setting, no proxy, no wish for colours."""
    settings = (name for kind in (BackendSettings, GatewaySettings, SenderSettings) for name in kind.model_fields)
    with pytest.MonkeyPatch.context() as patched:
        for name in (*settings, *OTHERS):
            for spelling in (name, name.upper()):
                patched.delenv(spelling, raising=False)
        yield


@pytest.fixture(autouse=True, scope="session")
def heeded_signals() -> None:
    """Ctrl-C and a closed terminal are heeded, also where `nohup` or a shell's `&` has them ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request: pytest.FixtureRequest) -> str:
    """Each event loop in turn."""
    name: str = request.param
    return name


@pytest.fixture(params=["httptools", "h11"])
def http(request: pytest.FixtureRequest) -> str:
    """Each of uvicorn's HTTP parsers in turn."""
    name: str = request.param
    return name


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Real services as processes on free ports, stopped when the test ends."""
    with ExitStack() as stack:
        yield Stage(stack)


@pytest.fixture(scope="session")
def standing() -> Iterator[Standing]:
    """A backend without delay and a gateway of each mode in front of it, for all tests that only ask."""
    with ExitStack() as stack:
        stage = Stage(stack)
        backend = stage.backend(delay=0)
        yield Standing(backend, stage.gateways(backend), stage.said)
