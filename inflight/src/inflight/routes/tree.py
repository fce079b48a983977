"""Starlette's routes as a tree, read through its public interface: what is mounted is a branch."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Host, Match, Mount, Router

from inflight.routes.framework import Templates, layers, templates_of
from inflight.routes.path import joined

REST = "/{path}"
"""How the template of a mount ends."""
FRONTEND = "inflight.frontend"
"""The key of the file's path in a FastAPI `frontend`, which no route is listed for."""


class Tree:
    """The routes of one router, `prefix` before each; `around` are the routers that it is mounted in."""

    def __init__(self, app: Starlette | Router, prefix: str = "", around: tuple[Router, ...] = ()) -> None:
        self.router = app.router if isinstance(app, Starlette) else app
        self.prefix = prefix
        self.count = len(self.router.routes)
        self.places = [Place(route, prefix, (*around, self.router)) for route in _each(self.router.routes)]

    def find(self, scope: dict[str, Any]) -> str | None:
        """Return the label of the route that the router would choose for the request, or redirect it to."""
        path: str = scope["path"]
        own_path = path[len(scope["root_path"]) :]
        found = self._first(scope, own_path)
        if found is None and scope["type"] == "http" and self.router.redirect_slashes and own_path != "/":
            scope = {**scope, "path": path.rstrip("/") if path.endswith("/") else f"{path}/"}
            found = self._first(scope, scope["path"][len(scope["root_path"]) :])
        if found is not None:
            place, child = found
            return place.label({**scope, **child})
        file: str | None = scope.get(FRONTEND)
        return None if file is None else f"{self.prefix}{own_path.removesuffix(file).rstrip('/')}{REST}"

    def _first(self, scope: dict[str, Any], own_path: str) -> tuple[Place, dict[str, Any]] | None:
        """Return the first route that matches in full, else the first that has the path but not the method."""
        partial = None
        for place in self.places:
            if place.path_regex is not None and place.path_regex.match(own_path) is None:
                continue  # `matches` would say the same for several times the price
            match, child = place.matches(scope)
            if match is Match.FULL:
                return place, child
            if match is Match.PARTIAL and partial is None:
                partial = place, child
        return partial

    def by_id(self) -> dict[int, str]:
        """Return the labels by the ids of the endpoints and routes that have only one; the tree keeps these alive."""
        labels: dict[int, set[str | None]] = {}
        for tree in self.trees():
            for place in tree.places:
                for key in place.keys:
                    labels.setdefault(id(key), set()).add(place.template)
        return {of: label for of, (label, *more) in labels.items() if label is not None and not more}

    def has_changed(self) -> bool:
        """Say whether a router has got or lost a route since the tree was made."""
        return any(len(tree.router.routes) != tree.count for tree in self.trees())

    def trees(self) -> Iterator[Tree]:
        """Yield this router's tree and those of all that is mounted in it."""
        yield self
        for place in self.places:
            if place.tree is not None:
                yield from place.tree.trees()


class Place:
    """A route in the tree: its template, or a tree of its own where an application with routes is mounted."""

    def __init__(self, route: Any, prefix: str, around: tuple[Router, ...]) -> None:
        original = getattr(route, "original_route", route)
        is_mount = isinstance(original, Mount | Host)
        self.matches = route.matches
        self.path_regex: re.Pattern[str] | None = getattr(route, "path_regex", None)
        self.prefix = f"{prefix}{route.path_format.removesuffix(REST)}" if isinstance(original, Mount) else prefix
        self.tree: Tree | None = None
        self.foreign: Templates | None = None
        if is_mount:
            self._enter(route.app, around)
        mounted = f"{self.prefix}{REST}" if self.tree is None and self.foreign is None else None
        self.template = mounted if is_mount else _template(route, prefix)
        keys = (original, route.app if is_mount else getattr(route, "endpoint", None))
        self.keys = [key for key in keys if key is not None]

    def _enter(self, app: Any, around: tuple[Router, ...]) -> None:
        for layer in layers(app):
            if isinstance(layer, Starlette | Router):
                router = layer.router if isinstance(layer, Starlette) else layer
                # What is mounted may hold the application that it is mounted in, as an admin page does.
                if not any(router is outer for outer in around):
                    self.tree = Tree(layer, self.prefix, around)
                return
        self.foreign = templates_of(app)

    def label(self, scope: dict[str, Any]) -> str | None:
        """Return the label of the request with `scope`, which this route matches."""
        if self.tree is not None:
            return self.tree.find(scope)
        if self.foreign is not None:
            inner = self.foreign.label(scope)
            return None if inner is None else joined(self.prefix, inner)
        return self.template


def _template(route: Any, prefix: str) -> str | None:
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return f"{prefix}{template}" if isinstance(template, str) else None


def _each(routes: list[BaseRoute]) -> Iterator[Any]:
    """Yield each route, and those of FastAPI's included routers with the prefix that they are included under."""
    # An older FastAPI copies what it includes into the list itself.
    each = getattr(sys.modules.get("fastapi.routing"), "iter_route_contexts", iter)
    yield from each(routes)
