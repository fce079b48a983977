"""aiohttp's calls and waits, on its own client and a real server."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
import uvloop

from inflight import upstream
from tests.eventually import eventually
from tests.inflight.upstream import Upstream
from tests.inflight.watching import Watching, until

Session = aiohttp.ClientSession


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """The hook, as from the service's start on."""
    hook("clients.aiohttp")


def run(program: Callable[[Session], Awaitable[object]], loop: str = "asyncio", **options: Any) -> None:
    """Run a program with a session of its own."""

    async def main() -> None:
        connector = aiohttp.TCPConnector(limit=options.pop("limit", 100))
        async with Session(connector=connector, **options) as session:
            await program(session)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(asyncio.wait_for(main(), 20))


async def get(session: Session, url: str) -> bytes:
    async with session.get(url) as response:
        return await response.read()


def test_a_call_is_counted_by_host_and_waits_for_nobody(watching: Watching, server: Upstream, loop: str) -> None:
    """It is in the gauge while it lasts, in the histogram and the request's ledger when its body is here."""

    async def program(session: Session) -> None:
        with watching.request() as ledger:
            call = asyncio.create_task(get(session, f"{server.url}/held"))
            await until(lambda: server.seen, 1)
            assert watching.open_calls() == 1
            await asyncio.sleep(0.05)  # the kernel's clock has steps of 4 ms
            server.release()
            assert await call == b"xx"
        assert ledger.spent["upstream"] > 0
        assert ledger.spent["pool"] < ledger.spent["upstream"]

    run(program, loop)
    assert watching.calls(server.name) == watching.waits() == 1
    assert watching.at_rest()


def test_the_wait_for_a_connection_is_no_time_of_the_upstreams(watching: Watching, server: Upstream, loop: str) -> None:
    """Two calls and one connection: the second waits for the pool as long as the first takes."""

    async def program(session: Session) -> None:
        began = time.perf_counter()
        calls = [asyncio.create_task(get(session, f"{server.url}/held")) for _ in range(2)]
        await until(watching.waiting, 1)
        await asyncio.sleep(0.1)
        server.release()
        await asyncio.gather(*calls)
        took = time.perf_counter() - began
        assert watching.waited() >= 0.1
        assert watching.took(server.name) + watching.waited() <= 2 * took

    run(program, loop, limit=1)
    assert watching.calls(server.name) == watching.waits() == 2
    assert watching.took(server.name) < watching.waited() * 2 + 0.1
    assert watching.at_rest()


def test_many_calls_through_few_connections(watching: Watching, server: Upstream) -> None:
    """18 calls, 10 connections, 0.3 s each: 8 have waited for one, each as long as a call takes."""

    async def program(session: Session) -> None:
        await asyncio.gather(*(get(session, f"{server.url}/?delay=0.3") for _ in range(18)))

    run(program, limit=10)
    assert watching.waits() == watching.calls(server.name) == 18
    assert watching.value("http_request_wait_seconds_bucket", queue="pool", le="0.1") == 10
    assert watching.waited() >= 8 * 0.3 * 0.99


def test_a_call_that_is_cancelled_in_the_queue_leaves_it(watching: Watching, server: Upstream) -> None:
    """Nothing waits any more, both calls are counted as cancelled."""

    async def program(session: Session) -> None:
        calls = [asyncio.create_task(get(session, f"{server.url}/held")) for _ in range(2)]
        await until(watching.waiting, 1)
        for call in calls:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2

    run(program, limit=1)
    assert watching.all_calls() == {(server.name, "cancelled"): 2}
    assert watching.at_rest()


def test_a_call_that_times_out_in_the_queue_never_reached_the_upstream(watching: Watching, server: Upstream) -> None:
    """What aiohttp raises comes through; the outcome says that there was no connection."""

    async def program(session: Session) -> None:
        first = asyncio.create_task(get(session, f"{server.url}/held"))
        await until(lambda: server.seen, 1)
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await session.get(server.url, timeout=aiohttp.ClientTimeout(connect=0.05))
        server.release()
        await first

    run(program, limit=1)
    assert watching.all_calls() == {(server.name, "ok"): 1, (server.name, "no_connection"): 1}
    assert watching.at_rest()


def test_a_call_that_times_out_at_the_upstream_is_a_timeout(watching: Watching, server: Upstream) -> None:
    """The upstream had the request, and did not respond in time."""

    async def program(session: Session) -> None:
        with pytest.raises(TimeoutError):
            await session.get(f"{server.url}/held", timeout=aiohttp.ClientTimeout(total=0.05))

    run(program)
    assert watching.all_calls() == {(server.name, "timeout"): 1}
    assert watching.at_rest()


def test_an_upstream_that_is_not_there_is_an_error(watching: Watching) -> None:
    """The call ends once, and no gauge is left."""

    async def program(session: Session) -> None:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://127.0.0.1:1/")

    run(program)
    assert watching.all_calls() == {("127.0.0.1:1", "error"): 1}
    assert watching.at_rest()


