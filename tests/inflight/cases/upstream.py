"""A case in front of an upstream that responds after some time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.inflight.run.service import BARE, MEASURED, Service, serving


@contextmanager
def with_upstream(application: str, seconds: float, launcher: Sequence[str] = MEASURED) -> Iterator[Service]:
    """Serve the case, which finds the upstream's URL in UPSTREAM."""
    slow = serving("slow:app", "--no-access-log", launcher=BARE, environment={"SECONDS": f"{seconds}"})
    with (
        slow as upstream,
        serving(application, launcher=launcher, environment={"UPSTREAM": f"http://127.0.0.1:{upstream.port}/"}) as case,
    ):
        yield case
