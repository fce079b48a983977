"""The routes of Starlette and FastAPI: known by the endpoint in the scope, else searched for."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.routing import Router

from inflight.routes.path import below
from inflight.routes.tree import FRONTEND, Tree
from inflight.types import Scope

SET_BY_ROUTING = ("app", "app_root_path", "endpoint", "fastapi", "path_params", "route", "router")
"""What a search must not find in the scope: it begins anew."""


class StarletteTemplates:
    """The templates of an application and of all that is mounted in it, `/v1/users/{id}`."""

    def __init__(self, app: Starlette | Router) -> None:
        self._app = app
        self._root_path: str = getattr(app, "root_path", "")  # FastAPI's own goes before the server's
        self._learn()

    def label(self, scope: Scope) -> str | None:
        """Return the template of the route that has had the request, or that would."""
        label = self._by_id.get(id(scope.get("endpoint"))) or self._by_id.get(id(scope.get("route")))
        if label is not None:
            return label
        asked = self._asked(scope)
        label = self._tree.find(asked)
        if label is None and self._tree.has_changed():
            self._learn()
            label = self._tree.find(asked)
        return label

    def _learn(self) -> None:
        tree = Tree(self._app)
        self._by_id = tree.by_id()
        self._tree = tree

    def _asked(self, scope: Scope) -> dict[str, Any]:
        """Return the scope as it came, its path as the application's own, with the method that a preflight is about."""
        asked = dict(scope)
        root_path = self._root_path or asked.get("app_root_path", asked.get("root_path", ""))
        # Where FastAPI has served a file of a `frontend`, which is in no list of routes, only this says so.
        asked[FRONTEND] = asked.get("fastapi", {}).get("frontend_path")
        for key in SET_BY_ROUTING:
            asked.pop(key, None)
        asked["path"] = below(asked["path"], root_path)
        asked["root_path"] = ""
        if asked.get("method") == "OPTIONS":
            wanted = (value for name, value in asked.get("headers", ()) if name == b"access-control-request-method")
            asked["method"] = next(wanted, b"OPTIONS").decode("latin-1")
        return asked


def templates_of(app: object) -> StarletteTemplates | None:
    """Return the routes of `app` if it is a Starlette application or router."""
    return StarletteTemplates(app) if isinstance(app, Starlette | Router) else None
