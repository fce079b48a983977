"""asyncpg: waits for a connection of its pool, and its queries as calls to the database.

https://magicstack.github.io/asyncpg/current/api/index.html
"""

from __future__ import annotations

from collections.abc import Generator
from inspect import signature
from typing import Any
from weakref import WeakKeyDictionary

from asyncpg.connection import Connection  # type: ignore[import-untyped]
from asyncpg.pool import PoolAcquireContext, PoolConnectionHolder  # type: ignore[import-untyped]
from asyncpg.prepared_stmt import PreparedStatement  # type: ignore[import-untyped]

from inflight.hooks.watched import PoolWait, harmless
from inflight.hooks.wrap import Method, as_call, as_wait, ends_wait, known, wrap

QUERIES = (
    *("execute", "executemany", "fetch", "fetchmany", "fetchrow", "fetchval"),
    *("prepare", "copy_from_query", "copy_from_table", "copy_records_to_table", "copy_to_table"),
)
PREPARED = ("executemany", "fetch", "fetchmany", "fetchrow", "fetchval")
OTHERWISE = "postgresql"
"""The name of a server whose address is not known: that of a prepared statement, and one that is being connected to."""

_names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def install() -> None:
    """Watch every pool, those that exist already, too; connections that do are named `postgresql`."""
    if not known("asyncpg", 0):
        return
    wrap(PoolAcquireContext, "__aenter__", as_wait)
    wrap(PoolAcquireContext, "__await__", awaited)
    wrap(PoolConnectionHolder, "connect", as_call(lambda _holder: OTHERWISE, OTHERWISE))
    wrap(PoolConnectionHolder, "acquire", ends_wait)
    wrap(Connection, "__init__", remembering)
    for name in QUERIES:
        if hasattr(Connection, name):  # fetchmany is younger than the others
            wrap(Connection, name, as_call(_names.__getitem__, OTHERWISE))
    for name in PREPARED:
        if hasattr(PreparedStatement, name):
            wrap(PreparedStatement, name, as_call(lambda _statement: OTHERWISE, OTHERWISE))


def awaited(inner: Method) -> Method:
    """Return `PoolAcquireContext.__await__`, for `await pool.acquire()`, as a wait."""

    def __await__(self: Any) -> Generator[Any, Any, Any]:  # noqa: N807 - it takes the place of one
        with PoolWait():
            return (yield from inner(self))

    return __await__


def remembering(inner: Method) -> Method:
    """Return `Connection.__init__`, which is told the server's address."""
    parameters = signature(inner)

    def constructor(self: Any, *args: Any, **kwargs: Any) -> None:
        inner(self, *args, **kwargs)
        remember(self, parameters.bind(self, *args, **kwargs).arguments.get("addr"))

    return constructor


@harmless
def remember(connection: Any, address: Any) -> None:
    """Name the connection's server by host and port; that of a Unix socket is `postgresql`."""
    if isinstance(address, tuple):
        _names[connection] = "{}:{}".format(*address)
