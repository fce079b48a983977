"""SQLAlchemy's waits and statements, sync and async, on SQLite."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy import exc as errors
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool, QueuePool

from inflight import upstream
from inflight.pools.sqlalchemy import name_of
from tests.eventually import eventually
from tests.inflight.watching import Watching, until


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """The hook, as from the service's start on."""
    hook("pools.sqlalchemy")


let_go = threading.Event()


@pytest.fixture(autouse=True)
def held() -> None:
    """The statement `select hold()` waits until the test lets go."""
    let_go.clear()


def with_pause(engine: Engine) -> Engine:
    """Give the engine's connections the functions `pause(seconds)` and `hold()`."""

    def pause(seconds: float) -> int:
        time.sleep(seconds)
        return 1

    def add(connection: Any, _record: object) -> None:
        connection.create_function("pause", 1, pause)
        connection.create_function("hold", 0, lambda: let_go.wait(15))

    event.listen(engine, "connect", add)
    return engine


def engine_in(folder: Path, size: int, **options: Any) -> Engine:
    return with_pause(
        create_engine(f"sqlite:///{folder}/x.db", poolclass=QueuePool, pool_size=size, max_overflow=0, **options)
    )


def async_engine_in(folder: Path, size: int, **options: Any) -> AsyncEngine:
    url, pool = f"sqlite+aiosqlite:///{folder}/x.db", AsyncAdaptedQueuePool
    engine = create_async_engine(url, poolclass=pool, pool_size=size, max_overflow=0, **options)
    with_pause(engine.sync_engine)
    return engine


