"""httpx's calls and waits, sync and async, on its own client and a real server."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpx
import pytest
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config

from inflight import upstream
from inflight.ledger import Ledger
from inflight.types import Receive, Scope, Send
from tests.eventually import eventually
from tests.inflight.server import respond
from tests.inflight.upstream import Upstream
from tests.inflight.watching import Watching, until
from tests.ports import listened_on

ONE = httpx.Limits(max_connections=1)


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """The hook, as from the service's start on."""
    hook("clients.httpx")


def run(program: Callable[[httpx.AsyncClient], Awaitable[object]], loop: str = "asyncio", **options: Any) -> None:
    """Run a program with a client of its own."""

    async def main() -> None:
        async with httpx.AsyncClient(**options) as client:
            await program(client)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(asyncio.wait_for(main(), 20))


def test_a_call_is_counted_by_host_and_waits_for_nobody(watching: Watching, server: Upstream, loop: str) -> None:
    """It is in the gauge while it lasts, in the histogram and the request's ledger when its body is here."""

    async def program(client: httpx.AsyncClient) -> None:
        with watching.request() as ledger:
            call = asyncio.create_task(client.get(f"{server.url}/held"))
            await until(lambda: server.seen, 1)
            assert watching.open_calls() == 1
            assert not watching.waiting()
            server.release()
            assert (await call).content == b"xx"
        assert ledger.spent["upstream"] > 0

    run(program, loop)
    assert watching.calls(server.name) == watching.waits() == 1
    assert watching.at_rest()


def test_refusals_of_the_pool_are_entirely_the_pools(watching: Watching, server: Upstream, loop: str) -> None:
    """10 connections, 30 calls: 20 wait 0.3 s for nothing, and none of them was ever the upstream's."""

    async def program(client: httpx.AsyncClient) -> None:
        calls = [asyncio.create_task(client.get(f"{server.url}/held")) for _ in range(30)]
        await until(lambda: (watching.waiting(), watching.open_calls()), (20, 10))
        await until(lambda: sum(call.done() for call in calls), 20)
        server.release()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(type(outcome) is httpx.PoolTimeout for outcome in outcomes) == 20

    run(program, loop, limits=httpx.Limits(max_connections=10), timeout=httpx.Timeout(15, pool=0.3))
    assert watching.all_calls() == {(server.name, "ok"): 10, (server.name, "no_connection"): 20}
    assert watching.waited() >= 20 * 0.3 * 0.99
    assert watching.took(server.name, "no_connection") < 1
    assert watching.at_rest()


def test_the_wait_for_a_connection_is_no_time_of_the_upstreams(watching: Watching, server: Upstream) -> None:
    """Two calls and one connection: the second waits for the pool as long as the first takes."""

    async def program(client: httpx.AsyncClient) -> None:
        began = time.perf_counter()
        calls = [asyncio.create_task(client.get(f"{server.url}/held")) for _ in range(2)]
        await until(watching.waiting, 1)
        await asyncio.sleep(0.1)
        server.release()
        await asyncio.gather(*calls)
        assert watching.waited() >= 0.1
        assert watching.took(server.name) + watching.waited() <= 2 * (time.perf_counter() - began)

    run(program, limits=ONE)
    assert watching.calls(server.name) == watching.waits() == 2


def test_a_call_that_is_cancelled_leaves_no_gauge(watching: Watching, server: Upstream) -> None:
    """Neither in the queue nor at the upstream."""

    async def program(client: httpx.AsyncClient) -> None:
        calls = [asyncio.create_task(client.get(f"{server.url}/held")) for _ in range(2)]
        await until(watching.waiting, 1)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert all(call.cancelled() for call in calls)

    run(program, limits=ONE)
    assert watching.all_calls() == {(server.name, "cancelled"): 2}
    assert watching.at_rest()


def test_calls_that_fail_say_how(watching: Watching, server: Upstream) -> None:
    """A timeout, a server that is not there, one that breaks off, one that is at fault."""

    async def program(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"{server.url}/held", timeout=httpx.Timeout(20, read=0.05))
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{server.url}/cut")
        await client.get(f"{server.url}/?status=503")

    run(program)
    assert watching.all_calls() == {
        (server.name, "timeout"): 1,
        ("127.0.0.1:1", "error"): 1,
        (server.name, "error"): 2,
    }
    assert watching.at_rest()


def test_a_call_ends_with_its_body(watching: Watching, server: Upstream) -> None:
    """The headers alone are not the end of it."""

    async def program(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", f"{server.url}/begun") as response:
            body = response.aiter_bytes()
            assert await anext(body) == b"x" * 100
            assert watching.open_calls() == 1
            server.release()
            assert [chunk async for chunk in body] == [b"x" * 100]
            assert watching.open_calls() == 0

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 1}


