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


def mode_urls(given: list[str]) -> dict[str, str]:
    """Return the URL of each mode that is given one."""
    urls: dict[str, str] = {}
    for text in given:
        mode, _, url = text.partition("=")
        if mode not in GATEWAY_PORTS or mode in urls:
            modes = ", ".join(GATEWAY_PORTS)
            raise typer.BadParameter(
                f"{hide_userinfo(text)!r} should be MODE=URL, with each mode once: {modes}",
                param_hint="'--gateway-url'",
            )
        urls[mode] = checked_url(url) or ""
    return urls
