"""Which libraries are hooked, when, and that a fault of a hook is one line and nothing else."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace

import pytest

from inflight.hooks import HOOKS, install, watched, wrap
from inflight.hooks.watched import WatchedCall
from inflight.hooks.wrap import Method
from tests.inflight.upstream import Upstream
from tests.inflight.watching import Watching

LIBRARIES = ("aiohttp", "httpx", "urllib3", "sqlalchemy", "asyncpg", "psycopg", "psycopg_pool", "redis")


def python(program: str, without: str = "") -> str:
    """Return what a program prints and logs, in an interpreter of its own."""
    environment = {"INFLIGHT_WITHOUT": without, "PATH": ""}
    command = [sys.executable, "-c", f"import logging; logging.basicConfig(format='%(message)s')\n{program}"]
    ran = subprocess.run(
        command, check=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    return ran.stdout


INSTALL = "from inflight.hooks import install_hooks; install_hooks()\n"
WHICH = """
print(hasattr(httpx.HTTPTransport.handle_request, "watched_by_inflight"))
print(hasattr(urllib3.HTTPConnectionPool.urlopen, "watched_by_inflight"))
"""


def test_every_hook_has_its_install() -> None:
    """And each library of the list has a hook."""
    assert tuple(HOOKS) == LIBRARIES


def test_a_library_is_hooked_when_it_is_imported_before_or_after() -> None:
    """Twice makes no difference."""
    assert python(f"import httpx\n{INSTALL}{INSTALL}import urllib3{WHICH}") == "True\nTrue\n"


def test_no_library_is_imported_that_the_application_does_not_import() -> None:
    """To look whether one is there is no import either, and takes no hook away from the import that follows."""
    program = f"""{INSTALL}
import sys, importlib.util
print(sorted(set({LIBRARIES}) & sys.modules.keys()))
print(importlib.util.find_spec("httpx") is not None, importlib.util.find_spec("no_such_library"))
import httpx, urllib3{WHICH}
print(type(httpx.__spec__.loader).__name__, "exec_module" in vars(httpx.__spec__.loader))
"""
    assert python(program) == "[]\nTrue None\nTrue\nTrue\nSourceFileLoader False\n"


@pytest.mark.parametrize("name", ["urllib3", "requests"])
def test_a_library_can_be_left_alone(name: str) -> None:
    """By its own name, or by the one that its users know; one that is misspelt is said."""
    said, *which = python(f"{INSTALL}import httpx, urllib3{WHICH}", without=f"redis, {name}, redix").splitlines()
    assert said.startswith("INFLIGHT_WITHOUT: redix is no library that is watched; there are aiohttp, ")
    assert which == ["True", "False"]


def test_a_library_of_an_unknown_version_is_left_alone_and_said_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, hook: Callable[[str], None]
) -> None:
    """In one line."""
    import httpx

    before = httpx.HTTPTransport.handle_request
    monkeypatch.setattr(wrap, "version", lambda _distribution: "1.0.0")
    with caplog.at_level(logging.WARNING, "inflight"):
        hook("clients.httpx")
    assert caplog.messages == ["httpx 1.0.0 is not watched: its hook knows 0"]
    assert httpx.HTTPTransport.handle_request is before


def test_a_hook_that_raises_is_one_line(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """And the service goes on."""

    def fails() -> None:
        raise AttributeError("ClientSession has moved")

    monkeypatch.setattr("inflight.hooks.import_module", lambda _name: SimpleNamespace(install=fails))
    install("aiohttp")
    assert caplog.messages == ["aiohttp is not watched: AttributeError('ClientSession has moved')"]


def test_a_fault_of_the_telemetry_does_not_reach_the_library(
    watching: Watching,
    server: Upstream,
    hook: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each call is made, and each fault logged once."""
    import requests

    hook("clients.requests")
    monkeypatch.setattr(watching.telemetry.live, "begin_call", None)
    monkeypatch.setattr(watched, "_faults", set())
    for _ in range(3):
        assert requests.get(server.url, timeout=10).content == b"xx"
    assert "WatchedCall.begin" in caplog.messages[0]
    assert len(set(caplog.messages)) == len(caplog.messages)


def test_a_call_that_outlives_the_named_one_is_its_own(watching: Watching) -> None:
    """A task that was begun inside of a block has its context, and the block's call may be over."""
    from contextvars import copy_context

    from inflight import upstream

    with upstream("billing"):
        context = copy_context()

    def call() -> None:
        with WatchedCall("db"):
            pass

    context.run(call)
    assert watching.all_calls() == {("billing", "ok"): 1, ("db", "ok"): 1}


def test_names_beyond_fifty_are_other(watching: Watching) -> None:
    """A program that fetches what its clients name cannot make the label grow."""
    for number in range(60):
        with WatchedCall(f"host{number}"):
            pass
    assert len(watching.all_calls()) == 51
    assert watching.calls("other") == 10


def test_a_coroutine_function_is_one_behind_a_decorator_that_passes_its_coroutine_on(watching: Watching) -> None:
    """As `get_connection` of redis' async pools from 5.3 to 7.1: its wait lasts as long as the coroutine."""

    def decorated(method: Method) -> Method:
        return wraps(method)(lambda self: method(self))  # noqa: PLW0108 - no coroutine function itself

    class Pool:
        @decorated
        async def acquire(self) -> int | None:
            await asyncio.sleep(0)
            return watching.waiting()

    wrap.wrap(Pool, "acquire", wrap.as_wait)
    assert asyncio.run(Pool().acquire()) == 1
    assert watching.at_rest()
