"""asyncpg's waits and queries, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from inflight import upstream
from tests.inflight.watching import Watching, until

HOLD = "select pg_advisory_lock(1), pg_advisory_unlock(1)"
"""Waits for as long as another session holds the lock."""


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """The hook, as from the service's start on."""
    hook("pools.asyncpg")


@pytest.fixture
def name(postgresql: int) -> str:
    """The label of the server's calls."""
    return f"127.0.0.1:{postgresql}"


def run(name: str, program: Callable[[Any], Awaitable[object]], size: int = 1, **options: Any) -> None:
    """Run a program with a pool of connections that are opened when they are wanted."""

    async def main() -> None:
        dsn = f"postgresql://postgres@{name}/postgres"
        async with asyncpg.create_pool(dsn, min_size=0, max_size=size, **options) as pool:
            await program(pool)

    asyncio.run(asyncio.wait_for(main(), 30))


async def holding(watching: Watching, name: str, queries: Callable[[], list[asyncio.Task[Any]]], waiting: int) -> None:
    """Begin the queries while a session of its own holds the lock, until so many wait; hold it for 0.1 s more."""
    holder = await asyncpg.connect(f"postgresql://postgres@{name}/postgres")
    await holder.execute("select pg_advisory_lock(1)")
    tasks = queries()
    await until(watching.waiting, waiting)
    await until(watching.open_calls, len(tasks) - waiting)
    await asyncio.sleep(0.1)
    await holder.execute("select pg_advisory_unlock(1)")
    await asyncio.gather(*tasks)
    await holder.close()


@pytest.mark.parametrize("way", ["pool", "block", "await"])
def test_the_pool_is_a_queue(watching: Watching, name: str, way: str) -> None:
    """Whichever way a connection is acquired: two of three wait, and the wait is none of the server's time."""

    async def program(pool: Any) -> None:
        async def query() -> None:
            if way == "pool":
                await pool.fetch(HOLD)
            elif way == "block":
                async with pool.acquire(timeout=15) as connection:
                    await connection.fetchrow(HOLD)
            else:
                connection = await pool.acquire()
                try:
                    await connection.execute(HOLD)
                finally:
                    await pool.release(connection)

        await holding(watching, name, lambda: [asyncio.create_task(query()) for _ in range(3)], 2)
        assert watching.waited() >= 2 * 0.1

    run(name, program)
    assert watching.waits() == 3
    assert watching.calls("postgresql") == 1, "the connection that the pool has opened"
    assert watching.at_rest()


def test_an_acquire_that_times_out_is_the_pools(watching: Watching, name: str) -> None:
    """What asyncpg raises comes through."""

    async def program(pool: Any) -> None:
        async with pool.acquire():
            with pytest.raises(TimeoutError):
                await pool.acquire(timeout=0.1)

    run(name, program)
    assert watching.waits() == 2
    assert watching.waited() >= 0.1 * 0.99
    assert watching.at_rest()


def test_queries_are_calls_and_say_how_they_ended(watching: Watching, name: str) -> None:
    """Also those of a prepared statement, and the transaction's own."""

    async def program(pool: Any) -> None:
        async with pool.acquire() as connection:
            assert isinstance(connection, asyncpg.Connection)
            assert await connection.fetchval("select 1") == 1
            with pytest.raises(asyncpg.UndefinedTableError):
                await connection.execute("select * from missing")
            async with connection.transaction():
                await connection.executemany("select $1::int", [(1,), (2,)])
            statement = await connection.prepare("select 2")
            assert await statement.fetchval() == 2
            with pytest.raises(TimeoutError):
                await connection.execute("select pg_sleep(10)", timeout=0.05)

    run(name, program)
    counts = watching.all_calls()
    assert counts[name, "error"] == counts[name, "timeout"] == 1
    assert counts["postgresql", "ok"] == 2, "one connection, one prepared statement"
    assert watching.at_rest()


def test_a_query_that_is_cancelled_leaves_no_gauge(watching: Watching, name: str) -> None:
    """Neither at the server nor in the queue."""

    async def program(pool: Any) -> None:
        await pool.execute("select 1")  # a connection is there
        queries = [asyncio.create_task(pool.execute("select pg_sleep(10)")) for _ in range(2)]
        await until(lambda: (watching.waiting(), watching.open_calls()), (1, 1))
        for query in queries:
            query.cancel()
        await asyncio.wait(queries)
        assert all(query.cancelled() for query in queries)

    run(name, program)
    assert watching.calls(name, "cancelled") == 1
    assert watching.at_rest()


def test_a_query_inside_of_a_named_call_is_part_of_it(watching: Watching, name: str) -> None:
    """The program's name wins."""

    async def program(pool: Any) -> None:
        async with upstream("orders"):
            await pool.fetch("select 1")

    run(name, program)
    assert watching.calls("orders") == 1
    assert watching.calls("postgresql") == 0
    assert watching.waits() == 1


def test_a_server_that_is_not_there_is_an_error(watching: Watching) -> None:
    """And no wait for the pool."""

    async def program(pool: Any) -> None:
        with pytest.raises(OSError, match="Connect call failed"):
            await pool.acquire()

    run("127.0.0.1:1", program)
    assert watching.all_calls() == {("postgresql", "error"): 1}
    assert watching.at_rest()
