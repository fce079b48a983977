"""psycopg's statements and its pools' waits, sync and async, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import psycopg_pool
import pytest

from tests.eventually import eventually
from tests.inflight.watching import Watching, until

HOLD = "select pg_advisory_lock(2), pg_advisory_unlock(2)"
"""Waits for as long as another session holds the lock."""


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """Both hooks, as from the service's start on."""
    hook("pools.psycopg")
    hook("pools.psycopg_pool")


@pytest.fixture
def name(postgresql: int) -> str:
    """The label of the server's calls."""
    return f"127.0.0.1:{postgresql}"


def dsn(name: str) -> str:
    return f"postgresql://postgres@{name}/postgres"


def test_the_async_pool_is_a_queue(watching: Watching, name: str) -> None:
    """Two of three wait, and the wait is none of the server's time."""

    async def program() -> None:
        async with (
            await psycopg.AsyncConnection.connect(dsn(name)) as holder,
            psycopg_pool.AsyncConnectionPool(dsn(name), min_size=1, max_size=1, open=False) as pool,
        ):
            await pool.wait()
            await holder.execute("select pg_advisory_lock(2)")

            async def query() -> None:
                async with pool.connection() as connection:
                    await connection.execute(HOLD)

            queries = [asyncio.create_task(query()) for _ in range(3)]
            await until(lambda: (watching.waiting(), watching.open_calls()), (2, 1))
            await asyncio.sleep(0.1)
            await holder.execute("select pg_advisory_unlock(2)")
            await asyncio.gather(*queries)

    asyncio.run(asyncio.wait_for(program(), 30))
    assert watching.waits() == 3
    assert watching.waited() >= 2 * 0.1
    assert set(watching.all_calls()) == {(name, "ok")}
    assert watching.at_rest()


def test_the_sync_pool_is_a_queue_for_threads(watching: Watching, name: str) -> None:
    """The second of two waits; the connection's commit at the end of its block is a call, too."""
    with (
        psycopg.connect(dsn(name)) as holder,
        psycopg_pool.ConnectionPool(dsn(name), min_size=1, max_size=1, open=True) as pool,
        ThreadPoolExecutor(2) as threads,
    ):
        pool.wait()
        holder.execute("select pg_advisory_lock(2)")

        def query() -> None:
            with pool.connection() as connection:
                connection.execute(HOLD)

        queries = [threads.submit(query) for _ in range(2)]
        eventually(lambda: (watching.waiting(), watching.open_calls()), (1, 1))
        time.sleep(0.1)  # so that the wait is long enough to be seen
        holder.execute("select pg_advisory_unlock(2)")
        for each in queries:
            each.result()
        assert watching.calls(name) == 2 + 2 + 2
    assert watching.waits() == 2
    assert watching.waited() >= 0.1
    assert watching.at_rest()


def test_a_wait_that_times_out_is_the_pools(watching: Watching, name: str) -> None:
    """What psycopg_pool raises comes through, and no call was made."""
    with psycopg_pool.ConnectionPool(dsn(name), min_size=1, max_size=1, open=True) as pool:
        pool.wait()
        with pool.connection(), pytest.raises(psycopg_pool.PoolTimeout):
            pool.getconn(timeout=0.1)
    assert watching.waits() == 2
    assert watching.waited() >= 0.1 * 0.99
    assert watching.at_rest()


def test_statements_say_how_they_ended(watching: Watching, name: str) -> None:
    """Of every kind of cursor."""
    with psycopg.connect(dsn(name)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        with connection.cursor("on_the_server") as cursor:
            assert cursor.execute("select 2").fetchone() == (2,)
        with connection.cursor() as cursor:
            cursor.executemany("select %s::int", [(1,), (2,)])
        assert watching.all_calls() == {(name, "ok"): 3}
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("select * from missing")
    assert watching.calls(name, "error") == 1
    assert watching.at_rest()


def test_a_statement_that_is_cancelled_leaves_no_gauge(watching: Watching, name: str) -> None:
    """At the server."""

    async def program() -> None:
        async with await psycopg.AsyncConnection.connect(dsn(name)) as connection:
            query = asyncio.create_task(connection.execute("select pg_sleep(10)"))
            await until(watching.open_calls, 1)
            query.cancel()
            await asyncio.wait([query])
            assert query.cancelled()

    asyncio.run(asyncio.wait_for(program(), 30))
    assert watching.calls(name, "cancelled") == 1
    assert watching.at_rest()
