"""uvicorn's options are what uvicorn's own command makes of them."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
import uvicorn

from inflight.run.configuration import read, without_reload
from inflight.run.options import UsageError, split

ARGUMENTS = [
    [],
    ["--header", "x-a: b", "--header", "x-c:d", "--no-server-header", "--no-date-header"],
    ["--workers", "3", "--limit-concurrency", "7", "--backlog", "9", "--log-level", "warning"],
    ["--no-proxy-headers", "--forwarded-allow-ips", "*", "--root-path", "/x", "--timeout-keep-alive", "0"],
    ["--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-ping-interval", "0.5", "--lifespan", "off"],
    ["--http", "h11", "--loop", "asyncio", "--interface", "asgi3", "--use-colors", "--reset-contextvars"],
    [
        "--limit-max-requests",
        "5",
        "--timeout-graceful-shutdown",
        "0",
        "--factory",
        "--h11-max-incomplete-event-size",
        "9",
    ],
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_the_configuration_is_the_one_that_uvicorn_makes(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Option for option, whichever there are."""
    module = importlib.import_module("uvicorn.main")
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "run", lambda app, **options: made.append({"app": app, **options}))
    monkeypatch.setattr(sys, "path", [*sys.path])
    module.main(["own:app", *arguments], standalone_mode=False)
    (theirs,) = made
    theirs.pop("app_dir")
    ours = read(["own:app", *arguments])
    assert vars(uvicorn.Config(**ours)) == vars(uvicorn.Config(**theirs))


def test_a_variable_of_the_environment_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with uvicorn; those of the admin port are not uvicorn's to read."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("UVICORN_PORT", "8123")
    monkeypatch.setenv("UVICORN_ADMIN_PORT", "many")
    assert read(["own:app"])["port"] == 8123


def test_an_option_that_nobody_knows_here_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A new option of uvicorn's command that its configuration does not take keeps no service down."""

    class Older:
        def __init__(self, app: str, port: int) -> None: ...

    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(uvicorn, "Config", Older)
    assert read(["own:app", "--port", "1"]) == {"app": "own:app", "port": 1}
    assert "uvicorn's option log_level is of a kind" in caplog.text or "uvicorn's option host" in caplog.text


def test_the_workers_do_not_watch_the_files() -> None:
    """Another process does."""
    options = {"app": "own:app", "reload": True, "reload_dirs": ("x",), "port": 1}
    assert without_reload(options) == {"app": "own:app", "port": 1}


def test_the_options_that_are_not_uvicorns_are_taken_out() -> None:
    """In both spellings, wherever they stand; the others keep their order."""
    options, rest = split(["--admin-port=0", "own:app", "--admin-requests-from", "10.0.0.0/8, ::1", "--port", "1"])
    assert options.admin_port == 0
    assert options.admin_host == "127.0.0.1"
    assert [str(network) for network in options.admin_requests_from] == ["10.0.0.0/8", "::1/128"]
    assert rest == ["own:app", "--port", "1"]


@pytest.mark.parametrize("port", ["65536", "-1", "1_0", "¹"])
def test_a_number_that_is_no_port_is_refused(port: str) -> None:
    """With its name."""
    with pytest.raises(UsageError, match="--admin-port"):
        split(["--admin-port", port])
