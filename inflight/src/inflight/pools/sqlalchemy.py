"""SQLAlchemy, sync and async: waits for a connection, and each statement as a call to the database.

A statement's time is its execution by the dialect, whose methods are documented as what a dialect provides:
https://docs.sqlalchemy.org/en/20/core/internals.html#sqlalchemy.engine.Dialect
"""

from __future__ import annotations

from functools import partial
from typing import Any
from weakref import WeakSet

from sqlalchemy.engine import URL, Dialect, Engine
from sqlalchemy.pool import QueuePool

from inflight.hooks.watched import PoolWait, WatchedCall, end_wait, harmless
from inflight.hooks.wrap import Method, known, wrap

CALLS = ("connect", "do_ping", "do_commit", "do_execute", "do_executemany", "do_execute_no_params")
"""A dialect's round trips to the database; a rollback, which ends each use of a connection, is left out."""

_watched: WeakSet[Dialect] = WeakSet()


def install() -> None:
    """Watch every engine, those that exist already, too."""
    if not known("sqlalchemy", 2):
        return
    wrap(Engine, "raw_connection", timed)


def timed(inner: Method) -> Method:
    """Return `Engine.raw_connection`, by which every connection gets its database connection from the pool."""

    def raw_connection(self: Engine, *args: Any, **kwargs: Any) -> Any:
        if self.dialect not in _watched:
            watch(self.dialect, name_of(self.url))
        if not isinstance(self.pool, QueuePool):  # nobody waits there
            return inner(self, *args, **kwargs)
        with PoolWait():
            return inner(self, *args, **kwargs)

    return raw_connection


@harmless
def watch(dialect: Dialect, name: str) -> None:
    """Make what an engine's own dialect does calls to the upstream `name`."""
    _watched.add(dialect)
    for method in CALLS:
        wrap(dialect, method, partial(called, name))


def called(name: str, inner: Method) -> Method:
    """Return a method of a dialect as a call to the upstream `name`."""

    def call(*args: Any, **kwargs: Any) -> Any:
        end_wait()  # `connect` and `do_ping` run inside of the pool, on the connection that it gives
        with WatchedCall(name):
            return inner(*args, **kwargs)

    return call


def name_of(url: URL) -> str:
    """Return the upstream's name: the URL's host and port, else its database's file or name."""
    if url.host:
        return f"{url.host}:{url.port}" if url.port else url.host
    return (url.database or "").rpartition("/")[2] or url.get_backend_name()
