"""How a call to the backend can fail, and what the client is told.

UpstreamError
├── UpstreamUnreachable  502  no connection: refused, no route, unknown name, or not within CONNECT_TIMEOUT
├── UpstreamBroken       502  the connection broke before the answer was whole
├── UpstreamRubbish      502  the answer was not HTTP, not JSON, or too large
└── UpstreamTimeout      504  no whole answer within UPSTREAM_TIMEOUT
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.problems import problem


class UpstreamError(Exception):
    """The backend did not give a good answer; `outcome` is the metric's label."""

    status = 502
    outcome = "error"
    detail = "the backend did not give a good answer"


class UpstreamUnreachable(UpstreamError):
    """No connection to the backend could be made."""

    outcome = "unreachable"
    detail = "the backend cannot be reached"


class UpstreamBroken(UpstreamError):
    """The backend closed the connection before its answer was whole."""

    outcome = "broken"
    detail = "the backend broke the connection off before its answer was whole"


class UpstreamRubbish(UpstreamError):
    """The backend answered what cannot be passed on."""

    outcome = "rubbish"
    detail = "the backend's answer is not one that can be passed on"


class UpstreamTimeout(UpstreamError):
    """The backend took too long."""

    status = 504
    outcome = "timeout"
    detail = "the backend took too long to answer"


OUTCOMES = tuple(kind.outcome for kind in UpstreamError.__subclasses__())

FOREIGN: dict[str, type[UpstreamError]] = {
    # requests, and urllib3 beneath it
    "requests.exceptions.RequestException": UpstreamRubbish,
    "requests.exceptions.ConnectionError": UpstreamBroken,
    "requests.exceptions.ChunkedEncodingError": UpstreamBroken,
    "requests.exceptions.ConnectTimeout": UpstreamUnreachable,
    "requests.exceptions.InvalidURL": UpstreamUnreachable,
    "requests.exceptions.Timeout": UpstreamTimeout,
    "urllib3.exceptions.HTTPError": UpstreamRubbish,
    "urllib3.exceptions.LocationValueError": UpstreamUnreachable,
    "urllib3.exceptions.ProtocolError": UpstreamBroken,
    "urllib3.exceptions.IncompleteRead": UpstreamBroken,
    "urllib3.exceptions.NewConnectionError": UpstreamUnreachable,
    "urllib3.exceptions.NameResolutionError": UpstreamUnreachable,
    "urllib3.exceptions.ConnectTimeoutError": UpstreamUnreachable,
    "urllib3.exceptions.TimeoutError": UpstreamTimeout,
    "http.client.BadStatusLine": UpstreamRubbish,
    "http.client.RemoteDisconnected": UpstreamBroken,
    "http.client.IncompleteRead": UpstreamBroken,
    "http.client.HTTPException": UpstreamRubbish,
    # aiohttp
    "aiohttp.client_exceptions.ClientError": UpstreamRubbish,
    "aiohttp.client_exceptions.ClientConnectionError": UpstreamBroken,
    "aiohttp.client_exceptions.ClientPayloadError": UpstreamBroken,
    "aiohttp.client_exceptions.ClientConnectorError": UpstreamUnreachable,
    "aiohttp.client_exceptions.ConnectionTimeoutError": UpstreamUnreachable,
    "aiohttp.client_exceptions.ServerTimeoutError": UpstreamTimeout,
    # both
    "builtins.TimeoutError": UpstreamTimeout,
    "builtins.UnicodeError": UpstreamUnreachable,  # a host name that is none, as `socket` finds out when it is asked
    "builtins.OSError": UpstreamBroken,
}
"""The clients' own exceptions, by name, so that a gateway need not load a client that it does not use."""


def translate(error: BaseException) -> type[UpstreamError] | None:
    """Return what a client's exception means, or None where it is not one; the innermost known cause decides."""
    for cause in _causes(error):
        for kind in type(cause).__mro__:
            meaning = FOREIGN.get(f"{kind.__module__}.{kind.__qualname__}")
            if meaning is not None:
                return meaning
    return None


class translated:  # noqa: N801 - it is used as a function is
    """Raise a client's exceptions as UpstreamErrors; everything else passes."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, UpstreamError):
            meaning = translate(error)
            if meaning is not None:
                raise meaning(str(error)) from error


def answers_upstream_errors(app: FastAPI) -> None:
    """Make every UpstreamError a problem+json answer with its status."""
    app.add_exception_handler(UpstreamError, _answer)


async def _answer(_request: Request, error: Exception) -> Response:
    assert isinstance(error, UpstreamError)
    return problem(error.status, error.detail)


def _causes(error: BaseException) -> list[BaseException]:
    """Return what `requests` and urllib3 wrapped into `error` (as `reason`, or among `args`), the innermost first.

    The system's own errors stay out: what wraps one says more, namely whether it happened while connecting.
    """
    chain = [error]
    while True:
        last = chain[-1]
        wrapped = (getattr(last, "reason", None), *last.args)
        inner = next((each for each in wrapped if isinstance(each, Exception) and not isinstance(each, OSError)), None)
        if inner is None or inner in chain:
            return chain[::-1]
        chain.append(inner)
