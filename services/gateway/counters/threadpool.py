"""Threads: `requests` inside `def`. Up to 40 increments at a time, a thread for each."""

import logging
import time

from fastapi import Response

from services.gateway.counters.increment import Increment, Write
from services.gateway.threadpool import Gateway
from services.serving.parameters import CounterName, Delay, IdempotencyKey

log = logging.getLogger(__name__)


class Counters:
    """The route, on the gateway's own session."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def increment(
        self, name: CounterName, delay: Delay = None, write: Write = "plain", key: IdempotencyKey = None
    ) -> Response:
        """Add 1 to a counter that the backend keeps: read it, wait as long as a task takes, write it back."""
        log.info("Received increment of %s!!", name)
        increment = Increment(self.gateway.backend, name, delay, write, key)
        while call := increment.call:
            time.sleep(call.pause)
            reply = self.gateway.sessions.mine.request(
                call.method, call.url, headers=call.headers, data=call.body, timeout=self.gateway.backend.timeouts
            )
            increment.proceed(reply.status_code, reply.headers, reply.content)
        log.info("Send increment of %s response", name)
        return increment.response
