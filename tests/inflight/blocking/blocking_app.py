"""An application that blocks its event loop in every way, each at a line that says so."""

from __future__ import annotations

import asyncio
import ctypes
import queue
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse

HELD = 0.4
"""Seconds that each piece of blocking takes."""
PATTERN, SUBJECT = re.compile(r"(a+)+$"), "a" * 23 + "b"


def sleep() -> None:
    time.sleep(HELD)  # LINE sleep


def receive() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(HELD)
    with ours, theirs, suppress(TimeoutError):
        ours.recv(1)  # LINE receive


def lock() -> None:
    held = threading.Lock()
    held.acquire()
    held.acquire(timeout=HELD)  # LINE lock


def wait_in_queue() -> None:
    with suppress(queue.Empty):
        queue.Queue[int]().get(timeout=HELD)  # LINE wait_in_queue


def compute() -> None:
    end = time.perf_counter() + HELD
    while time.perf_counter() < end:
        [number**2 for number in range(1000)]  # LINE compute


def match() -> None:
    end = time.perf_counter() + HELD
    while time.perf_counter() < end:
        PATTERN.match(SUBJECT)  # LINE match


def keep_lock() -> None:
    ctypes.PyDLL(None).usleep(int(HELD * 1e6))  # LINE keep_lock


def in_pieces() -> None:
    time.sleep(0.02)  # LINE in_pieces


def a_millisecond() -> None:
    time.sleep(0.001)


async def in_coroutine() -> None:
    time.sleep(HELD)  # noqa: ASYNC251 - the point  # LINE in_coroutine


KINDS: dict[str, Callable[[], None]] = {
    kind.__name__: kind for kind in (sleep, receive, lock, wait_in_queue, compute, match, keep_lock)
}


def line_of(mark: str) -> int:
    """Return the number of the line that is marked so."""
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# LINE {mark}"))


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Block before the first request."""
    time.sleep(HELD)  # noqa: ASYNC251 - the point  # LINE lifespan
    yield


app = FastAPI()
blocks_at_startup = FastAPI(lifespan=lifespan)
in_middleware = FastAPI()


@app.get("/kinds/{kind}")
async def handler(kind: str) -> None:
    """Block in the handler."""
    await asyncio.sleep(0.01)
    KINDS[kind]()


async def dependency() -> None:
    """Block in a dependency."""
    sleep()


@app.get("/dependency")
async def depends(_found: Annotated[None, Depends(dependency)]) -> None:
    """Do nothing itself."""


@in_middleware.middleware("http")
async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Block in middleware."""
    if request.url.path == "/middleware":
        sleep()
    return await call_next(request)


@in_middleware.get("/{name}")
async def behind(name: str, tasks: BackgroundTasks) -> None:
    """Block in a handler behind middleware, in a task that the middleware has started, and after the response."""
    if name == "behind":
        sleep()
    if name == "afterwards":
        tasks.add_task(in_coroutine)


@app.get("/stream/{name}")
async def stream(name: str) -> StreamingResponse:  # noqa: ARG001
    """Block in the middle of a response, in a task that the response has started."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        sleep()

    return StreamingResponse(chunks())


@app.get("/background")
async def background(tasks: BackgroundTasks) -> None:
    """Block after the response."""
    tasks.add_task(in_coroutine)


@app.get("/task")
async def task() -> None:
    """Block in a task of its own."""
    running.add(asyncio.create_task(in_coroutine()))


@app.get("/callback")
async def callback() -> None:
    """Block in a callback."""
    asyncio.get_running_loop().call_later(0.01, sleep)


@app.websocket("/ws/{room}")
async def websocket(socket: WebSocket, room: str) -> None:
    """Block in a WebSocket."""
    await socket.accept()
    await socket.receive_text()
    sleep()
    await socket.send_text(room)


@app.get("/pieces")
async def pieces() -> None:
    """Block in twenty short pieces in a second."""
    for _ in range(20):
        in_pieces()
        await asyncio.sleep(0.03)


@app.get("/thread")
async def thread() -> None:
    """Keep the interpreter's lock in another thread."""
    await anyio.to_thread.run_sync(keep_lock)


@app.get("/busy/{tasks}")
async def busy(tasks: int) -> None:
    """Keep the loop busy with many short tasks."""

    async def short() -> None:
        for _ in range(300):
            sum(range(200))
            await asyncio.sleep(0)

    await asyncio.gather(*(short() for _ in range(tasks)))


@app.get("/one_turn")
async def one_turn() -> None:
    """Fill single turns of the loop with many short callbacks, each turn longer than the threshold."""
    for _ in range(5):
        for _ in range(200):
            asyncio.get_running_loop().call_soon(a_millisecond)
        await asyncio.sleep(0)


@app.get("/slow")
async def slow() -> None:
    """Respond when something else has held the loop for longer."""
    await asyncio.sleep(HELD / 4)


@app.get("/ping")
async def ping() -> None:
    """Respond."""


running: set[asyncio.Task[Any]] = set()
