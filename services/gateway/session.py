"""A `requests` session as the two blocking gateways need it: a timeout that bounds the whole answer."""

from __future__ import annotations

import socket
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection


def requests_session() -> requests.Session:
    """Return a session that heeds no proxy and no .netrc; only one thread may use it."""
    session = _Session()
    session.trust_env = False
    session.mount("http://", _Adapter())
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that no answer is a redirect: `requests` reads all of a redirect's body, even if it is not to follow."""


class _Socket(socket.socket):
    """A socket whose timeout is for all that is read after it was set.

    `requests` has none like it: its timeout is for each read, so a backend that dribbles would hold a call for ever.
    """

    _deadline: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        super().settimeout(value)
        self._deadline = None if value is None else monotonic() + value

    def recv_into(self, *args: Any) -> int:
        if self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            super().settimeout(left)
        return super().recv_into(*args)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        return _Socket(fileno=connected.detach())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    """TLS has sockets of its own: there the timeout is for each read."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {**self.poolmanager.pool_classes_by_scheme, "http": _Pool}
