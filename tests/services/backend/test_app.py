"""The slow backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from tests.client import get
from tests.eventually import eventually
from tests.stage import Stage, Standing, settled


def test_it_waits_and_then_answers(loop: str, stage: Stage) -> None:
    """DELAY is the delay of every response that asks for none, and many wait side by side."""
    backend = stage.backend(delay=0.5, loop=loop)
    started = monotonic()
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(get, [f"{backend.url}/task{number}" for number in range(20)]))
    assert 0.497 <= monotonic() - started < 20 * 0.5
    assert {(response.status, response.type, response.body) for response in responses} == {
        (200, "application/json", b'{"message":"success"}')
    }
    slow = stage.backend(delay=25, loop=loop)
    started = monotonic()
    get(f"{slow.url}/task1?delay=0")
    assert monotonic() - started < 25
    settled(backend, "http_requests_completed_total", 20, route="/{task}", code="200")


def test_a_delay_that_is_asked_for_goes_before_the_setting(standing: Standing) -> None:
    """It takes at least that long."""
    started = monotonic()
    assert get(f"{standing.backend.url}/task1?delay=0.3").status == 200
    assert monotonic() - started >= 0.297  # uvloop's timers count whole milliseconds


def test_the_log_says_received_and_sent(standing: Standing) -> None:
    """The article's two lines, in this order, with the task's name."""
    get(f"{standing.backend.url}/a-task-of-its-own")

    def lines() -> list[str]:
        return [said.rpartition(" - ")[2] for who, said in standing.said if "a-task-of-its-own" in said]

    wanted = [
        "Received a-task-of-its-own Request!!",
        "Send a-task-of-its-own response",
        '"GET /a-task-of-its-own HTTP/1.1" 200 OK',
    ]
    eventually(lines, wanted)
