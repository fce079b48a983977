"""Django's labels, with its common and language middleware."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, cast

import django  # type: ignore[import-untyped]
import pytest
from django.conf import settings  # type: ignore[import-untyped]
from django.conf.urls.i18n import i18n_patterns  # type: ignore[import-untyped]
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # type: ignore[import-untyped]
from django.core.asgi import get_asgi_application  # type: ignore[import-untyped]
from django.http import HttpResponse  # type: ignore[import-untyped]
from django.test import override_settings  # type: ignore[import-untyped]
from django.urls import path as at  # type: ignore[import-untyped]
from django.utils.translation import override  # type: ignore[import-untyped]
from starlette.applications import Starlette

from inflight.routes import Routes
from inflight.routes.django import DjangoTemplates
from inflight.types import ASGIApp, Receive, Scope, Send
from tests.inflight.routes.asking import ask, label_of, scope_of


def limit(get_response: Any) -> Any:
    """Refuse before any URL is resolved."""

    def middleware(request: Any) -> Any:
        return HttpResponse(status=429) if "x-refuse" in request.headers else get_response(request)

    return middleware


@pytest.fixture(scope="module")
def app() -> Iterator[ASGIApp]:
    """Django, whose routes are this process's only as long as these tests run."""
    if not settings.configured:
        settings.configure(
            SECRET_KEY="x",
            ALLOWED_HOSTS=["*"],
            STATIC_URL="/static/",
            LANGUAGES=[("en", "English"), ("de", "German")],
            MIDDLEWARE=[
                "tests.inflight.routes.test_django.limit",
                "django.middleware.locale.LocaleMiddleware",
                "django.middleware.common.CommonMiddleware",
            ],
        )
        django.setup()
    with override_settings(ROOT_URLCONF="tests.inflight.routes.urls"):
        yield cast("ASGIApp", get_asgi_application())


CASES = [
    ("/", {}, (200, "/")),
    ("/report/2024/", {}, (200, "report/<int:year>/")),
    ("/report/2024/", {"method": "HEAD"}, (200, "report/<int:year>/")),
    ("/report/2024/", {"method": "OPTIONS"}, (200, "report/<int:year>/")),
    ("/report/2024/", {"headers": [(b"x-refuse", b"1")]}, (429, "report/<int:year>/")),
    ("/report/2024", {}, (301, "report/<int:year>/")),
    ("/report/none/", {}, (404, "unmatched")),
    ("/missing/", {}, (404, "missing/")),
    ("/api/v1/users/joe", {}, (200, "api/v1/users/<str:name>")),
    ("/old/17", {}, (200, "^old/(?P<number>[0-9]+)$")),
    ("/de/shop/a-b/", {}, (200, "de/shop/<slug:item>/")),
    ("/en/shop/a-b/", {}, (200, "en/shop/<slug:item>/")),
    ("/no/such/path", {}, (404, "unmatched")),
]


@pytest.mark.parametrize(("path", "request_", "expected"), CASES)
@pytest.mark.parametrize("prefix", ["", "/proxy"])
def test_the_label_is_the_pattern(
    app: ASGIApp, prefix: str, path: str, request_: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Included patterns give their prefixes; refusals and redirects have the view's pattern, behind a proxy as well."""
    seen = ask(app, f"{prefix}{path}", root_path=prefix, **request_)
    assert (seen.status, seen.before) == (seen.status, seen.after) == expected


@pytest.mark.usefixtures("app")
def test_without_the_redirect_nothing_matches() -> None:
    """Where no middleware appends the slash, the path without it is not found, and the label says so."""
    with override_settings(MIDDLEWARE=[]):
        seen = ask(get_asgi_application(), "/report/2024")
    assert (seen.status, seen.after) == (404, "unmatched")


def test_static_files_are_one_label(app: ASGIApp) -> None:
    """The handler that serves static files while developing has its URL and {path}."""
    routes = Routes(ASGIStaticFilesHandler(app))
    assert routes.label(scope_of("/static/a/b.js")) == "/static/{path}"
    assert routes.label(scope_of("/report/2024/")) == "report/<int:year>/"


def test_django_in_a_mount_has_the_mounts_prefix(app: ASGIApp) -> None:
    """A Starlette application with Django beneath it shows the patterns behind the prefix."""
    outer = Starlette()
    outer.mount("/legacy", app)
    assert label_of(outer, "/legacy/report/2024/") == "/legacy/report/<int:year>/"
    assert label_of(outer, "/legacy/nothing/") == "unmatched"


def test_django_behind_a_function_is_found(app: ASGIApp) -> None:
    """Django's routes are the process's own, so that a function before its handler does not hide them."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    with override_settings(ROOT_URLCONF=None):
        assert label_of(dispatch, "/report/2024/") == "unmatched"
    assert label_of(dispatch, "/report/2024/") == "report/<int:year>/"  # a program may set Django up after a request
    assert Routes(dispatch).label(scope_of("/report/2024/", kind="websocket")) == "unmatched"


def test_labels_do_not_grow_with_what_clients_send(app: ASGIApp) -> None:
    """Ten thousand made-up paths have the same few labels."""
    routes = Routes(app)
    paths = (f"/{at}/{number}/" for at in ("report", "made/up") for number in range(5000))
    assert {routes.label(scope_of(path)) for path in paths} == {"report/<int:year>/", "unmatched"}


@pytest.mark.usefixtures("app")
def test_the_language_that_a_view_has_left_active_changes_no_label() -> None:
    """A path without a language's prefix is the default language's, whoever asked before."""
    urls = ModuleType("urls")
    vars(urls)["urlpatterns"] = i18n_patterns(at("about/", lambda _request: None), prefix_default_language=False)
    with override_settings(ROOT_URLCONF=urls, LANGUAGE_CODE="en"), override("de"):
        templates = DjangoTemplates()
        assert templates.label(scope_of("/about/")) == "about/"
        assert templates.label(scope_of("/de/about/")) == "de/about/"
