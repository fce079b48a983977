"""Waits for a thread, measured at the pools."""

import asyncio
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Annotated

import anyio.to_thread
import pytest
import uvloop
from fastapi import BackgroundTasks, Depends, FastAPI
from starlette.responses import StreamingResponse

from inflight import upstream
from inflight.telemetry import Telemetry
from inflight.threads import DEFAULT_THREADS
from inflight.types import Receive, Scope, Send
from tests.eventually import eventually
from tests.inflight.server import respond, served, timing_of


def dependency() -> str:
    """Be a plain dependency."""
    return "yielded"


app = FastAPI()


@app.get("/def")
def plain() -> str:
    """Run in a thread."""
    return threading.current_thread().name


@app.get("/dependency")
async def depends(found: Annotated[str, Depends(dependency)]) -> str:
    """Run on the loop, after a dependency that ran in a thread."""
    return found


@app.get("/to_thread")
async def to_thread() -> None:
    """Use the loop's default executor."""
    await asyncio.to_thread(int)


@app.get("/executor")
async def executor() -> None:
    """Use it in the other way."""
    await asyncio.get_running_loop().run_in_executor(None, int)


@app.get("/names")
async def names() -> None:
    """Look a name up, which runs there, too."""
    await asyncio.get_running_loop().getaddrinfo("localhost", 80)


@app.get("/async")
async def coroutine() -> None:
    """Need no thread."""


@app.get("/stream")
def stream() -> StreamingResponse:
    """Respond with a plain generator, each piece of which is made in a thread."""
    return StreamingResponse(iter([b"a", b"b"]))


@app.get("/background")
async def background(tasks: BackgroundTasks) -> None:
    """Leave work to a thread for after the response."""
    tasks.add_task(int)


@pytest.mark.parametrize(
    ("path", "threads", "in_header"),
    [
        ("/def", 2, True),  # the handler, and the validation of what it returned
        ("/dependency", 1, True),
        ("/to_thread", 1, True),
        ("/executor", 1, True),
        ("/names", 1, True),
        ("/async", 0, False),
        ("/stream", 4, True),  # the handler, two pieces, and the end
        ("/background", 1, False),
    ],
)
def test_each_wait_for_a_thread_is_timed_where_it_is_spent(loop: str, path: str, threads: int, in_header: bool) -> None:
    """Whoever needs a thread, without anything wrapped; a request that needs none has no such entry."""
    if (path, loop) == ("/names", "uvloop"):
        pytest.skip("uvloop looks names up with threads of its own, which nobody can watch")
    with served(app, loop) as server:
        response = server.get(path)
        assert b" 200 OK" in response
        assert ("thread" in timing_of(response)) is in_header
        eventually(lambda: server.value("http_request_wait_seconds_count", queue="thread") or 0, threads)
        eventually(lambda: server.telemetry.live.waiting()["thread"], 0)


def test_requests_that_wait_for_a_thread_are_counted() -> None:
    """Anyio's limiter is the queue that plain handlers stand in."""
    telemetry = Telemetry()
    value = telemetry.registry.get_sample_value

    async def main() -> None:
        telemetry.start()
        limiter = anyio.to_thread.current_default_thread_limiter()
        assert telemetry.live.waiting()["thread"] == 0
        for number in range(int(limiter.total_tokens)):
            limiter.acquire_on_behalf_of_nowait(number)
        waiting = asyncio.create_task(anyio.to_thread.run_sync(int))
        while telemetry.live.waiting()["thread"] != 1:  # noqa: ASYNC110 - a gauge sends no event
            await asyncio.sleep(0)
        assert value("thread_pool_threads_busy", {"pool": "anyio"}) == limiter.total_tokens
        limiter.release_on_behalf_of(0)
        await waiting
        assert telemetry.live.waiting()["thread"] == 0
        telemetry.stop()

    asyncio.run(main())


