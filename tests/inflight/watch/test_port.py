"""The verdict on a port."""

from __future__ import annotations

from typing import Any

import pytest

from inflight.watch.port import Port

FINE = {"accept_queue": 0, "accept_queue_limit": 128, "connections": 9, "unread": 0, "waiting": 0}
WAITS = {**FINE, "unread": 9, "waiting": 9, "oldest_unread_seconds": 4.21}


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        (FINE, "serving"),
        ({**WAITS, "oldest_unread_seconds": 0.1}, "serving"),
        ({**WAITS, "waiting": 0, "oldest_unread_seconds": 0.0}, "serving"),
        (WAITS, "nobody reads: 9 requests wait, the oldest for 4.2 s"),
        ({**WAITS, "waiting": 1}, "nobody reads: 1 request waits, the oldest for 4.2 s"),
        ({**WAITS, "others_read": True}, "some are not read: 9 requests wait, the oldest for 4.2 s"),
        ({**FINE, "accept_queue": 128}, "serving"),
        ({**FINE, "accept_queue": 129}, "accept queue full: the kernel refuses connections"),
        (
            {**WAITS, "accept_queue": 129},
            "accept queue full: the kernel refuses connections; nobody reads: 9 requests wait, the oldest for 4.2 s",
        ),
        (
            {**FINE, "accept_queue": 2, "oldest_unaccepted_seconds": 3.0},
            "nobody accepts: 2 connections wait, the oldest for 3.0 s",
        ),
        ({"accept_queue": 3, "unread": 2}, "2 requests unread, for an unknown time"),
        ({"listening": False}, "nobody listens"),
    ],
)
def test_the_verdict_says_what_the_figures_mean(figures: dict[str, Any], verdict: str) -> None:
    """In words, and nothing that is not known."""
    assert Port(port=8000, **figures).verdict == verdict