def test_a_response_with_a_servers_fault_is_an_error(watching: Watching, server: Upstream) -> None:
    """500 and above; what the client asked for wrongly is a response like others."""

    async def program(session: Session) -> None:
        await get(session, f"{server.url}/?status=503")
        await get(session, f"{server.url}/?status=404")

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 1, (server.name, "error"): 1}


def test_a_call_ends_with_its_body(watching: Watching, server: Upstream, loop: str) -> None:
    """The headers alone are not the end of it."""

    async def program(session: Session) -> None:
        async with session.get(f"{server.url}/begun") as response:
            assert await response.content.readexactly(100)
            assert watching.open_calls() == 1
            server.release()
            await response.read()
            assert watching.open_calls() == 0

    run(program, loop)
    assert watching.all_calls() == {(server.name, "ok"): 1}


@pytest.mark.parametrize("leave", ["release", "close"])
def test_a_body_that_nobody_reads_ends_its_call(watching: Watching, server: Upstream, leave: str) -> None:
    """When its response is released or closed."""

    async def program(session: Session) -> None:
        response = await session.get(f"{server.url}/begun")
        assert watching.open_calls() == 1
        getattr(response, leave)()
        assert watching.open_calls() == 0

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 1}


def test_a_response_that_is_forgotten_is_a_call_while_it_holds_its_connection(
    watching: Watching, server: Upstream
) -> None:
    """The library keeps it with its connection, until the session is closed."""

    async def program(session: Session) -> None:
        await session.get(f"{server.url}/begun")
        gc.collect()
        assert watching.open_calls() == 1

    run(program)
    gc.collect()
    assert watching.all_calls() == {(server.name, "ok"): 1}
    assert watching.at_rest()


def test_a_body_that_breaks_off_is_an_error(watching: Watching, server: Upstream) -> None:
    """What aiohttp raises comes through."""

    async def program(session: Session) -> None:
        with pytest.raises(aiohttp.ClientPayloadError):
            await get(session, f"{server.url}/cut")

    run(program)
    assert watching.all_calls() == {(server.name, "error"): 1}


def test_a_program_that_fails_in_the_block_does_not_blame_the_upstream(watching: Watching, server: Upstream) -> None:
    """Its exception passes through, and the call is as good as its response was."""

    async def program(session: Session) -> None:
        with pytest.raises(ZeroDivisionError):
            async with session.get(f"{server.url}/begun"):
                raise ZeroDivisionError

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 1}


def test_a_reader_that_is_cancelled_cancels_the_call(watching: Watching, server: Upstream) -> None:
    """In the middle of the body."""

    async def program(session: Session) -> None:
        call = asyncio.create_task(get(session, f"{server.url}/begun"))
        await until(watching.open_calls, 1)
        await asyncio.sleep(0.05)
        call.cancel()
        await asyncio.wait([call])

    run(program)
    assert watching.all_calls() == {(server.name, "cancelled"): 1}
    assert watching.at_rest()


def test_a_redirect_is_one_call(watching: Watching, server: Upstream) -> None:
    """From the first request to the last byte."""
    run(lambda session: get(session, f"{server.url}/redirect"))
    assert watching.all_calls() == {(server.name, "ok"): 1}
    assert watching.at_rest()


def test_what_our_own_loop_holds_up_is_the_loops(watching: Watching, server: Upstream, loop: str) -> None:
    """The response is here after 0.1 s, and the loop blocked for 0.5: 0.3 s at least are not the upstream's."""

    async def program(session: Session) -> None:
        await get(session, server.url)  # a connection is there
        with watching.request() as ledger:
            began = time.perf_counter()
            call = asyncio.create_task(get(session, f"{server.url}/?delay=0.1"))
            await until(lambda: server.seen, 2)
            time.sleep(0.5)  # noqa: ASYNC251 - it blocks the loop, which is the point
            await call
            took = time.perf_counter() - began
        assert ledger.loop is not None
        assert ledger.loop >= 0.3
        assert ledger.spent["upstream"] + ledger.loop <= took

    run(program, loop)


def test_a_body_that_the_program_does_not_want_yet_is_not_late(watching: Watching, server: Upstream, loop: str) -> None:
    """Its end lies in the socket while the loop is free, as when the service's own client takes it slowly."""

    async def program(session: Session) -> None:
        watching.telemetry.start()
        with watching.request() as ledger:
            async with session.get(f"{server.url}/?size=1000000") as response:
                await asyncio.sleep(0.3)  # long enough to tell it from what a machine is late by
                assert len(await response.read()) == 1000000
        assert (ledger.loop or 0.0) < 0.2
        watching.telemetry.stop()

    run(program, loop)


def test_a_large_body_that_our_own_loop_holds_up_is_the_loops(watching: Watching, server: Upstream) -> None:
    """The lateness of a body is that of its end."""

    async def program(session: Session) -> None:
        with watching.request() as ledger:
            async with session.get(f"{server.url}/begun") as response:
                await response.content.readexactly(100)
                server.release()
                time.sleep(0.4)  # noqa: ASYNC251
                await response.read()
        assert ledger.loop is not None
        assert ledger.loop >= 0.3

    run(program)