def test_jobs_that_wait_for_the_default_executor_are_counted() -> None:
    """It has few threads: what the next one waits for is as much a queue as any."""
    telemetry = Telemetry()
    gate = threading.Event()

    async def main() -> None:
        telemetry.start()
        jobs = [asyncio.create_task(asyncio.to_thread(gate.wait, 10)) for _ in range(DEFAULT_THREADS + 3)]
        while telemetry.live.waiting()["thread"] != 3:  # noqa: ASYNC110 - a gauge sends no event
            await asyncio.sleep(0)
        jobs[-1].cancel()
        while telemetry.live.waiting()["thread"] != 2:  # noqa: ASYNC110 - a gauge sends no event
            await asyncio.sleep(0)
        gate.set()
        await asyncio.wait(jobs)
        assert telemetry.live.waiting()["thread"] == 0
        telemetry.stop()

    asyncio.run(main())


@pytest.mark.parametrize("before", [True, False])
def test_an_executor_of_the_programs_own_stays_and_is_a_queue_too(loop: str, before: bool) -> None:
    """Nobody knows how many threads it has: there is no gauge of one that is set while the loop is watched."""
    telemetry = Telemetry()
    gate = threading.Event()

    async def main() -> None:
        if before:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        telemetry.start()
        if not before:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        jobs = [asyncio.create_task(asyncio.to_thread(gate.wait, 10)) for _ in range(3)]
        while telemetry.live.waiting()["thread"] != 2:  # noqa: ASYNC110 - a gauge sends no event
            await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(*jobs) == [True] * 3
        telemetry.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(main())
    value = telemetry.registry.get_sample_value
    assert value("http_request_wait_seconds_count", {"queue": "thread"}) == 3
    assert before or value("thread_pool_threads", {"pool": "executor"}) is None


def test_a_job_is_the_standard_librarys_in_all_else() -> None:
    """Results, exceptions, executors that are named, and one that takes no more; twice watched is watched once."""
    telemetry = Telemetry()

    def fails() -> None:
        raise LookupError

    async def main() -> None:
        for _ in range(2):
            telemetry.start()
            telemetry.stop()
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, divmod, 7, 2) == (3, 1)
        with pytest.raises(LookupError):
            await asyncio.to_thread(fails)
        with ThreadPoolExecutor(1) as own:
            assert await loop.run_in_executor(own, int) == 0
        with ProcessPoolExecutor(1, get_context("spawn")) as processes:  # it could not be sent a job of ours
            assert await loop.run_in_executor(processes, divmod, 9, 4) == (2, 1)
        await loop.shutdown_default_executor()
        with pytest.raises(RuntimeError, match="shut"):
            loop.run_in_executor(None, int)

    asyncio.run(main())
    value = telemetry.registry.get_sample_value
    assert value("http_request_wait_seconds_count", {"queue": "thread"}) == 4
    assert value("thread_pool_threads_busy", {"pool": "executor"}) == 0


def test_a_call_in_the_executors_thread_is_the_requests_own(loop: str) -> None:
    """`run_in_executor` brings no context along; whose job it is, is known all the same."""

    def call() -> None:
        with upstream("there"):
            time.sleep(0.05)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.get_running_loop().run_in_executor(None, call)
        await respond(send)

    with served(app, loop) as server:
        assert timing_of(server.get())["upstream"] >= 0.05


def test_a_wait_for_a_thread_of_an_executor_that_is_named_is_the_requests_own(loop: str) -> None:
    """A program's own `ThreadPoolExecutor` is a queue like the loop's; how busy its threads are has no gauge."""
    own = ThreadPoolExecutor(1)

    def call() -> None:
        with upstream("there"):
            time.sleep(0.05)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        running = asyncio.get_running_loop()
        first, second = running.run_in_executor(own, time.sleep, 0.2), running.run_in_executor(own, call)
        await asyncio.gather(first, second)
        await respond(send)

    with own, served(app, loop) as server:
        timing = timing_of(server.get())
        assert timing["thread"] >= 0.1
        assert timing["upstream"] >= 0.05
        assert server.value("http_requests_waiting", queue="thread") == 0
        assert server.value("thread_pool_threads_busy", pool="executor") == 0


def test_a_coroutine_function_is_refused_as_the_loop_refuses_it() -> None:
    """By uvloop, at once."""

    async def main() -> None:
        running = asyncio.get_running_loop()
        with pytest.raises(TypeError, match="coroutines cannot be used"):
            running.run_in_executor(None, coroutine)
        telemetry.start()
        with pytest.raises(TypeError, match="coroutines cannot be used"):
            running.run_in_executor(None, coroutine)
        telemetry.stop()

    telemetry = Telemetry()
    uvloop.run(main())