def test_the_programs_own_work_between_two_reads_is_no_time_of_the_upstreams(
    watching: Watching, server: Upstream
) -> None:
    """Nor is a client that takes the pieces slowly; the call goes on meanwhile, and holds its connection."""

    async def program(client: httpx.AsyncClient) -> None:
        with watching.request() as ledger:
            began = time.perf_counter()
            async with client.stream("GET", f"{server.url}/begun") as response:
                await asyncio.sleep(0.2)
                body = response.aiter_bytes()
                await anext(body)
                await asyncio.sleep(0.2)
                assert watching.open_calls() == 1
                server.release()
                assert [chunk async for chunk in body] == [b"x" * 100]
            assert 0 < ledger.spent["upstream"] < time.perf_counter() - began - 0.39

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 1}
    assert watching.at_rest()


def test_a_body_that_nobody_reads_ends_its_call(watching: Watching, server: Upstream) -> None:
    """The program left the block; and where it fails in there, the upstream is not to blame."""

    async def program(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", f"{server.url}/begun"):
            pass
        with pytest.raises(ZeroDivisionError):
            async with client.stream("GET", f"{server.url}/begun"):
                raise ZeroDivisionError

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 2}
    assert watching.at_rest()


def test_a_response_that_is_forgotten_ends_its_call(watching: Watching, server: Upstream) -> None:
    """Nobody closed it."""

    async def program(client: httpx.AsyncClient) -> None:
        await client.send(client.build_request("GET", f"{server.url}/begun"), stream=True)
        gc.collect()
        await until(watching.at_rest, True)

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 1}


def test_what_our_own_loop_holds_up_is_the_loops(watching: Watching, server: Upstream, loop: str) -> None:
    """The response is here after 0.1 s, and the loop blocked for 0.5: 0.3 s at least are not the upstream's."""

    async def program(client: httpx.AsyncClient) -> None:
        await client.get(server.url)  # a connection is there
        with watching.request() as ledger:
            began = time.perf_counter()
            call = asyncio.create_task(client.get(f"{server.url}/?delay=0.1"))
            await until(lambda: server.seen, 2)
            time.sleep(0.5)  # noqa: ASYNC251 - it blocks the loop, which is the point
            await call
            took = time.perf_counter() - began
        assert ledger.loop is not None
        assert ledger.loop >= 0.3
        assert ledger.spent["upstream"] + ledger.loop <= took

    run(program, loop)


def test_a_connection_that_is_free_is_no_wait_for_the_pool(watching: Watching, server: Upstream, loop: str) -> None:
    """A loop that is blocked between the pool and the connection holds up the call: neither pool nor upstream does."""

    async def program(client: httpx.AsyncClient) -> None:
        with watching.request() as ledger:
            call = asyncio.create_task(client.get(server.url))
            await asyncio.sleep(0)
            time.sleep(0.3)  # noqa: ASYNC251 - it blocks the loop, which is the point
            await call
        assert ledger.loop is not None
        assert ledger.loop >= 0.29

    run(program, loop)
    assert watching.waited() < 0.1


def test_the_users_own_trace_stays(watching: Watching, server: Upstream) -> None:
    """It sees every event, and the request's extensions are the user's afterwards."""
    seen: list[str] = []

    async def trace(event: str, _info: object) -> None:
        seen.append(event)

    async def program(client: httpx.AsyncClient) -> None:
        response = await client.get(server.url, extensions={"trace": trace})
        assert response.request.extensions["trace"] is trace
        assert "trace" not in (await client.get(server.url)).request.extensions

    run(program)
    assert seen[0] == "connection.connect_tcp.started"
    assert seen[-1] == "http11.response_closed.complete"
    assert watching.waits() == 2


def test_a_transport_of_the_users_own_is_watched_through_its_parent(watching: Watching, server: Upstream) -> None:
    """Its class and its `retries` stay what they are."""

    class Transport(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.headers["x-own"] = "1"
            return await super().handle_async_request(request)

    async def program(client: httpx.AsyncClient) -> None:
        response = await client.get(server.url)
        assert response.request.headers["x-own"] == "1"

    run(program, transport=Transport(retries=1))
    assert watching.calls(server.name) == 1


def test_a_call_inside_of_a_named_one_is_part_of_it(watching: Watching, server: Upstream) -> None:
    """The program's name wins."""

    async def program(client: httpx.AsyncClient) -> None:
        async with upstream("billing"):
            await client.get(server.url)

    run(program)
    assert watching.all_calls() == {("billing", "ok"): 1}
    assert watching.waits() == 1


def test_a_client_in_threads_waits_for_the_pool(watching: Watching, server: Upstream) -> None:
    """Two threads and one connection of the sync client."""
    with httpx.Client(limits=ONE, timeout=15) as client, ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(client.get, f"{server.url}/held") for _ in range(2)]
        eventually(lambda: (watching.waiting(), watching.open_calls()), (1, 1))
        time.sleep(0.1)  # so that the wait is long enough to be seen
        server.release()
        assert [call.result().content for call in calls] == [b"xx"] * 2
    assert watching.all_calls() == {(server.name, "ok"): 2}
    assert watching.waited() >= 0.1
    assert watching.at_rest()


