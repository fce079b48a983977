"""The picture of a run: requests a second of each contender, on a scale on which equal steps are equal ratios. SVG."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import Any

from bench.contenders import CONTENDERS, Contender
from bench.points import errs, rates
from bench.spread import spread

WIDTH, LEFT, RIGHT, TOP, ROW = 1100, 456, 90, 64, 30
TITLE = "Requests a second: median of the turns, line from least to greatest"
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
    """Return the picture, fastest first, or None for a run without throughput. Contenders that erred have no point."""
    turns = results.get("throughput", {})
    measured = [each for each in CONTENDERS if turns.get(each.key)]
    if not measured:
        return None
    measured.sort(key=lambda each: (errs(turns[each.key]) > 0, -spread(rates(turns[each.key])).median))
    scale = _Scale([rate for each in measured for rate in rates(turns[each.key]) if rate > 0])
    height = TOP + ROW * len(measured) + 16
    rows = [_row(each, turns[each.key], scale, TOP + ROW * index) for index, each in enumerate(measured)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>Requests a second of each contender</title>",
            f"<style>{STYLE}</style>",
            f'<text x="16" y="26" font-size="17">{TITLE}</text>',
            *scale.grid(height),
            *rows,
            "</svg>\n",
        )
    )


class _Scale:
    """A logarithmic axis over whole decades' 1, 2 and 5."""

    def __init__(self, values: list[float]) -> None:
        self.low = _step(min(values), floor)
        self.high = max(_step(max(values), ceil), self.low * 2)

    def x(self, value: float) -> float:
        """Return where a value stands; 0 and what is below the axis stand at its start."""
        share = log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def grid(self, height: int) -> list[str]:
        """Return the lines of the axis with their numbers."""
        ticks = [one * 10.0**power for power in range(7) for one in (1, 2, 5)]
        return [
            f'<line x1="{self.x(tick):.1f}" x2="{self.x(tick):.1f}" y1="{TOP - 10}" y2="{height - 12}"/>'
            f'<text class="quiet" x="{self.x(tick):.1f}" y="{TOP - 16}" text-anchor="middle">{tick:,.0f}</text>'
            for tick in ticks
            if self.low <= tick <= self.high
        ]


def _step(value: float, way: Any) -> float:
    """Return the 1, 2 or 5 of a decade next to the value, below it (`floor`) or above (`ceil`)."""
    steps = [one * 10.0**power for power in range(-1, 8) for one in (1, 2, 5)]
    return (
        max(step for step in steps if step <= value) if way is floor else min(step for step in steps if step >= value)
    )


def _row(contender: Contender, turns: list[dict[str, Any]], scale: _Scale, y: int) -> str:
    label = f'<text class="label" x="{LEFT - 16}" y="{y + 15}" text-anchor="end">{escape(contender.label)}</text>'
    if errs(turns):
        return f'<g>{label}<text x="{LEFT + 8}" y="{y + 15}">errs</text></g>'
    rate = spread(rates(turns))
    low, middle, high = (scale.x(value) for value in (rate.least, rate.median, rate.greatest))
    return (
        f'<g class="{contender.kind}">{label}'
        f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 10}" y2="{y + 10}"/>'
        f'<circle cx="{middle:.1f}" cy="{y + 10}" r="6"/>'
        f'<text x="{high + 12:.1f}" y="{y + 15}">{rate.median:,.0f}</text></g>'
    )
