"""How foreign exceptions become the gateway's own."""

from __future__ import annotations

import http.client
import inspect
from collections.abc import Iterator
from types import ModuleType

import aiohttp
import aiohttp.client_exceptions
import pytest
import requests.exceptions
import urllib3.exceptions
from urllib3.connection import HTTPConnection

from services.gateway import errors
from services.gateway.errors import (
    FOREIGN,
    UpstreamBroken,
    UpstreamError,
    UpstreamRubbish,
    UpstreamTimeout,
    UpstreamUnreachable,
    translate,
    translated,
)

POOL = urllib3.HTTPConnectionPool("backend")


def classes_of(module: ModuleType) -> Iterator[type[Exception]]:
    """Yield a module's exception classes that are not warnings."""
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, Exception) and not issubclass(kind, Warning):
            yield kind


NEVER_RAISED = {
    aiohttp.WSMessageTypeError,  # no gateway speaks WebSocket
    urllib3.exceptions.ProxySchemeUnsupported,  # no gateway heeds a proxy
}
FOREIGN_CLASSES = {
    kind
    for module in (requests.exceptions, urllib3.exceptions, aiohttp.client_exceptions)
    for kind in classes_of(module)
    if kind.__module__ in {"requests.exceptions", "urllib3.exceptions", "aiohttp.client_exceptions"}
} - NEVER_RAISED
FAMILY = {kind for kind in classes_of(errors) if issubclass(kind, UpstreamError)}


def name_of(kind: object) -> str:
    """Return a class's whole name, which is its key in FOREIGN."""
    assert isinstance(kind, type)
    return f"{kind.__module__}.{kind.__qualname__}"


def test_introspection_finds_the_libraries_families() -> None:
    """The three families are found whole: what every library's documentation lists is among them."""
    assert {
        requests.exceptions.ChunkedEncodingError,
        urllib3.exceptions.ReadTimeoutError,
        aiohttp.ServerDisconnectedError,
        aiohttp.InvalidURL,
    } <= FOREIGN_CLASSES
    assert len(FOREIGN_CLASSES) > 60


@pytest.mark.parametrize("kind", sorted(FOREIGN_CLASSES, key=name_of), ids=name_of)
def test_no_foreign_exception_lacks_a_translation(kind: type[Exception]) -> None:
    """Every exception that requests, urllib3 or aiohttp can raise has a meaning of its own family's."""
    assert translate(kind.__new__(kind)) in FAMILY


@pytest.mark.parametrize("name", FOREIGN)
def test_every_name_is_a_class_that_exists(name: str) -> None:
    """No entry is a misspelling, or a name that a library has given up."""
    module, _, kind = name.rpartition(".")
    found = getattr(__import__(module, fromlist=[kind]), kind)
    assert name_of(found) == name


@pytest.mark.parametrize("kind", sorted(FAMILY, key=name_of), ids=name_of)
def test_every_error_has_what_the_client_is_told(kind: type[UpstreamError]) -> None:
    """Each of the gateway's errors has a status of a gateway's, an outcome and a sentence of its own."""
    assert kind.status in {502, 504}
    assert [other for other in FAMILY if other.outcome == kind.outcome or other.detail == kind.detail] == [kind]


CONNECT_FAILED = urllib3.exceptions.NewConnectionError(HTTPConnection("backend"), "refused")
WRAPPED: list[tuple[Exception, type[UpstreamError]]] = [
    (requests.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/", CONNECT_FAILED)), UpstreamUnreachable),
    (requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", ConnectionResetError())), UpstreamBroken),
    (
        requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", http.client.BadStatusLine("x"))),
        UpstreamRubbish,
    ),
    (
        requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", http.client.RemoteDisconnected("x"))),
        UpstreamBroken,
    ),
    (
        urllib3.exceptions.ProtocolError("broken", urllib3.exceptions.IncompleteRead(1, 2)),
        UpstreamBroken,
    ),
    (requests.ConnectionError(urllib3.exceptions.ReadTimeoutError(POOL, "/", "slow")), UpstreamTimeout),
    (requests.ConnectTimeout(), UpstreamUnreachable),
    (requests.ReadTimeout(), UpstreamTimeout),
    (aiohttp.ServerDisconnectedError(), UpstreamBroken),
    (aiohttp.ConnectionTimeoutError(), UpstreamUnreachable),
    (aiohttp.SocketTimeoutError(), UpstreamTimeout),
    (TimeoutError(), UpstreamTimeout),
    (ConnectionResetError(), UpstreamBroken),
]


@pytest.mark.parametrize(("error", "meaning"), WRAPPED, ids=lambda value: repr(value)[:60])
def test_the_most_specific_meaning_wins(error: Exception, meaning: type[UpstreamError]) -> None:
    """A subclass's entry goes before its parents', and what is wrapped goes before its wrapping."""
    assert translate(error) is meaning


def test_a_failure_to_connect_is_told_from_a_break() -> None:
    """A failure to connect, as aiohttp raises it, holds the system's error; it is no broken connection for that."""
    key = aiohttp.client_reqrep.ConnectionKey("backend", 80, False, True, None, None, None)
    assert translate(aiohttp.ClientConnectorError(key, ConnectionRefusedError())) is UpstreamUnreachable


def test_a_chain_that_bites_its_tail_ends() -> None:
    """An exception that holds itself among its arguments is looked at once."""
    error = requests.ConnectionError()
    error.args = (error,)
    assert translate(error) is UpstreamBroken


def test_what_is_not_foreign_passes() -> None:
    """A fault of our own, and an error that has its meaning already, are not dressed up as the backend's."""
    for error in (ZeroDivisionError(), UpstreamRubbish()):
        with pytest.raises(type(error)) as caught, translated():
            raise error
        assert caught.value is error


def test_the_cause_is_kept() -> None:
    """The foreign exception stays reachable from the one that it became."""
    cause = requests.ReadTimeout("read timed out")
    with pytest.raises(UpstreamTimeout, match="read timed out") as caught, translated():
        raise cause
    assert caught.value.__cause__ is cause
