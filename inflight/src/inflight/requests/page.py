"""What is in flight at this moment, as JSON: each request, where it is, for how long, and at which line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_network
from time import perf_counter
from typing import TYPE_CHECKING, Any

from inflight.admin import TEXT, Page, Response, comes_from
from inflight.linux.unread import oldest_unread
from inflight.requests.lines import Lines, lines

if TYPE_CHECKING:
    from inflight.blocking.blame import Holder
    from inflight.ledger import Ledger
    from inflight.telemetry import Telemetry

MOST_REQUESTS = 200
"""Requests that are listed, the oldest; the others are a number."""
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
JSON = "application/json"

Network = IPv4Network | IPv6Network


def requests_page(telemetry: Telemetry, readers: Iterable[Network] = LOOPBACK) -> Page:
    """Return the admin port's page `/requests`, for clients of these networks."""
    networks = tuple(readers)

    def page(_headers: Mapping[str, str], client: str) -> Response:
        if not comes_from(client, networks):
            return HTTPStatus.FORBIDDEN, TEXT, b"forbidden: /requests is for loopback only\n"
        return HTTPStatus.OK, JSON, requests_json(telemetry)

    return page


def requests_json(telemetry: Telemetry) -> bytes:
    """Return the document, from any thread but the event loop's. Times are in seconds.

    It has no header, no body, no query and no path parameter of any request: the routes' templates only.
    """
    return json.dumps(requests_in_flight(telemetry), separators=(",", ":")).encode()


def requests_in_flight(telemetry: Telemetry) -> dict[str, Any]:
    """Return the document: `processes` and `requests` are lists, so that those of several processes can be joined."""
    live = telemetry.live
    ledgers = sorted((*live.in_flight, *live.websockets), key=lambda ledger: ledger.entered_at)
    listed = ledgers[:MOST_REQUESTS]
    found = lines(telemetry, set(listed))
    held, now = telemetry.watchdog.held(), perf_counter()
    entries = [_entry(telemetry, ledger, now, found, held and held[0]) for ledger in listed]
    read = list(live.read.copy().values())
    unbegun = [_unbegun(stamp.read_at, stamp.kernel, now) for stamp in read[:MOST_REQUESTS]]
    unlisted = len(ledgers) + len(read) - len(listed) - len(unbegun)
    return {
        "processes": [_process(telemetry, held, unlisted)],
        "requests": [entry for entry in (*entries, *unbegun) if entry is not None],
    }


def _process(telemetry: Telemetry, held: tuple[Holder, float] | None, unlisted: int) -> dict[str, Any]:
    """Return what is known of the process: its event loop, what holds it, and the unread requests."""
    unread = telemetry.live.unread()
    document: dict[str, Any] = {
        "pid": os.getpid(),
        "stalled": _rounded(telemetry.heartbeat.stalled()),
        "unlisted": unlisted,
    }
    if held is not None:
        holder, seconds = held
        document["blocked"] = {
            "where": holder.place.where,
            "method": holder.method,
            "route": holder.route,
            "for": _rounded(seconds),
        }
    if unread is not None:
        document["unread"] = {"requests": unread, "oldest": _rounded(oldest_unread(telemetry.live)) if unread else None}
    return document


def _entry(
    telemetry: Telemetry, ledger: Ledger, now: float, found: Lines, holder: Holder | None
) -> dict[str, Any] | None:
    method, route = telemetry.labels(ledger)
    kind = ledger.scope.get("type")
    state, since = state_of(ledger)
    entries = known(ledger, now)
    telemetry.blame.victim(ledger)
    if ledger.finished:  # it may have ended, and let go of its scope, before its labels were read
        return None
    entry = {
        "id": f"{int(ledger.entered_at * 1e9):x}",
        "kind": kind,
        "method": "WEBSOCKET" if kind == "websocket" else method,
        "route": route,
        "age": _rounded(entries["total"]),
        "state": state,
        "for": _rounded(now - since),
        "ledger": {name: _rounded(seconds) for name, seconds in entries.items()},
    }
    place = found.of(ledger)
    if place is not None:
        entry["at"] = place.where
    if holder is not None and ledger not in found.on_loop and ledger not in found.in_threads:
        entry["blocked_by"] = holder.place.where  # whatever it waits for, it cannot go on before
    if ledger.waited_for is not None:
        entry["waited_for"] = ledger.waited_for.where
    return entry


def _unbegun(read_at: float, kernel: float | None, now: float) -> dict[str, Any]:
    """Return an entry for a request that was read, and whose task has not run."""
    ledger = {"kernel": kernel, "loop": now - read_at, "total": now - read_at + (kernel or 0.0)}
    return {
        "id": f"{int(read_at * 1e9):x}",
        "kind": "http",
        "age": _rounded(ledger["total"]),
        "state": "loop",
        "for": _rounded(now - read_at),
        "ledger": {name: _rounded(seconds) for name, seconds in ledger.items() if seconds is not None},
    }


def state_of(ledger: Ledger) -> tuple[str, float]:
    """Return where a request is now, and since when."""
    doing = ledger.doing
    if doing is not None:
        return f"{doing.entry} {name}" if (name := getattr(doing, "name", "")) else doing.entry, doing.since
    if ledger.first_byte_at is not None:
        return "body", max(ledger.first_byte_at, ledger.mark)
    return "application", ledger.mark


def known(ledger: Ledger, now: float) -> dict[str, float]:
    """Return a ledger's entries so far, `application` and the total among them, without a change to it."""
    spent, doing, mark = dict(ledger.spent), ledger.doing, ledger.mark
    if doing is not None:
        spent[doing.entry] = spent.get(doing.entry, 0.0) + max(0.0, now - mark)
    entries = {"kernel": ledger.kernel, "loop": ledger.loop, **spent}
    found = {name: seconds for name, seconds in entries.items() if seconds is not None}
    total = ledger.total(now)
    return {**found, "application": max(0.0, total - sum(found.values())), "total": total}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
