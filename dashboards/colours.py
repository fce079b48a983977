"""Which colour means what, on every panel. Grafana adapts its named colours to the light and the dark theme."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

from inflight.ledger import QUEUES
from inflight.report.palette import LOOKS

GOOD, BAD = "green", "red"
NEUTRAL = "#8e8e8e"
"""A grey that is seen on white and on black."""
NAMES = {name: LOOKS[name].colour for name in (*QUEUES, "upstream", "application")}
NAMES["client"] = NAMES["loop"]  # what it has more than the application is a queue
"""The report's colours, by the name of a line."""
CODES = {"2": GOOD, "3": "blue", "4": "orange", "5": BAD}
"""By the first digit of an HTTP status."""
DEFAULT = NAMES["upstream"]


def of_lines(names: Iterator[str]) -> dict[str, str]:
    """Return a colour for each name that has one, by the regular expression that Grafana finds the line with."""
    found: dict[str, str] = {}
    for name in names:
        if name == "{{queue}}":
            found |= {f"/^{queue}$/": NAMES[queue] for queue in QUEUES}
        elif name == "{{code}}":
            found |= {f"/^{digit}/": colour for digit, colour in CODES.items()}
        elif name in NAMES:
            found[f"/^{name}$/"] = NAMES[name]
    return found


def bad_from(limit: float, below: str = GOOD) -> ThresholdsConfig:
    """Return the thresholds of what is bad from `limit` on."""
    steps = [Threshold(value=None, color=below), Threshold(value=limit, color=BAD)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
