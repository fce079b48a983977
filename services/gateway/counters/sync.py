"""Blocking: `requests` inside `async def`. One increment at a time, because the event loop stands still for each."""

import logging
import time

from fastapi import Response

from services.gateway.counters.increment import Increment, Write
from services.gateway.sync import Gateway
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
            time.sleep(call.pause)  # noqa: ASYNC251 - to block is the lesson
            reply = self.gateway.session.request(
                call.method, call.url, headers=call.headers, data=call.body, timeout=self.gateway.backend.timeouts
            )
            increment.proceed(reply.status_code, reply.headers, reply.content)
        log.info("Send increment of %s response", name)
        return increment.response
