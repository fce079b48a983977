"""Refusals before a route is looked for: the metrics count them under the route that was asked for all the same."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Refusals:
    """Answers in the application's place; `routes` are the application's own."""

    def __init__(self, routes: Iterable[BaseRoute] = ()) -> None:
        self._routes = tuple(routes)

    async def send(self, refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with `refusal`, and note in the scope which route it is for, as FastAPI would have."""
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                break
        await refusal(scope, receive, send)
