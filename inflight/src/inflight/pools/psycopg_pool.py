"""psycopg_pool, sync and async: waits for a connection.

The pool's own threads and tasks open connections, so a wait for one that is being opened is a wait for the pool.
https://www.psycopg.org/psycopg3/docs/api/pool.html
"""

from __future__ import annotations

from psycopg_pool import AsyncConnectionPool, AsyncNullConnectionPool, ConnectionPool, NullConnectionPool

from inflight.hooks.wrap import as_wait, known, wrap


def install() -> None:
    """Watch every pool; its `connection()` goes through `getconn`."""
    if not known("psycopg-pool", 3):
        return
    for pool in (ConnectionPool, NullConnectionPool, AsyncConnectionPool, AsyncNullConnectionPool):
        wrap(pool, "getconn", as_wait)
