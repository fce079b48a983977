"""Waits until a target responds: a first burst at services that are still starting would say nothing about them."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic

from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target

POLL = 0.5
"""Seconds between two tries."""
TRY = 5.0
"""Seconds that a try may take."""

log = logging.getLogger(__name__)


async def until_ready(target: Target, seconds: float, stop: asyncio.Event) -> None:
    """Return when a request to `target` succeeds, when `stop` is set, or after `seconds` all the same.

    A request, and not only a connection: a gateway may listen before its backend does. It is counted nowhere here.
    """
    deadline = monotonic() + seconds
    sender = Sender(target, min(TRY, seconds))
    while not stop.is_set() and monotonic() < deadline:
        (record,) = await sender.send(at_once(1))
        if record.outcome == "ok":
            return
        log.info("%s is not ready: %s", target.name, record.outcome)
        try:
            await asyncio.wait_for(stop.wait(), POLL)
        except TimeoutError:
            continue
