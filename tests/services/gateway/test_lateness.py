"""What waits for the gateway's event loop is no time of the backend's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from time import perf_counter

import pytest
import uvloop

from services.gateway.asynchronous import Gateway
from services.gateway.backend import Backend
from services.telemetry import Ledger, Telemetry, current_ledger
from tests.one_answer import APART, GRAIN, LAG, WHOLE, WITHIN, OneAnswer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long something lay unread")


@pytest.mark.parametrize("pieces", [WHOLE, APART])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_answer_that_waits_for_the_loop(
    loop: Callable[[], asyncio.AbstractEventLoop], pieces: tuple[bytes, ...]
) -> None:
    """It, or its end, is here, and the loop stands still: the ledger says `loop`, the client's metric leaves it out."""
    server, telemetry, ledger = OneAnswer(pieces), Telemetry(), Ledger(read_at=0.0)
    ledger.enter(0.0)

    async def stand_still() -> float:
        current_ledger.set(ledger)
        gateway = Gateway(Backend(server.url, WITHIN, WITHIN), telemetry.upstream("backend"))
        await gateway.open()
        request, began = asyncio.create_task(gateway.relay("task1")), perf_counter()
        await server.answer_to_a_loop_that_stands_still()
        answer = await request
        assert answer.body == b'{"res":"hi"}'
        took = perf_counter() - began
        await gateway.close()
        return took

    with asyncio.Runner(loop_factory=loop) as runner:
        took = runner.run(stand_still())
    server.thread.join(WITHIN)
    assert ledger.loop is not None
    assert ledger.upstream is not None
    assert ledger.loop >= LAG - GRAIN
    assert ledger.loop + ledger.upstream <= took
    assert ledger.upstream >= server.took - GRAIN
    labels = {"upstream": "backend", "outcome": "ok"}
    counted = telemetry.registry.get_sample_value("http_client_request_duration_seconds_sum", labels)
    assert counted == pytest.approx(ledger.upstream)


def test_a_backend_that_is_still_at_the_body_while_its_head_lies_unread() -> None:
    """That nobody read the head held up nothing: all of the time is the backend's."""
    server, ledger = OneAnswer(APART), Ledger(read_at=0.0)
    ledger.enter(0.0)

    async def stand_still() -> None:
        current_ledger.set(ledger)
        gateway = Gateway(Backend(server.url, WITHIN, WITHIN), Telemetry().upstream("backend"))
        await gateway.open()
        request = asyncio.create_task(gateway.relay("task1"))
        await server.take_long_behind_an_unread_head()
        await request
        await gateway.close()

    asyncio.run(stand_still())
    server.thread.join(WITHIN)
    assert server.took >= LAG
    assert ledger.upstream is not None
    assert ledger.upstream >= server.took - GRAIN
