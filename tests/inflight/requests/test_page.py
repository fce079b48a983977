"""What is in flight at this moment: `/requests`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import anyio.to_thread
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.responses import StreamingResponse
from websockets.sync.client import connect

from inflight.admin import AdminServer
from inflight.requests.page import MOST_REQUESTS, requests_in_flight, requests_json, requests_page
from inflight.stamp import Connection, Stamp
from inflight.telemetry import Telemetry
from inflight.waits import upstream, waiting
from tests.eventually import eventually
from tests.inflight.blocking import blocking_app
from tests.inflight.blocking.blocking_app import line_of
from tests.inflight.server import Served, request, served

HERE = "tests/inflight/requests/test_page.py"
go_on = threading.Event()
app = FastAPI()


async def until_told() -> None:
    """Wait as a service does, on the loop."""
    while not go_on.is_set():  # noqa: ASYNC110 - it is set from another thread
        await asyncio.sleep(0.005)


@app.get("/application/{secret}")
async def application(secret: str) -> None:  # noqa: ARG001
    """Wait for nothing that has a name."""
    await until_told()


@app.get("/pool")
async def pool() -> None:
    """Wait for a connection of a pool."""
    async with waiting("pool"):
        await until_told()


@app.get("/upstream")
async def call() -> None:
    """Wait for another service."""
    async with upstream("billing"):
        await until_told()


@app.get("/body")
async def body() -> StreamingResponse:
    """Be in the middle of a response."""

    async def chunks() -> Any:
        yield b"a"
        await until_told()

    return StreamingResponse(chunks())


@app.post("/receive")
async def receive(asked: Request) -> None:
    """Wait for the request's body."""
    await asked.body()


@app.get("/thread")
async def thread() -> None:
    """Wait for a thread of a pool that has none left."""
    await anyio.to_thread.run_sync(int, limiter=None)


@app.get("/plain")
def plain() -> None:
    """Work in a thread."""
    go_on.wait(20)


@app.websocket("/ws/{room}")
async def websocket(socket: WebSocket, room: str) -> None:  # noqa: ARG001
    """Wait for messages."""
    await socket.accept()
    async for _ in socket.iter_text():
        pass


in_middleware = FastAPI()


@in_middleware.middleware("http")
async def passes_on(asked: Request, call_next: Any) -> Any:
    """Pass the request on, in a task of its own."""
    return await call_next(asked)


@in_middleware.get("/behind")
async def behind() -> None:
    """Wait behind middleware."""
    await until_told()


@pytest.fixture(autouse=True)
def told() -> Any:
    """Nothing that waits is left behind."""
    go_on.clear()
    yield
    go_on.set()


def one(service: Served, wanted: Callable[[dict[str, Any]], bool] = lambda _entry: True) -> dict[str, Any]:
    """Return the only request in flight as soon as it is as it is wanted."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = json.loads(requests_json(service.telemetry))["requests"]
        return len(found) == 1 and wanted(found[0])

    eventually(look, True)
    return found[0]


@pytest.mark.parametrize(
    ("path", "route", "state"),
    [
        ("/application/4711?token=4711", "/application/{secret}", "application"),
        ("/pool", "/pool", "pool"),
        ("/upstream", "/upstream", "upstream billing"),
        ("/body", "/body", "body"),
        ("/plain", "/plain", "application"),
    ],
)
def test_state(path: str, route: str, state: str, loop: str) -> None:
    """Each request is listed with its route, where it is and for how long, its ledger, and the line it is at."""
    with served(app, loop) as service:
        asking = threading.Thread(target=service.get, args=(path,))
        asking.start()
        entry = one(service, lambda entry: entry["state"] == state and entry["for"] > 0.05 and "at" in entry)
        assert (entry["method"], entry["route"], entry["kind"]) == ("GET", route, "http")
        assert 0.05 < entry["for"] <= entry["age"]
        ledger = entry["ledger"]
        assert sum(ledger.values()) - ledger["total"] == pytest.approx(ledger["total"], abs=0.001)
        assert entry["at"].startswith(f"{HERE}:")
        assert "4711" not in json.dumps(entry)
        go_on.set()
        asking.join()
        eventually(lambda: requests_in_flight(service.telemetry)["requests"], [])


def test_line_in_a_thread(loop: str) -> None:
    """A plain handler is at the line that its thread is at."""
    with served(app, loop) as service:
        asking = threading.Thread(target=service.get, args=("/plain",))
        asking.start()
        line = plain.__code__.co_firstlineno + 3
        one(service, lambda entry: entry.get("at") == f"{HERE}:{line} plain (threading.Event.wait)")
        go_on.set()
        asking.join()


def test_line_behind_middleware(loop: str) -> None:
    """Where middleware has started a task for the handler, the handler's line is told, not the middleware's."""
    with served(in_middleware, loop) as service:
        asking = threading.Thread(target=service.get, args=("/behind",))
        asking.start()
        line = until_told.__code__.co_firstlineno + 3
        one(service, lambda entry: entry.get("at") == f"{HERE}:{line} until_told (asyncio.tasks.sleep)")
        go_on.set()
        asking.join()


def test_request_whose_body_has_not_come(loop: str) -> None:
    """A request whose client is slow with its body waits for the client."""
    with served(app, loop) as service, service.connect() as client:
        client.sendall(b"POST /receive HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\n")
        assert one(service, lambda entry: entry["state"] == "receive")["method"] == "POST"


def test_websocket(loop: str) -> None:
    """An open WebSocket is listed, without its path's parameters."""
    with served(app, loop, ws="websockets-sansio") as service, connect(f"ws://127.0.0.1:{service.port}/ws/4711"):
        entry = one(service, lambda entry: entry["state"] == "receive")
        assert (entry["kind"], entry["method"], entry["route"]) == ("websocket", "WEBSOCKET", "/ws/{room}")
        assert "4711" not in json.dumps(entry)


