"""aiohttp's connections: what a backend says unasked is nobody's answer (RFC 9112, section 9.2)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import Response

from services.gateway.asynchronous import Gateway
from services.gateway.backend import Backend
from services.gateway.connector import Connector
from services.telemetry import Telemetry

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
GOOD, STALE = b'{"message":"success"}', b'{"message":"stale"}'
WITHIN = 10.0


def test_who_leaves_the_queue_gives_its_turn_to_the_next() -> None:
    """Also when the turn has just come: the connection would lie idle while others wait for it."""

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    await hold.wait()
                    writer.write(ANSWER % (len(GOOD), GOOD))
            writer.close()

        hold = asyncio.Event()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        place = Backend(url, connect_timeout=WITHIN, timeout=60.0, limit=1)
        gateway = Gateway(place, Telemetry().upstream("backend"))
        await gateway.open()
        calls = [asyncio.create_task(gateway.relay(f"task{number}")) for number in range(4)]
        connector = gateway.session.connector
        assert isinstance(connector, Connector)
        while sum(map(len, connector._waiters.values())) < 3:  # noqa: ASYNC110 - aiohttp has no event for it
            await asyncio.sleep(0)
        release = connector._release_waiter

        def leave_as_the_turn_comes() -> None:
            connector._release_waiter = release  # type: ignore[method-assign]
            release()
            calls[1].cancel()

        connector._release_waiter = leave_as_the_turn_comes  # type: ignore[method-assign]
        hold.set()
        ended = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), WITHIN)
        assert [type(each) for each in ended] == [Response, asyncio.CancelledError, Response, Response]
        await gateway.close()
        server.close()

    asyncio.run(main())


def test_an_answer_that_nobody_asked_for_is_given_to_nobody() -> None:
    """The connection on which it came is closed; the next request goes out on another, and gets its own answer."""

    async def main() -> None:
        asked, idle, closed = 0, asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER % (len(GOOD), GOOD))
            if asked == 1:
                await idle.wait()
                writer.write(ANSWER % (len(STALE), STALE))
                assert await reader.read() == b""
                closed.set()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        gateway = Gateway(Backend(url, connect_timeout=WITHIN, timeout=WITHIN), Telemetry().upstream("backend"))
        await gateway.open()
        first = await gateway.relay("task1")
        idle.set()
        await asyncio.wait_for(closed.wait(), WITHIN)
        second = await gateway.relay("task1")
        await gateway.close()
        server.close()
        assert (first.body, second.body, asked) == (b'{"res":%b}' % GOOD, b'{"res":%b}' % GOOD, 2)

    asyncio.run(main())
