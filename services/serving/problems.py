"""Errors as problem details, `application/problem+json` (RFC 9457): the body's status is the wire's status."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from inflight.exchange import CLIENT_CLOSED_REQUEST

MEDIA_TYPE = "application/problem+json"
DETAILS = {
    404: "nothing is served at this path; GET /docs lists what is",
    405: "this method is not served at this path; the Allow header names those that are",
}
"""What Starlette's router says no more of than the status itself."""

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """A problem detail (RFC 9457, section 3.1)."""

    type: str = Field(default="about:blank", description="A URI that identifies the kind of problem.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong, and what would be right.")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem+json response; its status stands in the body and on the wire."""
    return Response(problem_body(status, detail), status, headers=headers, media_type=MEDIA_TYPE)


def problem_body(status: int, detail: str) -> bytes:
    """Return a problem detail as JSON."""
    body = {"type": "about:blank", "title": title(status), "status": status, "detail": detail}
    return json.dumps(body).encode()


@lru_cache(maxsize=600)
def title(status: int) -> str:
    """Return the status in words, or a plain number's where no RFC names it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error that `app` raises a problem+json response; no stack trace leaves the service."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _failed)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, detail = error.status_code, str(error.detail)
    return problem(status, DETAILS.get(status, detail) if detail == title(status) else detail, error.headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(422, "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()))


async def _left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)  # nobody reads it


async def _failed(_request: Request, error: Exception) -> Response:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return problem(500, "the service failed unexpectedly; its log says why")
