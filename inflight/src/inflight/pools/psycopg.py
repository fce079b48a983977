"""psycopg 3, sync and async: what its cursors execute as calls to the database.

https://www.psycopg.org/psycopg3/docs/api/
"""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection, AsyncCursor, AsyncServerCursor, Connection, Cursor, ServerCursor

from inflight.hooks.wrap import as_call, known, wrap

OTHERWISE = "postgresql"


def install() -> None:
    """Watch every cursor; a connection's own `execute` goes through one."""
    if not known("psycopg", 3):
        return
    for cursor in (Cursor, ServerCursor, AsyncCursor, AsyncServerCursor):
        for name in ("execute", "executemany"):
            wrap(cursor, name, as_call(lambda cursor: name_of(cursor.connection), OTHERWISE))
    for connection in (Connection, AsyncConnection):
        wrap(connection, "commit", as_call(name_of, OTHERWISE))


def name_of(connection: Any) -> str:
    """Return the upstream's name: host and port, or the database's name where the server is on a Unix socket."""
    info = connection.info
    return str(info.dbname) if info.host.startswith("/") else f"{info.host}:{info.port}"
