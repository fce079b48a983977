"""The picture of a run: what each contender adds to an `async def` request. SVG."""

from __future__ import annotations

from html import escape
from math import ceil
from typing import Any

from bench.contender import CONTENDERS, PLAIN, Contender
from bench.goals import added
from bench.spread import Spread

WIDTH, LEFT, RIGHT, TOP, ROW = 1000, 330, 120, 64, 30
TITLE = "Added to an async def request, µs of processor time: median, and a line from least to greatest"
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
STYLE = """
svg { font: 14px system-ui, sans-serif; background: #fff; }
text { fill: #222; } .quiet { fill: #666; font-size: 12px; } .ours text.label { font-weight: 700; }
line { stroke: #ddd; } .spread { stroke: #888; stroke-width: 5; stroke-linecap: round; }
circle { fill: #666; } .ours circle { fill: #0072B2; } .ours .spread { stroke: #56B4E9; }
@media (prefers-color-scheme: dark) {
  svg { background: #161616; } text { fill: #eee; } .quiet { fill: #aaa; } line { stroke: #333; }
  circle { fill: #bbb; } .ours circle { fill: #56B4E9; } .ours .spread { stroke: #0072B2; }
}
"""


def picture(results: dict[str, Any]) -> str | None:
    """Return the picture, cheapest first, or None for a run without costs. Contenders that erred have no point."""
    found = results.get("cost", {})
    prices = {each: added(found, each.key, "async") for each in CONTENDERS if found.get(each.key) and each.key != PLAIN}
    if not any(prices.values()):
        return None
    order = sorted(prices, key=lambda each: price.median if (price := prices[each]) is not None else float("inf"))
    scale = _Scale([price for price in prices.values() if price is not None])
    height = TOP + ROW * len(order) + 16
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>What each contender adds to a request</title>",
            f"<style>{STYLE}</style>",
            f'<text x="16" y="26" font-size="17">{TITLE}</text>',
            *scale.grid(height),
            *(_row(each, prices[each], scale, TOP + ROW * index) for index, each in enumerate(order)),
            "</svg>\n",
        )
    )


class _Scale:
    """A linear axis in microseconds, with nothing, at 0, on it."""

    def __init__(self, prices: list[Spread]) -> None:
        self.low = min(0.0, *(price.least * 1e6 for price in prices))
        self.high = max(1.0, *(price.greatest * 1e6 for price in prices))

    def x(self, microseconds: float) -> float:
        """Return where a price stands."""
        return LEFT + (microseconds - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def grid(self, height: int) -> list[str]:
        """Return the lines of the axis with their numbers."""
        step = next((each for each in STEPS if (self.high - self.low) / each <= 10), STEPS[-1])
        ticks = [step * number for number in range(ceil(self.low / step), int(self.high // step) + 1)]
        return [
            f'<line x1="{self.x(tick):.1f}" x2="{self.x(tick):.1f}" y1="{TOP - 10}" y2="{height - 12}"/>'
            f'<text class="quiet" x="{self.x(tick):.1f}" y="{TOP - 16}" text-anchor="middle">{tick:+d}</text>'
            for tick in ticks
        ]


def _row(contender: Contender, price: Spread | None, scale: _Scale, y: int) -> str:
    label = f'<text class="label" x="{LEFT - 16}" y="{y + 15}" text-anchor="end">{escape(contender.label)}</text>'
    if price is None:
        return f'<g>{label}<text x="{LEFT + 8}" y="{y + 15}">errs</text></g>'
    low, middle, high = (scale.x(value * 1e6) for value in (price.least, price.median, price.greatest))
    return (
        f'<g class="{contender.kind}">{label}'
        f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 10}" y2="{y + 10}"/>'
        f'<circle cx="{middle:.1f}" cy="{y + 10}" r="6"/>'
        f'<text x="{high + 12:.1f}" y="{y + 15}">{price.median * 1e6:+.0f}</text></g>'
    )
