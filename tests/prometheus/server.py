"""A real Prometheus on loopback, with the component's own configuration but for how it finds its targets."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

CONFIGURATION = Path(__file__).parents[2] / "k8s/components/monitoring/prometheus"
READY_WITHIN = 30.0
POLL = 0.1

Series = dict[tuple[tuple[str, str], ...], dict[float, float]]
"""Samples by time, by the series' labels."""


def on_loopback(targets: dict[str, int]) -> dict[str, Any]:
    """Return the component's configuration with `targets`, an admin port by service, instead of the cluster's pods.

    What the cluster would say of each pod is said in labels, so that the relabelling is that of the cluster.
    """
    configuration: dict[str, Any] = yaml.safe_load((CONFIGURATION / "prometheus.yaml").read_text())
    (job,) = configuration["scrape_configs"]
    del job["kubernetes_sd_configs"]
    job["static_configs"] = [
        {"targets": [f"127.0.0.1:{port}"], "labels": _pod(service)} for service, port in targets.items()
    ]
    return configuration


def _pod(service: str) -> dict[str, str]:
    prefix = "__meta_kubernetes_pod"
    return {
        f"{prefix}_container_port_name": "admin",
        f"{prefix}_phase": "Running",
        f"{prefix}_label_app_kubernetes_io_name": service,
        f"{prefix}_name": f"{service}-0",
    }


class PrometheusServer:
    """The process, and its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    def __init__(self, program: str, directory: Path, port: int, targets: dict[str, int]) -> None:
        for name in ("rules.yaml", "alerts.yaml"):
            shutil.copy(CONFIGURATION / name, directory / name)
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(on_loopback(targets)))
        self._url = f"http://127.0.0.1:{port}"
        self._log = (directory / "log").open("w+")
        arguments = [
            f"--config.file={directory / 'prometheus.yaml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        self._process = subprocess.Popen([program, *arguments], stdout=self._log, stderr=subprocess.STDOUT)

    def wait_until_ready(self) -> None:
        """Return when the server responds; fail with its log when it does not."""
        deadline = monotonic() + READY_WITHIN
        while not self._ready():
            self._log.seek(0)
            assert self._process.poll() is None, self._log.read()
            assert monotonic() < deadline, self._log.read()
            sleep(POLL)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def now(self, expr: str, at: float | None = None) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the value of each series of an instant query, for now or for a Unix time."""
        result = self._ask("query", query=expr, **({"time": at} if at else {}))["result"]
        return {_labels(series): float(series["value"][1]) for series in result}

    def over(self, expr: str, start: float, end: float) -> Series:
        """Return a query's series from `start` to `end` (Unix times), once a second, without what is NaN."""
        result = self._ask("query_range", query=expr, start=start, end=end, step=1)["result"]
        found = {_labels(series): dict(_numbers(series["values"])) for series in result}
        return {labels: samples for labels, samples in found.items() if samples}

    def values_of(self, label: str, metric: str) -> set[str]:
        """Return what `label_values(metric, label)` means to Grafana."""
        return set(self._ask(f"label/{label}/values", **{"match[]": metric}))

    def _ask(self, what: str, **arguments: object) -> Any:
        with urlopen(f"{self._url}/api/v1/{what}?{urlencode(arguments)}", timeout=10) as response:
            return json.load(response)["data"]

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self._url}/-/ready", timeout=1) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False


def _labels(series: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series["metric"].items()))


def _numbers(values: list[tuple[float, str]]) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in values if value != "NaN"]
