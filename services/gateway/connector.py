"""aiohttp's connections as the awaiting gateway needs them: a GET is sent again only where that cannot be wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import ClientConnectionError, ClientOSError, ServerDisconnectedError

from services.telemetry.arrivals import TimedConnector, TimedProtocol


class Connector(TimedConnector):
    """Keeps connections to the backend.

    aiohttp sends every idempotent request whose connection broke once more, whatever had come of the answer. Here only
    one that was sent on a kept connection, and of whose answer not a byte has come: that is how a request ends which
    crosses the backend's closing of an idle connection (RFC 9112, section 9.3.1).

    What comes on a connection that idles is nobody's answer: it is closed (RFC 9112, section 9.2). aiohttp would give
    it to the next request as its own.
    """

    def __init__(self, limit: int | None) -> None:
        super().__init__(limit=limit or 0)
        self._factory = partial(_Protocol, self, self._loop)

    async def _wait_for_available_connection(self, key: Any, traces: Any) -> None:
        """Wait in the queue. Who leaves it when its turn has just come gives the turn to the next; aiohttp loses it."""
        try:
            await super()._wait_for_available_connection(key, traces)
        except BaseException:
            self._release_waiter()
            raise

    def _release(self, key: Any, protocol: Any, **how: Any) -> None:
        super()._release(key, protocol, **how)
        protocol.idle = True

    def drop_idle(self) -> None:
        """Close the connections that idle: a backend that has closed one of them has most likely closed them all."""
        for idle in self._conns.values():
            for protocol, _ in idle:
                protocol.close()
        self._conns.clear()


class _Protocol(TimedProtocol):
    """One connection, which knows whether it has been used before, and whether anything of this answer has come."""

    def __init__(self, connector: Connector, loop: Any) -> None:
        super().__init__(loop)
        self._connector = connector
        self._used = self._kept = self._heard = self.idle = False

    def set_response_params(self, **params: Any) -> None:
        """Start a request."""
        self._used, self._kept, self._heard, self.idle = True, self._used, False, False
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Take bytes of an answer, if one is due."""
        if self.idle and data:  # aiohttp itself calls this with nothing, to go on reading
            self.close()
            return
        self._heard = True
        super().data_received(data)

    def set_exception(self, exc: Any, *cause: Any) -> None:
        """End the request with an error; aiohttp sends it again only for the two kinds that are named here."""
        if isinstance(exc, ClientOSError | ServerDisconnectedError):
            if self._kept and not self._heard:
                self._connector.drop_idle()
            else:
                exc = ClientConnectionError(str(exc))
        super().set_exception(exc, *cause)
