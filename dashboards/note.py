"""A panel of text."""

from __future__ import annotations

from grafana_foundation_sdk.builders import text
from grafana_foundation_sdk.models.text import TextMode


def note(markdown: str, span: int, height: int) -> text.Panel:
    """Return a panel of text, without a frame."""
    return text.Panel().title("").transparent(True).mode(TextMode.MARKDOWN).content(markdown).span(span).height(height)
