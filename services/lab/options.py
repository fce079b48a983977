"""Options that hold more than one value, read from text. Each raises typer's BadParameter, in one line."""

from __future__ import annotations

import re

import typer

from inflight.terminal.urls import checked_url, hide_userinfo
from services.serving.settings import GATEWAY_PORTS

LARGEST = 500
MOST = 50
"""Sizes in one sweep."""


def sizes(text: str) -> list[int]:
    """Return the sizes of bursts, in order, each once."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,3}", part) and 1 <= int(part) <= LARGEST for part in parts) or len(parts) > MOST:
        wanted = f"up to {MOST} numbers from 1 to {LARGEST}, separated by commas"
        raise typer.BadParameter(f"{text!r} should be {wanted}", param_hint="'--tasks'")
    return sorted({int(part) for part in parts})


def mode_urls(given: list[str]) -> dict[str, list[str]]:
    """Return the URLs of each mode's pods, as many for one mode as for another."""
    urls: dict[str, list[str]] = {}
    for text in given:
        mode, _, url = text.partition("=")
        if mode not in GATEWAY_PORTS:
            raise _bad_url(
                f"{hide_userinfo(text)!r} should be MODE=URL, with one of the modes {', '.join(GATEWAY_PORTS)}"
            )
        if (checked := checked_url(url) or "") in urls.setdefault(mode, []):
            raise _bad_url(f"{hide_userinfo(text)!r} is given twice")
        urls[mode].append(checked)
    if len({len(pods) for pods in urls.values()}) > 1:
        counts = ", ".join(f"{mode} has {len(pods)}" for mode, pods in urls.items())
        raise _bad_url(f"every mode needs as many pods as the others; {counts}")
    return urls


def _bad_url(reason: str) -> typer.BadParameter:
    return typer.BadParameter(reason, param_hint="'--gateway-url'")