def test_a_sync_client_is_followed_to_the_end_of_the_body(watching: Watching, server: Upstream) -> None:
    """And its failures say how; a trace of the user's is called."""
    seen: list[str] = []
    with httpx.Client() as client:
        with client.stream("GET", f"{server.url}/begun", extensions={"trace": lambda event, _info: seen.append(event)}):
            assert watching.open_calls() == 1
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"{server.url}/held", timeout=0.05)
    assert watching.all_calls() == {(server.name, "ok"): 1, (server.name, "timeout"): 1}
    assert "http11.receive_response_headers.complete" in seen
    assert watching.at_rest()


def test_a_sync_client_that_works_between_two_reads_is_not_at_the_upstream(
    watching: Watching, server: Upstream
) -> None:
    """Its ledger and the histogram have the reads alone."""
    with watching.request() as ledger, httpx.Client() as client:
        began = time.perf_counter()
        with client.stream("GET", f"{server.url}/begun") as response:
            body = response.iter_bytes()
            next(body)
            time.sleep(0.2)
            server.release()
            assert list(body) == [b"x" * 100]
        took = time.perf_counter() - began
    assert 0 < ledger.spent["upstream"] < took - 0.19
    assert watching.took(server.name) < took - 0.19


def test_a_response_says_itself_how_its_call_ended(watching: Watching, server: Upstream) -> None:
    """Not what the program was handling when it called, nor that it raises for a status below 500."""

    async def program(client: httpx.AsyncClient) -> None:
        try:
            raise httpx.ConnectTimeout("the primary's")  # noqa: TRY301 - the primary failed
        except httpx.ConnectTimeout:
            assert (await client.get(f"{server.url}/?size=500000")).status_code == 200
        with pytest.raises(httpx.HTTPStatusError):
            async with client.stream("GET", f"{server.url}/?status=404&size=500000") as response:
                response.raise_for_status()

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 2}
    assert watching.at_rest()


def test_the_wait_for_a_thread_to_look_a_name_up_is_no_time_of_the_upstreams(
    watching: Watching, server: Upstream
) -> None:
    """The loop's own executor is full; uvloop looks names up with threads of its own."""

    async def program(client: httpx.AsyncClient) -> None:
        watching.telemetry.start()
        loop, let_go = asyncio.get_running_loop(), threading.Event()
        loop.set_default_executor(ThreadPoolExecutor(1))
        held = loop.run_in_executor(None, let_go.wait, 15)
        with watching.request() as ledger:
            call = asyncio.create_task(client.get(f"http://localhost:{server.port}/"))
            await until(lambda: watching.waiting("thread"), 1)
            await asyncio.sleep(0.2)
            let_go.set()
            await call
        assert ledger.spent["thread"] >= 0.2
        assert ledger.spent["upstream"] < ledger.spent["thread"]
        await held
        watching.telemetry.stop()

    run(program)
    assert watching.took(f"localhost:{server.port}") < watching.waited("thread")


def test_the_wait_for_a_stream_is_the_pools_and_not_the_loops(watching: Watching) -> None:
    """HTTP/2: one connection that takes two requests at once, for six."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await respond(send)

    async def program(client: httpx.AsyncClient) -> None:
        config, stop = Config(), asyncio.Event()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config.bind, config.h2_max_concurrent_streams, config.loglevel = [f"127.0.0.1:{port}"], 2, "CRITICAL"
        serving = asyncio.create_task(serve(cast(Any, app), config, shutdown_trigger=cast(Any, stop.wait)))
        await until(lambda: listened_on(port), wanted=True)
        url = f"http://127.0.0.1:{port}/"
        await client.get(url)

        async def called() -> Ledger:
            with watching.request() as ledger:
                assert (await client.get(url)).http_version == "HTTP/2"
            return ledger

        ledgers = await asyncio.gather(*(called() for _ in range(6)))
        assert max(each.spent["pool"] for each in ledgers) >= 0.4 * 0.99
        assert max(each.loop or 0.0 for each in ledgers) < 0.2
        stop.set()
        await serving

    run(program, http1=False, http2=True)
