"""The URL configuration of the Django application that the tests ask."""

from __future__ import annotations

from typing import Any

from django.conf.urls.i18n import i18n_patterns  # type: ignore[import-untyped]
from django.http import Http404, HttpResponse  # type: ignore[import-untyped]
from django.urls import include, path, re_path  # type: ignore[import-untyped]


async def ok(_request: Any, **_parts: Any) -> HttpResponse:
    return HttpResponse("ok")


async def missing(_request: Any) -> HttpResponse:
    raise Http404


urlpatterns = [
    path("", ok),
    path("report/<int:year>/", ok),
    path("missing/", missing),
    path("api/", include([path("v1/", include([path("users/<str:name>", ok)]))])),
    re_path(r"^old/(?P<number>[0-9]+)$", ok),
    *i18n_patterns(path("shop/<slug:item>/", ok)),
]
