"""What every page with charts has: a style, scripts, a policy that allows only those, and the charts' elements."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from typing import Any

from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from inflight.report.swatch import definitions


def common() -> dict[str, str]:
    """Return what any page's template fills in: `policy`, `style`, `definitions` (of hatchings), `plotly`, `draw`."""
    scripts = {"plotly": get_plotlyjs(), "draw": resource("draw.js")}
    policy = " ".join(f"'sha256-{_digest(script)}'" for script in scripts.values())
    return {"policy": policy, "style": resource("style.css"), "definitions": definitions(), **scripts}


def chart(kind: str, name: str, label: str, figure: Any) -> str:
    """Return the element that `draw.js` draws a plotly figure into; the figure goes with it as JSON.

    `name` is the target that it shows, `label` says the same to who cannot see it.
    """
    data = figure.to_json().replace("<", "\\u003c")
    return (
        f'<div class="chart" role="img" data-chart="{kind}" data-target="{escape(name)}" '
        f'aria-label="{escape(label)}"><script type="application/json">{data}</script></div>'
    )


def resource(name: str) -> str:
    """Return the text of one of the report's own files."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
