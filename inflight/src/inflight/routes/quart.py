"""Quart's routes: a werkzeug map, asked once for each path and method."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote, urlsplit

from quart import Quart
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect, Rule, WebsocketMismatch

from inflight.routes.path import below
from inflight.types import Scope

KEPT = 1024
"""Paths whose rule is remembered."""


class QuartTemplates:
    """The rules of a Quart application, `/users/<int:id>`."""

    def __init__(self, app: Quart) -> None:
        self._map = app.url_map
        self._bound = lru_cache(KEPT)(self._map.bind)
        self._rule = lru_cache(KEPT)(self._search)

    def label(self, scope: Scope) -> str | None:
        """Return the rule that the request is for."""
        path = below(scope["path"], scope.get("root_path", ""))
        return self._rule(path, scope.get("method", "GET"), scope["type"] == "websocket", self._host(scope))

    def _host(self, scope: Scope) -> str:
        if not self._map.host_matching:
            return "localhost"
        hosts = (value.decode("latin-1").lower() for name, value in scope.get("headers", ()) if name == b"host")
        return next(hosts, "localhost")

    def _search(self, path: str, method: str, websocket: bool, host: str, again: bool = True) -> str | None:
        adapter = self._bound(host)
        found: tuple[Rule, object]
        try:
            found = adapter.match(path, method, return_rule=True, websocket=websocket)
        except RequestRedirect as redirect:
            target = unquote(urlsplit(redirect.new_url).path)
            return self._search(target, method, websocket, host, again=False) if again else None
        except MethodNotAllowed as refusal:
            methods = list(refusal.valid_methods or [])
            return self._search(path, methods[0], websocket, host, again=False) if methods and again else None
        except WebsocketMismatch:
            return self._search(path, "GET", not websocket, host, again=False) if again else None
        except HTTPException:
            return None
        return found[0].rule


def templates_of(app: object) -> QuartTemplates | None:
    """Return the routes of `app` if it is a Quart application."""
    return QuartTemplates(app) if isinstance(app, Quart) else None
