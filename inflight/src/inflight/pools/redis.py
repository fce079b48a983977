"""redis-py, sync and async: waits for a connection of a pool that blocks, and its commands as calls.

https://redis.readthedocs.io/en/stable/connections.html
"""

from __future__ import annotations

from typing import Any

from redis import BlockingConnectionPool, ConnectionPool, Redis, exceptions
from redis import asyncio as aio
from redis.asyncio.client import Pipeline as AsyncPipeline
from redis.asyncio.connection import AbstractConnection as AsyncConnection
from redis.client import Pipeline
from redis.connection import AbstractConnection

from inflight.hooks.watched import current_watched
from inflight.hooks.wrap import as_call, as_wait, ends_wait, known, within, wrap
from inflight.waits import outcome_of

OTHERWISE = "redis"
REFUSED = getattr(exceptions, "MaxConnectionsError", ())
"""What a pool raises that does not block and is empty; older pools' is not told from redis' own failures."""


def install() -> None:
    """Watch every client and pool, those that exist already, too; clients of a cluster are not watched."""
    if not known("redis", 5, 6, 7, 8):
        return
    call = as_call(lambda client: name_of(client.connection_pool), OTHERWISE, failure)
    for client in (Redis, aio.Redis):
        wrap(client, "execute_command", call)
    for pipeline in (Pipeline, AsyncPipeline):
        wrap(pipeline, "execute", call)
        wrap(pipeline, "immediate_execute_command", call)
    for pool in (BlockingConnectionPool, aio.BlockingConnectionPool):
        wrap(pool, "get_connection", as_wait)
    for plain in (ConnectionPool, aio.ConnectionPool):
        wrap(plain, "get_connection", within(Refusal))
    for connection in (AbstractConnection, AsyncConnection):
        wrap(connection, "connect", ends_wait)


class Refusal:
    """Notes that a pool had no connection for the call that the running code is inside of."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        call = current_watched.get()
        if call is not None and isinstance(error, REFUSED):
            call.refused = True


def failure(error: BaseException) -> str:
    """Return how a call ended that raised `error`; redis' own TimeoutError is none of Python's."""
    return "timeout" if isinstance(error, exceptions.TimeoutError) else outcome_of(error)


def name_of(pool: Any) -> str:
    """Return the upstream's name: host and port; a server on a Unix socket is `redis`."""
    given = pool.connection_kwargs
    if "path" in given:
        return OTHERWISE
    return f"{given.get('host', DEFAULT_HOST)}:{given.get('port', DEFAULT_PORT)}"


DEFAULT_HOST, DEFAULT_PORT = "localhost", 6379