def query(engine: Engine, statement: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar()


async def async_query(engine: AsyncEngine, statement: str) -> Any:
    async with AsyncSession(engine) as session:
        return (await session.execute(text(statement))).scalar()


def test_an_async_pool_is_a_queue_and_the_database_is_innocent(watching: Watching, tmp_path: Path) -> None:
    """9 queries of 0.2 s through 3 connections: 6 wait, 0.2 or 0.4 s each; no statement took as long as a wait."""

    async def program() -> None:
        engine = async_engine_in(tmp_path, 3)
        began = time.perf_counter()
        queries = [asyncio.create_task(async_query(engine, "select pause(0.2)")) for _ in range(9)]
        await until(watching.waiting, 6)
        assert await asyncio.gather(*queries) == [1] * 9
        took = time.perf_counter() - began
        assert watching.waits() == 9
        assert watching.waited() >= (3 * 0.2 + 3 * 0.4) * 0.9
        assert watching.took("x.db") >= 9 * 0.2 * 0.99
        assert watching.took("x.db") + watching.waited() <= 9 * took
        await engine.dispose()

    asyncio.run(program())
    assert watching.calls("x.db") == 9 + 3, "each statement, and each connection that was opened"
    assert watching.at_rest()


def test_an_engine_without_a_queue_says_nothing_of_one(watching: Watching) -> None:
    """Who opens a connection for each use waits for the database only."""
    engine = create_engine("sqlite://", poolclass=NullPool)
    assert query(engine, "select 1") == 1
    assert watching.waiting() is None
    assert watching.waits() == 0
    assert watching.calls("sqlite") == 2


def test_a_requests_ledger_tells_the_wait_from_the_statement(watching: Watching, tmp_path: Path) -> None:
    """In a handler that awaits: the second of two has waited for as long as the first held the connection."""

    async def program() -> None:
        engine = async_engine_in(tmp_path, 1)

        async def request() -> dict[str, float]:
            with watching.request() as ledger:
                await async_query(engine, "select hold()")
                return ledger.spent

        requests = [asyncio.create_task(request()) for _ in range(2)]
        await until(lambda: (watching.waiting(), watching.open_calls()), (1, 1))
        await asyncio.sleep(0.2)  # the first may only be connecting yet
        let_go.set()
        first, second = await asyncio.gather(*requests)
        assert first["upstream"] >= 0.1 <= second["pool"]
        assert first["pool"] < second["pool"]
        await engine.dispose()

    asyncio.run(program())


def test_an_engine_that_exists_already_is_watched_in_threads(watching: Watching, tmp_path: Path) -> None:
    """Its pool is a queue there, too."""
    engine = engine_in(tmp_path, 1)
    with ThreadPoolExecutor(3) as threads:
        queries = [threads.submit(query, engine, "select hold()") for _ in range(3)]
        eventually(lambda: (watching.waiting(), watching.open_calls()), (2, 1))
        time.sleep(0.1)  # so that the waits are long enough to be seen
        let_go.set()
        assert [each.result() for each in queries] == [1] * 3
    assert watching.waits() == 3
    assert watching.waited() >= 2 * 0.1
    assert watching.at_rest()
    engine.dispose()


def test_a_wait_that_times_out_is_the_pools(watching: Watching, tmp_path: Path) -> None:
    """SQLAlchemy raises what it raises, and no call was made."""
    engine = engine_in(tmp_path, 1, pool_timeout=0.1)
    with engine.connect(), pytest.raises(errors.TimeoutError):
        engine.connect()
    assert watching.waits() == 2
    assert watching.waited() >= 0.1
    assert watching.at_rest()
    engine.dispose()


def test_statements_that_fail_are_errors(watching: Watching, tmp_path: Path) -> None:
    """The exception is SQLAlchemy's own."""
    engine = engine_in(tmp_path, 1)
    with pytest.raises(errors.OperationalError, match="no such table"):
        query(engine, "select * from missing")
    assert watching.all_calls() == {("x.db", "ok"): 1, ("x.db", "error"): 1}
    assert watching.at_rest()
    engine.dispose()


def test_a_database_that_cannot_be_opened_is_an_error(watching: Watching, tmp_path: Path) -> None:
    """And no wait for the pool."""
    engine = create_engine(f"sqlite:///{tmp_path}/missing/y.db", poolclass=QueuePool)
    with pytest.raises(errors.OperationalError):
        engine.connect()
    assert watching.all_calls() == {("y.db", "error"): 1}
    assert watching.at_rest()


def test_a_query_that_is_cancelled_leaves_no_gauge(watching: Watching, tmp_path: Path) -> None:
    """Neither at the database nor in the queue."""

    async def program() -> None:
        engine = async_engine_in(tmp_path, 1)
        queries = [asyncio.create_task(async_query(engine, "select pause(0.3)")) for _ in range(2)]
        await until(lambda: (watching.waiting(), watching.open_calls()), (1, 1))
        for each in queries:
            each.cancel()
        await asyncio.wait(queries)
        assert all(each.cancelled() for each in queries)
        await until(watching.at_rest, True)
        await engine.dispose()
        # The statement goes on in aiosqlite's thread, which wants to tell the loop of its end.
        await until(lambda: any("_connection_worker" in thread.name for thread in threading.enumerate()), False)

    asyncio.run(program())
    assert watching.calls("x.db", "cancelled") == 1
    assert watching.at_rest()


def test_many_rows_a_commit_and_a_ping_are_calls(watching: Watching, tmp_path: Path) -> None:
    """Each is a round trip."""
    engine = engine_in(tmp_path, 1, pool_pre_ping=True)
    with engine.begin() as connection:  # opened, and committed
        connection.execute(text("create table t (x int)"))
        connection.execute(text("insert into t values (:x)"), [{"x": 1}, {"x": 2}])
    assert watching.calls("x.db") == 4
    assert query(engine, "select sum(x) from t") == 3  # pinged first
    assert watching.calls("x.db") == 6
    engine.dispose()


def test_a_statement_inside_of_a_named_call_is_part_of_it(watching: Watching, tmp_path: Path) -> None:
    """The program's name wins, and its call has none of the wait for the pool."""
    engine = engine_in(tmp_path, 1)
    query(engine, "select 1")

    def named() -> None:
        with upstream("orders"):
            query(engine, "select hold()")

    began = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(named) for _ in range(2)]
        eventually(lambda: (watching.waiting(), watching.open_calls()), (1, 1))
        time.sleep(0.1)  # so that the wait is long enough to be seen
        let_go.set()
        for call in calls:
            call.result()
    took = time.perf_counter() - began
    assert watching.all_calls() == {("x.db", "ok"): 2, ("orders", "ok"): 2}
    assert watching.waited() >= 0.1
    assert watching.took("orders") + watching.waited() <= 2 * took
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql+asyncpg://user:secret@db.internal/orders", "db.internal"),
        ("mysql://db:3307/orders", "db:3307"),
        ("postgresql:///orders", "orders"),
        ("sqlite:////var/lib/shop/orders.db", "orders.db"),
        ("sqlite://", "sqlite"),
    ],
)
def test_a_database_is_named_by_its_host_or_itself(url: str, name: str) -> None:
    """And never by user or password."""
    assert name_of(make_url(url)) == name


def test_sqlalchemy_on_asyncpg_counts_each_statement_once(
    watching: Watching, postgresql: int, hook: Callable[[str], None]
) -> None:
    """With both hooks, the driver's own query is part of the statement; its rollback at the end is one of its own."""
    hook("pools.asyncpg")

    async def program() -> None:
        engine = create_async_engine(f"postgresql+asyncpg://postgres@127.0.0.1:{postgresql}/postgres", pool_size=1)
        await async_query(engine, "select 1")
        before = watching.calls(f"127.0.0.1:{postgresql}")
        assert await async_query(engine, "select 2") == 2
        assert watching.calls(f"127.0.0.1:{postgresql}") == before + 2
        await engine.dispose()

    asyncio.run(program())
    assert watching.at_rest()
