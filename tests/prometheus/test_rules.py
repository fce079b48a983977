"""The rules and alerts do what their cases say, and the whole configuration is one that Prometheus accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.prometheus.server import CONFIGURATION, on_loopback

HERE = Path(__file__).parent
CASES = sorted(path.name for path in HERE.glob("*.test.yaml"))


PROMTOOL = shutil.which("promtool") or ""
if not PROMTOOL:
    pytest.skip("no promtool on PATH: Debian has it in the package prometheus", allow_module_level=True)


def run(*command: str | Path) -> str:
    """Return what the command said; fail with it when the command does."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("cases", CASES)
def test_the_cases(cases: str) -> None:
    """Every recording rule has the value, and every alert fires or stays silent, as its cases say."""
    assert "SUCCESS" in run(PROMTOOL, "test", "rules", HERE / cases)


def test_the_configuration(tmp_path: Path) -> None:
    """Prometheus accepts the configuration; with a list of targets where promtool was built without Kubernetes."""
    done = subprocess.run(
        [PROMTOOL, "check", "config", CONFIGURATION / "prometheus.yaml"], capture_output=True, text=True, check=False
    )
    if "field kubernetes_sd_configs not found" in done.stderr:
        shutil.copytree(CONFIGURATION, tmp_path, dirs_exist_ok=True)
        (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(on_loopback({"backend": 9000})))
        run(PROMTOOL, "check", "config", tmp_path / "prometheus.yaml")
    else:
        assert done.returncode == 0, done.stdout + done.stderr
