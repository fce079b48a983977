"""The parameters of requests, the same for the backend and for every gateway."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query

MAX_DELAY = 60.0
"""Seconds."""

TASK_PATTERN = "[A-Za-z0-9_-]{1,64}"

Task = Annotated[
    str,
    Path(
        description="The task's name.",
        pattern=f"^{TASK_PATTERN}$",
        examples=["task1"],
    ),
]
Delay = Annotated[
    float | None,
    Query(ge=0, le=MAX_DELAY, allow_inf_nan=False, description="Seconds that the backend waits before it responds."),
]
Status = Annotated[
    int | None,
    Query(ge=200, le=599, description="The status that the backend responds with."),
]
CounterName = Annotated[
    str,
    Path(
        description="The counter's name.",
        pattern=f"^{TASK_PATTERN}$",
        examples=["visits"],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,64}$",
        description="The same for every try of one atomic increment: however often it arrives, it counts once.",
    ),
]
