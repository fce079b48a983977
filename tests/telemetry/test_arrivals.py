"""What comes back to an aiohttp client whose event loop stands still."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter

import aiohttp
import pytest

from services.telemetry.arrivals import TimedAnswer, TimedConnector
from tests.one_answer import APART, GRAIN, LAG, WHOLE, WITHIN, OneAnswer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long something lay unread")


@pytest.mark.parametrize("pieces", [WHOLE, APART])
def test_an_answer_knows_how_late_it_was_read(pieces: tuple[bytes, ...]) -> None:
    """Its head, or its end; to ask for the body once more, later, changes nothing."""
    server = OneAnswer(pieces)

    async def ask(session: aiohttp.ClientSession) -> tuple[float, float]:
        async with session.get(server.url) as answer:
            assert isinstance(answer, TimedAnswer)
            assert await answer.text() == '"hi"'
            late = answer.late
            assert late <= perf_counter() - server.ended_at + GRAIN
            await asyncio.sleep(2 * GRAIN)
            assert await answer.read() == b'"hi"'
            return late, answer.late

    async def stand_still() -> tuple[float, float]:
        async with aiohttp.ClientSession(connector=TimedConnector(), response_class=TimedAnswer) as session:
            request = asyncio.create_task(ask(session))
            await server.answer_to_a_loop_that_stands_still()
            return await request

    late, later = asyncio.run(stand_still())
    server.thread.join(WITHIN)
    assert late >= LAG - GRAIN
    assert later == late
