"""Async: `aiohttp`, awaited. All increments side by side on one event loop."""

import asyncio
import logging

from fastapi import Response

from services.gateway.asynchronous import Gateway
from services.gateway.counters.increment import Increment, Write
from services.serving.parameters import CounterName, Delay, IdempotencyKey

log = logging.getLogger(__name__)


class Counters:
    """The route, on the gateway's own session."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def increment(
        self, name: CounterName, delay: Delay = None, write: Write = "plain", key: IdempotencyKey = None
    ) -> Response:
        """Add 1 to a counter that the backend keeps: read it, wait as long as a task takes, write it back."""
        log.info("Received increment of %s!!", name)
        increment = Increment(self.gateway.backend, name, delay, write, key)
        while call := increment.call:
            await asyncio.sleep(call.pause)
            request = self.gateway.session.request(
                call.method, call.url, headers=call.headers, data=call.body, allow_redirects=False
            )
            async with request as reply:
                increment.proceed(reply.status, reply.headers, await reply.read())
        log.info("Send increment of %s response", name)
        return increment.response
