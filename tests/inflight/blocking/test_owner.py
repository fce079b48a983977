"""The request of a task that has been given neither a scope nor, before Python 3.12, a context that can be read."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from inflight.blocking.owner import scopes_of, sent_by
from inflight.exchange import Exchange
from inflight.telemetry import Telemetry
from inflight.types import Message, Send

SCOPE = {"type": "http"}


def test_a_request_object_has_the_scope() -> None:
    """Django's and Quart's tasks have a request, whose class may do anything when it is asked: nobody asks it."""

    class Proxy:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    def handle(request: object) -> list[Any]:  # noqa: ARG001
        return list(scopes_of([sys._getframe()]))

    assert handle(SimpleNamespace(scope=SCOPE)) == [SCOPE]
    assert handle(Proxy()) == []


def in_function(send: Send) -> Send:
    async def counted(message: Message) -> None:
        await send(message)

    return counted


def in_partial(send: Send) -> Send:
    async def send_it(message: Message, send: Send) -> None:
        await send(message)

    return partial(send_it, send=send)


def in_object(send: Send) -> Send:
    class Responder:
        def __init__(self) -> None:
            self.send = send

        async def compressed(self, message: Message) -> None:
            await self.send(message)

    return Responder().compressed


@pytest.mark.parametrize("around", [in_function, in_partial, in_object, lambda send: in_object(in_function(send))])
def test_send_leads_to_the_request(around: Callable[[Send], Send]) -> None:
    """However middleware has wrapped it; a `send` of somebody else's leads nowhere."""

    def stream(send: Callable[..., Awaitable[None]]) -> Any:  # noqa: ARG001
        return sent_by([sys._getframe()])

    async def nowhere(message: Any = None) -> Any:
        pass

    exchange = Exchange(Telemetry(), SCOPE, nowhere, nowhere)
    assert stream(around(exchange.send)) is exchange
    assert stream(around(nowhere)) is None
