"""redis-py's waits and commands, sync and async, on a real redis."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from redis import asyncio as aio
from redis.backoff import NoBackoff
from redis.retry import Retry

from inflight import upstream
from tests.eventually import eventually
from tests.inflight.watching import Watching, until

BlockingPool: Any = redis.BlockingConnectionPool


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """The hook, as from the service's start on."""
    hook("pools.redis")


@pytest.fixture
def name(redis_server: int) -> str:
    """The label of the server's calls."""
    return f"127.0.0.1:{redis_server}"


def test_commands_and_pipelines_are_calls(watching: Watching, redis_server: int, name: str) -> None:
    """A pipeline is one; a pool that does not block has no queue, and says nothing of one."""
    with redis.Redis(host="127.0.0.1", port=redis_server) as client:
        assert client.set("a", 1)
        assert client.get("a") == b"1"
        with client.pipeline() as pipeline:
            assert pipeline.get("a").incr("a").execute() == [b"1", 2]
        with pytest.raises(redis.ResponseError):
            client.execute_command("NO-SUCH-COMMAND")
    assert watching.all_calls() == {(name, "ok"): 3, (name, "error"): 1}
    assert watching.waiting() is None
    assert watching.at_rest()


def test_a_pool_that_names_no_host_is_localhosts(watching: Watching, redis_server: int) -> None:
    """As redis-py has it: two servers on ports of their own are not one."""
    with redis.Redis(connection_pool=BlockingPool(port=redis_server)) as client:
        assert client.ping()
    assert watching.all_calls() == {(f"localhost:{redis_server}", "ok"): 1}


def test_async_commands_and_pipelines_are_calls(watching: Watching, name: str) -> None:
    """Of a client by URL."""

    async def program() -> None:
        async with aio.Redis.from_url(f"redis://{name}/0") as client:
            assert await client.set("b", 1)
            async with client.pipeline() as pipeline:
                pipeline.get("b")
                pipeline.incr("b")
                assert await pipeline.execute() == [b"1", 2]

    asyncio.run(program())
    assert watching.all_calls() == {(name, "ok"): 2}
    assert watching.waiting() is None
    assert watching.at_rest()


def test_what_an_empty_pool_refuses_never_reached_redis(watching: Watching, redis_server: int, name: str) -> None:
    """A pool that does not block raises at once: the server is not at fault, and there is no queue."""

    async def program() -> None:
        async with aio.Redis(host="127.0.0.1", port=redis_server, max_connections=1) as client:
            held: Any = asyncio.ensure_future(client.blpop(["refusals"], 0.1))
            await until(watching.open_calls, 1)
            with pytest.raises(redis.ConnectionError):
                await client.ping()
            await held

    asyncio.run(program())
    full: Any = redis.ConnectionPool(max_connections=0, host="127.0.0.1", port=redis_server)
    full.max_connections = 0  # else it is the default
    with pytest.raises(redis.ConnectionError):
        redis.Redis(connection_pool=full).ping()
    assert watching.all_calls() == {(name, "ok"): 1, (name, "no_connection"): 2}
    assert watching.waiting() is None


def test_a_pool_that_blocks_is_a_queue_for_threads(watching: Watching, redis_server: int, name: str) -> None:
    """The second of two waits, while the first has the connection."""
    pool = BlockingPool(max_connections=1, timeout=15, host="127.0.0.1", port=redis_server)
    with redis.Redis(connection_pool=pool) as client, ThreadPoolExecutor(2) as threads:
        first = threads.submit(client.blpop, ["threads"], 15)
        eventually(watching.open_calls, 1)
        second = threads.submit(client.ping)
        eventually(watching.waiting, 1)
        time.sleep(0.1)  # so that the wait is long enough to be seen
        with redis.Redis(host="127.0.0.1", port=redis_server) as other:
            other.lpush("threads", "x")
        assert first.result() == (b"threads", b"x")
        assert second.result() is True
        assert watching.waited() >= 0.1
        assert watching.took(name) >= 0.1
    assert watching.all_calls() == {(name, "ok"): 3}
    assert watching.at_rest()
    pool.disconnect()


def test_an_async_pool_that_blocks_is_a_queue(watching: Watching, redis_server: int, name: str) -> None:
    """And one that gives up waiting is no fault of the server's."""

    async def program() -> None:
        pool = aio.BlockingConnectionPool(max_connections=1, timeout=0.2, host="127.0.0.1", port=redis_server)
        async with aio.Redis(connection_pool=pool) as client:
            first: asyncio.Task[Any] = asyncio.ensure_future(client.blpop(["async"], 15))
            await until(watching.open_calls, 1)
            second: asyncio.Task[Any] = asyncio.ensure_future(client.ping())
            await until(watching.waiting, 1)
            with pytest.raises(redis.ConnectionError, match="No connection available"):
                await second
            first.cancel()
            await asyncio.wait([first])
        await pool.disconnect()

    asyncio.run(asyncio.wait_for(program(), 30))
    assert watching.all_calls() == {(name, "no_connection"): 1, (name, "cancelled"): 1}
    assert watching.waited() >= 0.2 * 0.99
    assert watching.at_rest()


def test_a_server_that_is_not_there_is_an_error(watching: Watching) -> None:
    """To connect is no wait for the pool."""
    pool = BlockingPool(host="127.0.0.1", port=1)
    with redis.Redis(connection_pool=pool) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    assert watching.all_calls() == {("127.0.0.1:1", "error"): 1}
    assert watching.at_rest()


def test_a_command_inside_of_a_named_call_is_part_of_it(watching: Watching, redis_server: int) -> None:
    """The program's name wins."""
    with redis.Redis(host="127.0.0.1", port=redis_server) as client, upstream("cache"):
        client.ping()
    assert watching.all_calls() == {("cache", "ok"): 1}


def test_a_server_that_does_not_respond_is_a_timeout(watching: Watching) -> None:
    """Redis' own exception for it is none of Python's."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with (
            redis.Redis(host="127.0.0.1", port=port, socket_timeout=0.1, retry=Retry(NoBackoff(), 0)) as client,
            pytest.raises(redis.TimeoutError),
        ):
            client.ping()
    assert watching.all_calls() == {(f"127.0.0.1:{port}", "timeout"): 1}
