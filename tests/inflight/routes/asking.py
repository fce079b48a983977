"""Asks an application without a server, and notes what the request's label was on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from inflight.routes import Routes
from inflight.types import ASGIApp, Message, Scope

SECONDS = 20.0
"""The longest that a request may take."""

Headers = Iterable[tuple[bytes, bytes]]


@dataclass
class Seen:
    """One request: its label before and after the application had it, and what was sent."""

    before: str
    after: str = ""
    sent: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The response's status; 403 for a handshake that was refused, as uvicorn sends it."""
        first = self.sent[0]
        return {"websocket.accept": 101, "websocket.close": 403}.get(first["type"]) or int(first["status"])

    @property
    def location(self) -> str | None:
        """Where the response redirects to."""
        return next((value.decode() for name, value in self.sent[0]["headers"] if name.lower() == b"location"), None)


def scope_of(path: str, method: str = "GET", root_path: str = "", headers: Headers = (), kind: str = "http") -> Scope:
    """Return the scope that a server makes of a request."""
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": root_path,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    return {**scope, "subprotocols": []} if kind == "websocket" else {**scope, "method": method}


def ask(app: Any, path: str, routes: Routes | None = None, **request: Any) -> Seen:
    """Return what was seen of one request to `app`."""
    routes = routes or Routes(app)
    scope = scope_of(path, **request)
    seen = Seen(routes.label(scope))
    asyncio.run(asyncio.wait_for(_run(app, scope, seen), SECONDS))
    seen.after = routes.label(scope)
    return seen


def label_of(app: Any, path: str, routes: Routes | None = None, **request: Any) -> str:
    """Return the label of one request to `app`, which is the same before and after."""
    seen = ask(app, path, routes, **request)
    assert seen.before == seen.after
    return seen.after


async def _run(app: ASGIApp, scope: Scope, seen: Seen) -> None:
    over = asyncio.Event()
    received: list[Message] = [{"type": "websocket.connect"}]
    if scope["type"] == "http":
        received = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if received:
            return received.pop()
        await over.wait()
        return {"type": f"{scope['type']}.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        seen.sent.append(message)
        if message["type"] != "http.response.start" and not message.get("more_body"):
            over.set()

    await app(scope, receive, send)