def test_blocked_loop(loop: str) -> None:
    """While the loop is blocked: what holds it, which request that is, and how many lie unread for how long."""
    with served(blocking_app.app, loop) as service:
        service.get("/ping")
        for _ in range(20):
            blocker = threading.Thread(target=service.get, args=("/kinds/sleep",))
            blocker.start()
            while blocker.is_alive():
                with service.connect() as client:
                    client.sendall(request("/ping"))
                    document = requests_in_flight(service.telemetry)
                (process,) = document["processes"]
                if "blocked" in process and process["unread"]["requests"]:
                    break
            blocker.join()
            if "blocked" in process:
                break
        where = f"tests/inflight/blocking/blocking_app.py:{line_of('sleep')} sleep (time.sleep)"
        assert process["blocked"]["where"] == where
        assert process["blocked"]["route"] == "/kinds/{kind}"
        assert process["stalled"] > 0.05
        holds = next(entry for entry in document["requests"] if entry.get("route") == "/kinds/{kind}")
        assert holds["at"] == where
        assert "blocked_by" not in holds


def test_list_is_bounded(loop: str) -> None:
    """The oldest requests are listed, and the others are a number."""
    with served(app, loop) as service:
        clients = [service.connect() for _ in range(MOST_REQUESTS + 5)]
        for client in clients:
            client.sendall(request("/application/1"))
        eventually(lambda: len(service.telemetry.live.in_flight), MOST_REQUESTS + 5)
        document = requests_in_flight(service.telemetry)
        assert len(document["requests"]) == MOST_REQUESTS
        assert document["processes"][0]["unlisted"] == 5
        ages = [entry["age"] for entry in document["requests"]]
        assert ages[0] >= ages[-1]
        go_on.set()
        for client in clients:
            client.close()


def test_what_has_not_begun_is_bounded_and_counted_alike() -> None:
    """Hundreds may stand behind a blocked loop."""
    telemetry = Telemetry()
    for _ in range(MOST_REQUESTS + 7):
        connection = Connection(None, telemetry)
        telemetry.live.read[connection] = Stamp(connection)
    document = requests_in_flight(telemetry)
    assert len(document["requests"]) == MOST_REQUESTS
    assert document["processes"][0]["unlisted"] == 7


@pytest.mark.parametrize(
    ("client", "status"),
    [
        ("127.0.0.1", HTTPStatus.OK),
        ("::1", HTTPStatus.OK),
        ("::ffff:127.0.0.1", HTTPStatus.OK),
        ("10.0.0.7", HTTPStatus.FORBIDDEN),
        ("fe80::1%eth0", HTTPStatus.FORBIDDEN),
    ],
)
def test_readers(client: str, status: HTTPStatus) -> None:
    """The page is for loopback only, unless it is told otherwise."""
    found, _, body = requests_page(Telemetry())({}, client)
    assert found == status
    assert (b"processes" in body) == (status == HTTPStatus.OK)


def test_nothing_is_known_of_what_is_not_watched() -> None:
    """Before the event loop runs nothing is claimed: no stall, nothing unread."""
    (process,) = requests_in_flight(Telemetry())["processes"]
    assert process["stalled"] is None
    assert "unread" not in process
    assert "blocked" not in process


def test_page_is_served(loop: str) -> None:
    """The admin port serves it."""
    with served(app, loop) as service:
        server = AdminServer(
            "127.0.0.1", 0, service.telemetry.registry, pages={"/requests": requests_page(service.telemetry)}
        )
        server.start()
        try:
            from urllib.request import urlopen

            with urlopen(f"http://127.0.0.1:{server.port}/requests", timeout=10) as response:
                assert response.headers["Content-Type"] == "application/json"
                assert set(json.load(response)) == {"processes", "requests"}
        finally:
            server.close()
