"""The backend as a gateway calls it: where it is, how long it may take, and what becomes of its response."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Response
from pydantic_core import from_json

from services.gateway.errors import InvalidResponse
from services.serving.problems import problem
from services.serving.statuses import BODYLESS, FINAL, FIRST_ERROR


@dataclass(frozen=True)
class Backend:
    """From the settings alone, so no request can move it. Times are seconds; without `limit`, connections have none."""

    base_url: str
    connect_timeout: float
    timeout: float
    limit: int | None = None

    @property
    def timeouts(self) -> tuple[float, float]:
        """What `requests` takes: to connect, and for each read."""
        return self.connect_timeout, self.timeout

    def url(self, task: str, delay: float | None, status: int | None) -> str:
        """Return the URL of one task; `task` is validated, so it cannot hold a slash, a dot or a percent sign."""
        given = {"delay": delay, "status": status}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"{self.base_url}/{task}?{query}" if query else f"{self.base_url}/{task}"

    @staticmethod
    def relayed(status: int, body: bytes) -> Response:
        """Return the gateway's response to the client: the backend's JSON, unparsed, under `res`.

        An error status is passed on as a problem. Raises InvalidResponse when the body is not JSON, or when the status
        is none that a response may have (RFC 9110, section 15).
        """
        if status not in FINAL:
            raise InvalidResponse
        if status >= FIRST_ERROR:
            return problem(status, f"the backend responded with {status}")
        if status in BODYLESS:
            return Response(status_code=status)
        try:
            from_json(body, allow_inf_nan=False, cache_strings="none")
        except ValueError as error:
            raise InvalidResponse from error
        return Response(b'{"res":%b}' % body, status, media_type="application/json")
