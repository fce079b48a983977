"""Gives connections a maximum age, so that a client's next one may reach another pod."""

from __future__ import annotations

from collections import OrderedDict
from random import uniform
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

JITTER = 0.25
"""The share of the age by which a connection may end earlier or later: those opened together do not end together."""
MOST = 20_000
"""Connections that are remembered. Beyond that the oldest is forgotten, and its age begins anew."""


def ending_connection(start: Message) -> Message:
    """Return a response's start that says that its connection ends with it (RFC 9112, section 9.6)."""
    return {**start, "headers": [*start.get("headers", ()), (b"connection", b"close")]}


class ConnectionAgeMiddleware:
    """Sends `Connection: close` with the first response that begins when the connection is older than `age` seconds.

    A connection is known by its client's address (`scope["client"]`), for ASGI names it in no other way. Its age counts
    from its first request. A client that closes its connection is not seen: if its address is used again, the new
    connection may end early, at one of its responses. No request is lost: the client learns it with the response
    (RFC 9112, section 9.6).
    """

    def __init__(self, app: ASGIApp, age: float) -> None:
        self._app = app
        self._age = age
        self._ends: OrderedDict[tuple[str, int], float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; close its connection after the response if its time has come."""
        if scope["type"] != "http" or scope.get("client") is None:
            await self._app(scope, receive, send)
            return
        client = tuple(scope["client"])
        self._remember(client)

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._is_over(client):
                message = ending_connection(message)
            await send(message)

        await self._app(scope, receive, send_and_close)

    def _remember(self, client: tuple[str, int]) -> None:
        if client in self._ends:
            return
        self._ends[client] = monotonic() + self._age * uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
        if len(self._ends) > MOST:
            self._ends.popitem(last=False)

    def _is_over(self, client: tuple[str, int]) -> bool:
        """Return whether the connection has to end; then it is forgotten, for its address may be used again."""
        end = self._ends.get(client)
        if end is None or monotonic() < end:
            return False
        del self._ends[client]
        return True
