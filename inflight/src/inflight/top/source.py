"""Reads what a service says of itself on its admin port: `/metrics` and `/requests`, and nothing else."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from http import HTTPStatus
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from inflight.terminal.errors import reason

TIMEOUT = 2.0
"""Seconds for a response; the admin port's threads respond while the event loop cannot."""
ENTRY = {"kind", "state", "age", "for", "ledger"}
"""What is known of every request."""


OURS = {"http_requests_in_flight", "event_loop_stalled_seconds"}
"""Of these a service's metrics have at least one."""


class SourceError(Exception):
    """The admin port does not respond as one does; the text says how."""


class Reading(NamedTuple):
    """What a service said at one moment."""

    at: float
    """A reading of `time.monotonic`."""
    samples: dict[str, list[tuple[dict[str, str], float]]]
    """Labels and value of each sample, by the sample's name."""
    requests: dict[str, Any]
    """The document of `/requests`; empty where the service has none, or does not show it."""
    missing: str
    """Why there is none; empty where there is one."""


class Source:
    """The admin port at one URL. Each request has a connection of its own: it reaches who listens there now."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/").removesuffix("/metrics")
        self._host, self._port = parts.hostname or "", parts.port
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection

    def read(self) -> Reading:
        """Return what the service says now. Raises SourceError."""
        at = monotonic()
        status, metrics = self._get("/metrics")
        if status != HTTPStatus.OK:
            raise SourceError(f"/metrics responds with {status}")
        status, document = self._get("/requests")
        missing = "" if status == HTTPStatus.OK else f"/requests responds with {status}"
        try:
            samples, parsed = _samples(metrics), {} if missing else _parsed(document)
        except ValueError as error:
            raise SourceError(f"that is no admin port: {error}") from None
        if missing and not samples.keys() & OURS:
            raise SourceError("that is no admin port of a service: its /metrics has nothing of requests")
        return Reading(at, samples, parsed, missing)

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = self._kind(self._host, self._port, timeout=TIMEOUT)
        try:
            with closing(connection):
                connection.request("GET", f"{self._path}{path}")
                response = connection.getresponse()
                return response.status, response.read()
        except (OSError, UnicodeError) as error:
            raise SourceError(reason(error)) from None
        except http.client.HTTPException as error:
            raise SourceError((str(error) or type(error).__name__).lower()) from None


def _parsed(document: bytes) -> dict[str, Any]:
    """Return the document of `/requests`. Raises ValueError for another one."""
    found = json.loads(document)
    requests = found.get("requests") if isinstance(found, dict) else None
    if not isinstance(requests, list) or not all(isinstance(each, dict) and each.keys() >= ENTRY for each in requests):
        raise ValueError("/requests is another document")
    parsed: dict[str, Any] = found
    return parsed


def _samples(text: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found
