"""The express lane: a request without surprises goes straight to its handler, past FastAPI's request path.

FastAPI's documents, its validation and its errors stay: whatever is not `GET /{task}` with a good name and no query
takes the whole way. What the lane leaves out (dependency solving, six middlewares, three exit stacks) is a large part
of what a gateway's request costs; bench/README.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from services.parameters import TASK_PATTERN


class ExpressLane:
    """Serves the route of one task, whose handler is a coroutine function; `app` documents it and takes all else."""

    def __init__(self, app: FastAPI, path: str = "/{task}") -> None:
        self.app: ASGIApp = app
        self.route = next(route for route in app.routes if isinstance(route, APIRoute) and route.path == path)
        self.handler = self.route.endpoint
        self.errors: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = dict(app.exception_handlers)
        self.task = re.compile(f"/({TASK_PATTERN})")
        self.elsewhere = {getattr(route, "path", "") for route in app.routes} - {path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request here, or pass it to the application."""
        task = self._task(scope)
        if task is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = self.route
        try:
            response = await self.handler(task)
        except Exception as error:  # noqa: BLE001 - the handlers are the application's own, the last is for any error
            handler = next(self.errors[kind] for kind in type(error).__mro__ if kind in self.errors)
            response = await handler(Request(scope), error)
        await response(scope, receive, send)

    def _task(self, scope: Scope) -> str | None:
        """Return the name of the task that a plain request asks for, or None when the request is not plain."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return None
        match = self.task.fullmatch(scope["path"])
        return match[1] if match and scope["path"] not in self.elsewhere else None
