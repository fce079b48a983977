"""Litestar's routes: the template that it notes in the scope, or the path compared with those of the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.handlers import ASGIRouteHandler
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute, WebSocketRoute

from inflight.routes.path import below
from inflight.types import Scope


class LitestarTemplates:
    """The paths of a Litestar application, `/users/{id}`; what is mounted is its path and `{path}`."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._learn()

    def label(self, scope: Scope) -> str | None:
        """Return the template that the request is for."""
        label = self._by_handler.get(id(scope.get("route_handler")))
        if label is not None:
            return label
        template: str | None = scope.get("path_template")
        if template in self._labels:
            return template
        if len(self._app.routes) != self._count:
            self._learn()
        return self._search(below(scope["path"], scope.get("root_path", "")))

    def _learn(self) -> None:
        routes = sorted(self._app.routes, key=_rank)
        labels = [_label(route) for route in routes]
        handlers: dict[int, set[str]] = {}
        for route, label in zip(routes, labels, strict=True):
            for handler in _handlers(route):
                handlers.setdefault(id(handler), set()).add(label)
        # The routes hold their handlers, so no id is used again. One handler may have several paths.
        self._by_handler = {handler: min(of) for handler, of in handlers.items() if len(of) == 1}
        self._labels = frozenset(labels)
        self._count = len(self._app.routes)
        self._routes = list(zip(routes, labels, strict=True))

    def _search(self, path: str) -> str | None:
        parts = [part for part in path.split("/") if part]
        return next((label for route, label in self._routes if _fits(route, parts)), None)


def templates_of(app: object) -> LitestarTemplates | None:
    """Return the routes of `app` if it is a Litestar application."""
    return LitestarTemplates(app) if isinstance(app, Litestar) else None


def _handlers(route: BaseRoute) -> Sequence[Any]:
    if isinstance(route, HTTPRoute):
        return route.route_handlers
    return [route.route_handler] if isinstance(route, ASGIRoute | WebSocketRoute) else []


def _is_mount(route: BaseRoute) -> bool:
    return any(isinstance(handler, ASGIRouteHandler) and handler.is_mount for handler in _handlers(route))


def _label(route: BaseRoute) -> str:
    return f"{route.path_format.rstrip('/')}/{{path}}" if _is_mount(route) else route.path_format


def _rank(route: BaseRoute) -> tuple[bool, list[int]]:
    """Literal parts go before parameters, as in Litestar's own search; mounts go last, the longest first."""
    if _is_mount(route):
        return True, [-len(route.path_components)]
    return False, [0 if isinstance(part, str) else 2 if _takes_rest(part) else 1 for part in route.path_components]


def _takes_rest(part: Any) -> bool:
    return bool(part.full.endswith(":path"))


def _fits(route: BaseRoute, parts: list[str]) -> bool:
    components = route.path_components
    for index, component in enumerate(components):
        if index >= len(parts):
            return False
        if isinstance(component, str):
            if parts[index] != component:
                return False
        elif _takes_rest(component):
            return True
        elif component.parser is not None:
            try:
                component.parser(parts[index])
            except (ValueError, ArithmeticError):  # a decimal's
                return False
    return len(parts) == len(components) or _is_mount(route)
