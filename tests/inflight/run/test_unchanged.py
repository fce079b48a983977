"""What an application sees of the telemetry around it: nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import BARE, MEASURED, serving

pytestmark = pytest.mark.long

LAUNCHERS = pytest.mark.parametrize("launcher", [BARE, MEASURED], ids=["bare", "measured"])
APPLICATION = """
import asyncio, contextvars, json, sys, threading
number = contextvars.ContextVar("number", default=0)
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            print("lifespan", kind, flush=True)
            scope["state"]["begun"] = True
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    path = scope["path"]
    if path == "/fails":
        raise ValueError("on purpose")
    if path == "/late":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        raise ValueError("too late")
    if path == "/waits":
        try:
            print("waiting", flush=True)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("cancelled", flush=True)
            raise
    before = number.get()
    number.set(before + 1)
    seen = {
        "types": sorted(scope), "state": scope["state"], "before": before,
        "task": type(asyncio.current_task()).__name__,
        "argv": sys.argv[1:2], "main": threading.current_thread() is threading.main_thread(),
        "in_thread": await asyncio.to_thread(number.get), "message": str(await receive()),
    }
    body = json.dumps(seen).encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"x-a", b"1"), (b"x-a", b"2")]
    await send({"type": "http.response.start", "status": 207, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the application."""
    (tmp_path / "own.py").write_text(APPLICATION)
    return tmp_path


def test_scope_context_and_thread_are_the_same(folder: Path) -> None:
    """Byte for byte, but for one header."""
    seen = []
    for launcher in (BARE, MEASURED):
        with (
            serving("own:app", launcher=launcher, folder=folder) as service,
            socket.create_connection(("127.0.0.1", service.port)) as client,
        ):
            client.sendall(
                b"GET /seen HTTP/1.1\r\nHost: x\r\n\r\nGET /seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            received = b""
            while chunk := client.recv(65536):
                received += chunk
            lines = received.split(b"\r\n")
            seen.append([line for line in lines if not line.startswith((b"date:", b"server-timing:"))])
    assert seen[0] == seen[1]
    assert json.loads(seen[0][-1])["state"] == {"begun": True}


@LAUNCHERS
def test_an_exception_is_the_servers(folder: Path, launcher: tuple[str, ...]) -> None:
    """With the traceback in its log, and a 500; behind the headers the connection breaks."""
    with serving("own:app", launcher=launcher, folder=folder) as service:
        assert service.get("/fails").status == 500
        service.until("(?s)Exception in ASGI application.*ValueError: on purpose")
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while chunk := client.recv(65536):
                received += chunk
        assert received.endswith(b"\r\n\r\n")
        service.until("ValueError: too late")
        if launcher == MEASURED:
            counted = [service.metrics().value("http_requests_completed_total", code=code) for code in ("500", "200")]
            assert counted == [2, None]


@LAUNCHERS
def test_a_request_is_cancelled_at_the_end_of_the_graceful_time(folder: Path, launcher: tuple[str, ...]) -> None:
    """And the lifespan has its shutdown."""
    options = ("--timeout-graceful-shutdown", "1")
    with serving("own:app", *options, launcher=launcher, folder=folder) as service:
        service.at_once(1, "/waits")
        service.until("waiting")
        service.stop()
    assert "cancelled" in service.said
    assert service.said.count("lifespan lifespan.shutdown") == 1


def test_a_fault_of_the_telemetry_is_in_the_log_and_the_service_serves(folder: Path) -> None:
    """Here of what it begins with, and of a hook."""
    (folder / "sitecustomize.py").write_text(
        "import inflight.middleware, inflight.hooks\n"
        "def broken(*_args, **_options):\n    raise RuntimeError('a fault')\n"
        "inflight.middleware.Middleware.__init__ = broken\n"
    )
    with serving("own:app", folder=folder, environment={"PYTHONPATH": str(folder)}) as service:
        assert service.get("/seen").status == 207
        service.until("the service is not measured")
        assert service.page("/readyz").status == 200
    (folder / "sitecustomize.py").write_text(
        "import inflight.telemetry\n"
        "def broken(*_args, **_options):\n    raise RuntimeError('a fault')\n"
        "inflight.telemetry.Telemetry.__init__ = broken\n"
    )
    with serving("own:app", folder=folder, environment={"PYTHONPATH": str(folder)}) as service:
        assert service.get("/seen").status == 207
        assert service.page("/livez").body == b"ok\n"
        assert {each.name for each in service.metrics().samples} <= {"http_requests_waiting"}


CONFIGURED = """
import json, logging.config, time
def configure():
    logging.config.dictConfig(json.load(open("log.json")))
if PLACE == "import":
    configure()
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if PLACE == "lifespan":
            configure()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})
    time.sleep(1)
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})
"""


@pytest.mark.parametrize("place", ["option", "import", "lifespan"])
def test_a_log_that_is_configured_without_us_has_our_lines(tmp_path: Path, place: str) -> None:
    """Python's default disables every logger that a configuration does not name; it is said who blocks all the same."""
    (tmp_path / "own.py").write_text(f"PLACE = {place!r}\n{CONFIGURED}")
    handlers = {"ours": {"class": "logging.StreamHandler"}}
    uvicorn = {"uvicorn": {"level": "INFO", "propagate": True}}
    configuration = {"version": 1, "handlers": handlers, "root": {"handlers": ["ours"]}, "loggers": uvicorn}
    (tmp_path / "log.json").write_text(json.dumps(configuration))
    options = ["--log-config", "log.json"] if place == "option" else []
    with serving("own:app", *options, folder=tmp_path) as service:
        service.get("/")
        service.until("event loop blocked for .* at own.py")


@pytest.mark.parametrize("ws", ["websockets", "websockets-sansio", "wsproto"])
def test_websockets_of_every_kind_are_counted(tmp_path: Path, ws: str) -> None:
    """Open by route, handshakes by status; one that is refused is a 403; none waits in the kernel for ever."""
    (tmp_path / "sockets.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.routing import WebSocketRoute\n"
        "async def echo(ws):\n"
        "    if ws.path_params['name'] == 'no':\n        return await ws.close()\n"
        "    await ws.accept()\n"
        "    async for text in ws.iter_text():\n        await ws.send_text(text)\n"
        "app = Starlette(routes=[WebSocketRoute('/ws/{name}', echo)])\n"
    )
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with serving("sockets:app", "--ws", ws, folder=tmp_path) as service:
        url = f"ws://127.0.0.1:{service.port}/ws"
        with connect(f"{url}/a") as one, connect(f"{url}/b"):
            one.send("hello")
            assert one.recv() == "hello"
            metrics = service.metrics()
            assert metrics.value("websocket_connections", route="/ws/{name}") == 2
            assert metrics.value("http_requests_waiting", queue="kernel") == 0
        with pytest.raises(InvalidStatus):
            connect(f"{url}/no")
        eventually(lambda: service.metrics().value("websocket_connections"), 0)
        metrics = service.metrics()
        assert metrics.value("websocket_handshakes_total", route="/ws/{name}", code="101") == 2
        assert metrics.value("websocket_handshakes_total", route="/ws/{name}", code="403") == 1
