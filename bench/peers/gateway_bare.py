"""Our own gateway with its telemetry taken out: no ledger, no stamp, no metric, no heartbeat, no admin port.

It is `python -m services.gateway` itself, with the pieces of the telemetry replaced by ones that do nothing, so that
all else is the same. A piece that is not there any more is an error, so that this cannot quietly leave something in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from inspect import isfunction
from typing import Self
from unittest.mock import patch

from starlette.types import ASGIApp

from services import start
from services.gateway.app import build
from services.serving.settings import GatewaySettings
from inflight.telemetry import Telemetry, Upstream
from services.telemetry.arrivals import TimedAnswer, TimedProtocol
from services.telemetry.protocol import StampedProtocol
from services.telemetry.upstream import Call


class NoTelemetry(Telemetry):
    """Watches nothing."""

    def upstream(self, name: str, _outcomes: Iterable[str] = ()) -> Upstream:
        """Return an upstream whose calls nobody follows."""
        return NoUpstream(name, self.metrics, self.live)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run without a heartbeat."""
        yield


class NoUpstream(Upstream):
    """Follows no call."""

    def call(self) -> Call:
        """Return a call that nothing is noted of."""
        return NOTHING


class NoCall(Call):
    """Notes nothing."""

    __slots__ = ()

    def __init__(self) -> None:
        """Leave everything out."""

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Do nothing."""


NOTHING = NoCall()


class NoAdmin:
    """Serves no admin port."""

    def __init__(self, *_arguments: object) -> None:
        pass

    def start(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _application_alone(app: ASGIApp, _telemetry: Telemetry) -> ASGIApp:
    return app


def _unstamp() -> None:
    """Take the stamps out: what remains is uvicorn's and aiohttp's, and what the services add to it."""
    for stamped in (StampedProtocol, TimedProtocol, TimedAnswer):
        for name in [name for name, value in vars(stamped).items() if isfunction(value)]:
            delattr(stamped, name)
    TimedAnswer.body_was_read = _note_nothing  # type: ignore[assignment]


def _note_nothing(_answer: TimedAnswer) -> None:
    """Do nothing, where the gateway says that it has read a body."""


if __name__ == "__main__":
    _unstamp()
    with patch.multiple(start, Telemetry=NoTelemetry, TelemetryMiddleware=_application_alone, AdminServer=NoAdmin):
        start.run(GatewaySettings, build)
