"""How a call to the backend can fail, and the response to the client then.

UNREACHABLE  502  no connection, or it broke before the response was whole
INVALID      502  the response is not HTTP, or not JSON
TIMEOUT      504  no response in time

`requests` takes a body that stalls for a connection that broke: in the blocking gateways that is a 502.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response

from services.serving.problems import problem


@dataclass(frozen=True)
class Failure:
    """A status, and what the client is told."""

    status: int
    detail: str


UNREACHABLE = Failure(502, "the backend cannot be reached, or broke the connection off")
INVALID = Failure(502, "the backend's response is not one that can be passed on")
TIMEOUT = Failure(504, "the backend took too long to respond")


class InvalidResponse(Exception):
    """The backend's response cannot be passed on."""


def install_failure_handlers(app: FastAPI, failures: Mapping[type[Exception], Failure]) -> None:
    """Make each of a client's exceptions, and InvalidResponse, a problem+json response; the nearest class decides."""
    for kind, failure in {**failures, InvalidResponse: INVALID}.items():
        app.add_exception_handler(kind, _handler(failure))


def _handler(failure: Failure) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def respond(_request: Request, _error: Exception) -> Response:
        return problem(failure.status, failure.detail)

    return respond
