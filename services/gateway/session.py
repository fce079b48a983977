"""A `requests` session as the two blocking gateways need it: a whole answer in time, and no connection used dead."""

from __future__ import annotations

import socket
from http.client import CONTINUE, SWITCHING_PROTOCOLS, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

from services.telemetry.upstream import AT_LEAST

IDLE_LIMIT = 60.0
"""Seconds that a connection may have idled when it is used again: fewer than our servers keep one (75)."""
INTERIM = frozenset(range(100, 200)) - {SWITCHING_PROTOCOLS}
"""Statuses after which the answer is still to come (RFC 9110, section 15.2)."""


def requests_session() -> requests.Session:
    """Return a session that heeds no proxy and no .netrc, and keeps no cookie; only one thread may use it."""
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one client's cookie is not for the next
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that no answer is a redirect: `requests` reads all of a redirect's body, even if it is not to follow."""


class _Socket(socket.socket):
    """A socket whose timeout is for all that is read after it was set.

    `requests` has none like it: its timeout is for each read, so a backend that dribbles would hold a call for ever.
    """

    _deadline: float | None = None
    heard = False
    """Whether anything has come since this was last set to False."""
    read_at = 0.0
    """When something was last read; a reading of `time.monotonic`."""

    def settimeout(self, value: float | None, /) -> None:
        super().settimeout(value)
        self._deadline = None if value is None else monotonic() + value

    def recv_into(self, *args: Any) -> int:
        if self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            super().settimeout(left)
        length = super().recv_into(*args)
        self.read_at = monotonic()
        self.heard = self.heard or length > 0
        return length


class _Answer(HTTPResponse):
    """An answer that comes after all that is said in between.

    http.client passes over a 100 only. It would take a 103 for the answer, and give the answer to the next request.
    """

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, CONTINUE if status in INTERIM else status, reason

    def begin(self) -> None:
        super().begin()
        self.will_close = self.will_close or self.status == SWITCHING_PROTOCOLS


class _Connection(HTTPConnection):
    sock: Any
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        return _Socket(fileno=connected.detach())

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used again; the pool replaces one that cannot."""
        return super().is_connected and monotonic() - self.sock.read_at <= IDLE_LIMIT


class _Pool(HTTPConnectionPool):
    """Sends a request once more if it went out on a kept connection that broke before a byte of the answer came.

    That is how a request ends which crosses the backend's closing of an idle connection (RFC 9112, section 9.3.1). The
    second is sent on a connection of its own, and both share one timeout.
    """

    ConnectionCls = _Connection

    def _make_request(self, conn: Any, *args: Any, **kwargs: Any) -> Any:
        kept, started = conn.sock, monotonic()
        if kept is None:
            return super()._make_request(conn, *args, **kwargs)
        kept.heard = False
        try:
            return super()._make_request(conn, *args, **kwargs)
        except ConnectionError:  # http.client's RemoteDisconnected is one
            if kept.heard:
                raise
        conn.close()
        given: Timeout = kwargs["timeout"]
        left = given.read_timeout
        if left is not None:  # which is: without a limit
            left = max(AT_LEAST, left - (monotonic() - started))
        kwargs["timeout"] = Timeout(connect=given.connect_timeout, read=left)
        return super()._make_request(conn, *args, **kwargs)


class _TlsConnection(HTTPSConnection):
    response_class = _Answer


class _TlsPool(HTTPSConnectionPool):
    """TLS has sockets of its own: there the timeout is for each read, and nothing is sent again."""

    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """Makes connections of the kinds above."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
