"""Django's routes: the patterns of the URL configuration, resolved once for each path."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

from django.conf import settings  # type: ignore[import-untyped]
from django.conf.urls.i18n import is_language_prefix_patterns_used  # type: ignore[import-untyped]
from django.core.handlers.base import BaseHandler  # type: ignore[import-untyped]
from django.middleware.common import CommonMiddleware  # type: ignore[import-untyped]
from django.urls import Resolver404, resolve  # type: ignore[import-untyped]
from django.utils.module_loading import import_string  # type: ignore[import-untyped]
from django.utils.translation import get_language_from_path, override  # type: ignore[import-untyped]

from inflight.routes.path import below
from inflight.types import Scope

KEPT = 1024
"""Paths whose pattern is remembered."""


class DjangoTemplates:
    """The patterns of the views, `report/<int:year>/`; `static` is the URL of files that the handler serves itself."""

    def __init__(self, static: str | None = None) -> None:
        self._static = static
        self._appends_slash = settings.APPEND_SLASH and any(map(_is_common, settings.MIDDLEWARE))
        self._has_languages = settings.USE_I18N and any(is_language_prefix_patterns_used(settings.ROOT_URLCONF))
        self._pattern = lru_cache(KEPT)(self._search)

    def label(self, scope: Scope) -> str | None:
        """Return the pattern that the request is for; Django has no WebSockets of its own."""
        if scope["type"] != "http":
            return None
        if self._static and scope["path"].startswith(self._static):
            return f"{self._static}{{path}}"
        path = below(scope["path"], settings.FORCE_SCRIPT_NAME or scope.get("root_path", ""))
        pattern: str | None = self._pattern(path)
        return pattern

    def _search(self, path: str) -> str | None:
        with self._language(path):
            pattern = _resolved(path)
            if pattern is None and self._appends_slash and not path.endswith("/"):
                pattern = _resolved(f"{path}/")
        return pattern

    def _language(self, path: str) -> AbstractContextManager[None]:
        """Set the language of the path, where there are patterns with a language's prefix: they match in it only.

        A path without one is the default's, whatever language a view has left active.
        """
        if not self._has_languages:
            return nullcontext()
        language: AbstractContextManager[None] = override(get_language_from_path(path) or settings.LANGUAGE_CODE)
        return language


def templates_of(app: object) -> DjangoTemplates | None:
    """Return the routes of Django if `app` is its handler."""
    if not isinstance(app, BaseHandler):
        return None
    base_url = getattr(app, "base_url", None)  # of the handler that serves static files while developing
    return DjangoTemplates(None if base_url is None else base_url.path)


def configured() -> list[DjangoTemplates]:
    """Return the routes of Django if this process has a URL configuration by now, else an empty list."""
    return [_of_the_process()] if settings.configured and getattr(settings, "ROOT_URLCONF", None) else []


@lru_cache(1)
def _of_the_process() -> DjangoTemplates:
    return DjangoTemplates()


def _resolved(path: str) -> str | None:
    try:
        pattern: str = resolve(path).route
    except Resolver404:
        return None
    return pattern or "/"


def _is_common(name: str) -> bool:
    middleware = import_string(name)
    return isinstance(middleware, type) and issubclass(middleware, CommonMiddleware)
