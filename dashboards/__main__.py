"""`python -m dashboards` writes every dashboard as JSON to where kustomize picks it up."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import comparison, outside, service

DASHBOARDS = (comparison, service, outside)
DIRECTORY = Path(__file__).resolve().parent.parent / "k8s/components/monitoring/dashboards"


def render() -> dict[Path, str]:
    """Return the text of every dashboard's file."""
    return {
        DIRECTORY / f"{module.UID}.json": json.dumps(module.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"
        for module in DASHBOARDS
    }


if __name__ == "__main__":
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for path, text in render().items():
        path.write_text(text)
        print(path)
