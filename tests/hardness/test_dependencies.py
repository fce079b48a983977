"""What the services are built from: no pinned version with a known vulnerability, where the database can be asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.lab.process import SOURCES

pytestmark = pytest.mark.long

REQUIREMENTS = SOURCES / "requirements" / "services.txt"


def audited(requirements: Path) -> list[dict[str, Any]]:
    """Return what pip-audit says of each dependency; nothing where it comes to no result."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "-f", "json", "-r", str(requirements)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        found: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return []
    return [each for each in found if "skip_reason" not in each]


@pytest.mark.timeout(200)
@pytest.mark.filterwarnings("default")
def test_no_pinned_version_has_a_known_vulnerability(tmp_path: Path) -> None:
    """One dependency is asked for first: where the database cannot be reached, nobody else need be."""
    pinned = [line.split()[0] for line in REQUIREMENTS.read_text().splitlines() if "==" in line and line[0].isalpha()]
    assert len(pinned) > 10
    alone = tmp_path / "alone.txt"
    alone.write_text(f"{next(line for line in pinned if line.startswith('uvicorn=='))}\n")
    if not audited(alone):
        pytest.skip("pip-audit's database of vulnerabilities cannot be reached from here")
    everything = tmp_path / "all.txt"
    everything.write_text("\n".join(line.rstrip(";") for line in pinned))
    found = audited(everything)
    if not found:
        pytest.skip("pip-audit's database of vulnerabilities did not respond in time")
    assert len(found) == len(pinned)
    assert [(each["name"], each["vulns"]) for each in found if each["vulns"]] == []
