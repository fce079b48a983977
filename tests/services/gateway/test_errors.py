"""The clients' exceptions, by class, and the response to each."""

from __future__ import annotations

import inspect
import json

import aiohttp
import aiohttp.client_exceptions
import pytest
import requests
import requests.exceptions
from fastapi import FastAPI

from services.gateway import awaiting_client, blocking_client
from services.gateway.errors import (
    INVALID,
    TIMEOUT,
    UNREACHABLE,
    Failure,
    InvalidResponse,
    install_failure_handlers,
)
from tests.inflight.asgi import call, http_scope

CASES: list[tuple[type[Exception], Failure]] = [
    (requests.ConnectionError, UNREACHABLE),
    (requests.ConnectTimeout, UNREACHABLE),
    (requests.ReadTimeout, TIMEOUT),
    (requests.exceptions.ChunkedEncodingError, UNREACHABLE),
    (requests.exceptions.InvalidHeader, INVALID),
    (aiohttp.ServerDisconnectedError, UNREACHABLE),
    (aiohttp.ClientPayloadError, UNREACHABLE),
    (aiohttp.ConnectionTimeoutError, UNREACHABLE),
    (aiohttp.SocketTimeoutError, TIMEOUT),
    (aiohttp.ServerTimeoutError, TIMEOUT),
    (TimeoutError, TIMEOUT),
    (aiohttp.TooManyRedirects, INVALID),
    (InvalidResponse, INVALID),
]
FAMILIES = {
    kind
    for module, base in (
        (requests.exceptions, requests.RequestException),
        (aiohttp.client_exceptions, aiohttp.ClientError),
    )
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, base)
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """An application that raises what it is asked for."""
    app = FastAPI()
    install_failure_handlers(app, {**blocking_client.FAILURES, **awaiting_client.FAILURES})
    kinds = {kind.__name__: kind for kind in (*FAMILIES, *(kind for kind, _ in CASES))}

    @app.get("/{name}")
    def fail(name: str) -> None:
        raise kinds[name].__new__(kinds[name])

    return app


@pytest.mark.parametrize(("kind", "failure"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_nearest_class_decides(app: FastAPI, kind: type[Exception], failure: Failure) -> None:
    """A failure to connect is told from a response that is late, and that from one that is wrong."""
    start, body = call(app, http_scope(f"/{kind.__name__}"))
    assert (start["status"], json.loads(body["body"])["detail"]) == (failure.status, failure.detail)


@pytest.mark.parametrize("kind", sorted(FAMILIES, key=str), ids=lambda kind: kind.__name__)
def test_no_exception_of_a_client_is_a_500(app: FastAPI, kind: type[Exception]) -> None:
    """Whatever the libraries raise is a gateway's error."""
    assert call(app, http_scope(f"/{kind.__name__}"))[0]["status"] in {502, 504}