def test_a_look_up_waits_for_a_thread_and_not_for_the_upstream(watching: Watching, server: Upstream) -> None:
    """The loop's default executor is full: that is a wait for a thread, also inside of a call."""
    from inflight.threads import DEFAULT_THREADS, watch_threads

    async def program(session: Session) -> None:
        loop = asyncio.get_running_loop()
        watch_threads()
        busy = threading.Event()
        jobs = [loop.run_in_executor(None, busy.wait, 10) for _ in range(DEFAULT_THREADS)]
        call = asyncio.create_task(get(session, f"http://localhost:{server.port}/"))
        await until(lambda: watching.waiting("thread"), 1)
        await asyncio.sleep(0.2)
        busy.set()
        await asyncio.gather(*jobs, call)

    resolver = aiohttp.ThreadedResolver

    async def main() -> None:
        async with Session(connector=aiohttp.TCPConnector(resolver=resolver())) as session:
            await program(session)

    asyncio.run(main())
    took = watching.took(f"localhost:{server.port}")
    assert watching.waited("thread") >= 0.2
    assert took < watching.waited("thread")
    assert watching.at_rest()


def test_the_users_own_traces_and_classes_stay(watching: Watching, server: Upstream) -> None:
    """A subclass of the session, a class for responses, traces: all are what they were, and the list is not ours."""
    seen: list[str] = []

    class OwnResponse(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            seen.append("start")
            return await super().start(connection)

    async def began(*_args: object) -> None:
        seen.append("trace")

    own = aiohttp.TraceConfig()
    own.on_request_start.append(began)
    traces = [own]

    async def program(session: Session) -> None:
        response = await session.get(server.url)
        assert type(response) is OwnResponse
        await response.read()

    run(program, trace_configs=traces, response_class=OwnResponse)
    assert seen == ["trace", "start"]
    assert traces == [own]
    assert watching.calls(server.name) == 1


def test_a_trace_of_the_users_that_fails_leaves_no_call_open(watching: Watching, server: Upstream) -> None:
    """Neither one that raises at the start, nor one that raises at the end."""

    async def fails(*_args: object) -> None:
        raise ZeroDivisionError

    for moment in ("on_request_start", "on_request_end"):
        own = aiohttp.TraceConfig()
        getattr(own, moment).append(fails)

        async def program(session: Session) -> None:
            with pytest.raises(ZeroDivisionError):
                await session.get(server.url)

        run(program, trace_configs=[own])
    assert watching.at_rest()


def test_a_websocket_is_a_call_until_it_is_open(watching: Watching) -> None:
    """A connection that stays open is no response that does not come."""
    from aiohttp import web

    async def main() -> None:
        async def shake(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.receive()
            return socket

        app = web.Application()
        app.router.add_get("/", shake)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with Session() as session, session.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}/"):
            assert watching.open_calls() == 0
        await runner.cleanup()

    asyncio.run(main())
    assert list(watching.all_calls().values()) == [1]


def test_a_call_inside_of_a_named_one_is_part_of_it(watching: Watching, server: Upstream) -> None:
    """The program's name wins, and its call has none of the wait for the pool."""

    async def program(session: Session) -> None:
        async def billing() -> None:
            async with upstream("billing"):
                await get(session, f"{server.url}/held")

        calls = [asyncio.create_task(billing()) for _ in range(2)]
        await until(watching.waiting, 1)
        began = time.perf_counter()
        await asyncio.sleep(0.1)
        server.release()
        await asyncio.gather(*calls)
        assert watching.waited() >= 0.1
        assert watching.took("billing") <= 2 * (time.perf_counter() - began) + 1 - watching.waited()

    run(program, limit=1)
    assert watching.all_calls() == {("billing", "ok"): 2}
    assert watching.at_rest()


def test_without_telemetry_a_call_is_a_call(server: Upstream) -> None:
    """At the start, before anything is measured."""
    seen: list[bytes] = []

    async def program(session: Session) -> None:
        seen.append(await get(session, server.url))

    run(program)
    assert seen == [b"xx"]


def test_a_session_that_was_made_before_is_left_alone(
    watching: Watching, server: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its calls are made, and not counted."""

    async def main() -> None:
        with monkeypatch.context() as before:
            before.setattr(Session, "__init__", Session.__init__.__wrapped__)  # type: ignore[attr-defined]
            session = Session()
        async with session:
            assert await get(session, server.url) == b"xx"

    asyncio.run(main())
    assert watching.all_calls() == {}
    eventually(watching.at_rest, True)


def test_a_response_says_itself_how_its_call_ended(watching: Watching, server: Upstream) -> None:
    """Not what the program was handling when it called, nor that it raises for a status below 500."""

    async def program(session: Session) -> None:
        try:
            raise TimeoutError  # noqa: TRY301 - the primary failed
        except TimeoutError:
            async with session.get(f"{server.url}/begun"):  # the fallback, of which only the status is wanted
                pass
        with pytest.raises(aiohttp.ClientResponseError):
            async with session.get(f"{server.url}/?status=404&size=500000") as response:
                response.raise_for_status()

    run(program)
    assert watching.all_calls() == {(server.name, "ok"): 2}
    assert watching.at_rest()
