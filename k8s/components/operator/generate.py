# ruff: noqa: INP001 - a script
"""Writes prometheusrule.yaml, for the Prometheus operator, from the rules and alerts of the component monitoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
RULES = HERE.parent / "monitoring" / "prometheus"
TEXT = "# Generated from ../monitoring/prometheus/ by generate.py.\n"


def prometheus_rule() -> dict[str, Any]:
    """Return the PrometheusRule with all groups of rules and alerts."""
    files = (yaml.safe_load((RULES / name).read_text()) for name in ("rules.yaml", "alerts.yaml"))
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "inflight-lab"},
        "spec": {"groups": [{**group, "interval": "1s"} for file in files for group in file["groups"]]},
    }


if __name__ == "__main__":
    (HERE / "prometheusrule.yaml").write_text(TEXT + yaml.safe_dump(prometheus_rule(), sort_keys=False, width=120))
