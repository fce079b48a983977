"""The hatchings of plotly's bars drawn again as SVG, for the page's own legend and table."""

from __future__ import annotations

from inflight.report.palette import LOOKS

SHAPES = {
    "": "",
    "/": "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
    "\\": "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
    "x": "M0,8 l8,-8 M0,0 l8,8",
    "+": "M4,0 v8 M0,4 h8",
    "|": "M4,0 v8",
    "-": "M0,4 h8",
    ".": "M3,4 h2",
}
"""What plotly calls a shape, as an SVG path in a square of 8 by 8."""


def definitions() -> str:
    """Return the SVG element, itself unseen, that defines the hatching of every entry."""
    patterns = "".join(
        f'<pattern id="{_name(entry)}" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="scale({look.size / 8:g})">'
        f'<rect width="8" height="8" fill="{look.colour}"/>'
        f'<path d="{SHAPES[look.shape]}" stroke="{look.lines}" stroke-width="1.6"/></pattern>'
        for entry, look in LOOKS.items()
    )
    return f'<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>{patterns}</defs></svg>'


def swatch(entry: str) -> str:
    """Return a small picture of the entry's hatching, as wide as its container."""
    return (
        f'<svg class="swatch" aria-hidden="true"><rect width="100%" height="100%" fill="url(#{_name(entry)})"/></svg>'
    )


def _name(entry: str) -> str:
    return f"hatch-{entry.replace(' ', '-')}"
