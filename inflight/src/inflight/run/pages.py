"""The admin port's pages: what the workers say, and what is true of a worker that says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any

from inflight import linux
from inflight.admin import TEXT as PLAIN
from inflight.admin import comes_from
from inflight.linux.processes import PROC, sockets_of
from inflight.run.channel import response
from inflight.run.exposition import TEXT, gauge, merge

if TYPE_CHECKING:
    from inflight.admin import Page, Response
    from inflight.run.options import Network
    from inflight.run.state import State
    from inflight.run.worker_process import Worker

STALL_LIMIT = 300.0
"""Seconds after which a worker that stands still counts as dead for /livez: busy is not dead."""


class Pages:
    """`/metrics` and `/requests` of all workers, `/livez` and `/readyz` of the service.

    Of a worker that does not respond, two things are known from outside: since when its event loop has stood still, and
    how many of its connections hold unread bytes. Everything else of it is absent: old figures would pass for new ones.
    """

    def __init__(self, state: State, readers: Sequence[Network]) -> None:
        self._state = state
        self._readers = readers

    def by_path(self) -> dict[str, Page]:
        """Return the pages by their path."""
        return {"/metrics": self._metrics, "/livez": self._livez, "/requests": self._requests}

    def ready(self) -> str | None:
        """Return why the service does not take requests; None where it does."""
        if self._state.stopping:
            return "stopping"
        return None if any(worker.started for worker in self._state.workers) else "starting"

    def _metrics(self, headers: Mapping[str, str], _client: str) -> Response:
        workers = list(self._state.workers)
        responses = self._ask(workers, "/metrics", headers.get("Accept", ""))
        content_type = next((kind for kind, _ in responses.values()), TEXT)
        expositions = [(self._label(worker), body.decode()) for worker, (_, body) in responses.items()]
        expositions.append((None, self._own([worker for worker in workers if worker not in responses])))
        return HTTPStatus.OK, content_type, merge(expositions).encode()

    def _own(self, silent: list[Worker]) -> str:
        """Return what is known without the workers' help."""
        stalls = [(self._labels(worker), worker.stalled()) for worker in silent]
        known = [(labels, seconds) for labels, seconds in stalls if seconds is not None]
        unread = [(_queue(labels), count) for labels, count in self._unread(silent)]
        return gauge("event_loop_stalled_seconds", "Time since the event loop's last heartbeat.", known) + gauge(
            "http_requests_waiting", "Requests waiting in each queue now.", unread
        )

    def _unread(self, silent: list[Worker]) -> list[tuple[str, int]]:
        """Return how many connections hold unread bytes: those that nobody has accepted, and each silent worker's.

        A worker that responds counts its own, and a single one those in the accept queue, too.
        """
        if not self._state.several and not silent:
            return []
        found = [linux.unread_inodes(port) for port in tuple(self._state.ports)]
        if not found or None in found:
            return []
        inodes = [inode for each in found if each is not None for inode in each]
        accepting = inodes.count(0)
        counts = [("", accepting)] if self._state.several else []
        for worker in silent:
            own = sockets_of(PROC / f"{worker.pid}")
            if own is not None:
                count = sum(inode in own for inode in inodes)
                counts.append((self._labels(worker), count if self._state.several else count + accepting))
        return counts

    def _livez(self, _headers: Mapping[str, str], _client: str) -> Response:
        """Respond with 503 when a worker has stood still for too long, and say of each what is wrong with it."""
        workers = self._state.workers
        dead = any((worker.stalled() or 0.0) > STALL_LIMIT for worker in workers)
        lines = [*([] if dead else ["ok"]), *filter(None, map(self._trouble, workers))]
        status = HTTPStatus.SERVICE_UNAVAILABLE if dead else HTTPStatus.OK
        return status, PLAIN, "".join(f"{line}\n" for line in lines).encode()

    def _trouble(self, worker: Worker) -> str | None:
        silent, stalled = worker.silent(), worker.stalled()
        if silent is not None:
            count = dict(self._unread([worker])).get(self._labels(worker))
            unread = "" if count is None else f"; {count} connections unread"
            return f"{worker} has not responded for {silent:.1f} s{unread}"
        if stalled is not None and stalled > 1:
            return f"{worker}: its event loop has stood still for {stalled:.1f} s"
        return None

    def _requests(self, _headers: Mapping[str, str], client: str) -> Response:
        if not comes_from(client, self._readers):
            return HTTPStatus.FORBIDDEN, PLAIN, b"forbidden: see --admin-requests-from\n"
        workers = list(self._state.workers)
        responses = self._ask(workers, "/requests", "")
        merged: dict[str, list[dict[str, Any]]] = {"processes": [], "requests": []}
        for worker in workers:
            found = json.loads(responses[worker][1]) if worker in responses else {"processes": [_of_silent(worker)]}
            for name, entries in merged.items():
                entries.extend({"worker": worker.number, **entry} for entry in found.get(name, ()))
        return HTTPStatus.OK, "application/json", json.dumps(merged).encode()

    def _labels(self, worker: Worker) -> str:
        return f'worker="{worker.number}"' if self._state.several else ""

    def _label(self, worker: Worker) -> str | None:
        return str(worker.number) if self._state.several else None

    @staticmethod
    def _ask(workers: list[Worker], path: str, accept: str) -> dict[Worker, tuple[str, bytes]]:
        """Return what each worker responds with that responds in time; all are asked before one is waited for."""
        asked = [(worker, socket) for worker in workers if (socket := worker.ask(path, accept)) is not None]
        asked_at = monotonic()
        responses = {
            worker: response(socket, asked_at, partial(worker.ran_since, asked_at)) for worker, socket in asked
        }
        return {worker: found for worker, found in responses.items() if found is not None}


def _queue(labels: str) -> str:
    return f'queue="kernel",{labels}' if labels else 'queue="kernel"'


def _of_silent(worker: Worker) -> dict[str, Any]:
    """Return what is known of a process that does not respond; its requests are not."""
    return {"pid": worker.pid, "stalled": worker.stalled(), "silent": worker.silent()}
