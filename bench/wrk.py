"""wrk, the load tool: how it is run, and what its output says."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from inflight.terminal.errors import CommandError

MISSING = "wrk, the load tool, is not installed; on Debian and Ubuntu: apt install wrk"

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_REQUESTS = re.compile(r"^\s*(\d+) requests in ([\d.]+)(us|ms|s|m|h),", re.MULTILINE)
_PERCENTILE = re.compile(r"^\s*(50|99)(?:\.0+)?%\s+([\d.]+)(us|ms|s|m|h)\s*$", re.MULTILINE)
_SOCKET_ERRORS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_BAD_STATUS = re.compile(r"Non-2xx or 3xx responses: (\d+)")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw. Times are seconds; `errors` are broken connections, and answers not 2xx or 3xx."""

    requests: int
    seconds: float
    median: float
    p99: float
    errors: int

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return max(0, self.requests - self.errors) / self.seconds


def installed() -> bool:
    """Return whether wrk is there."""
    return shutil.which("wrk") is not None


def run(url: str, seconds: int, connections: int) -> Load:
    """Load `url` over so many kept-alive connections, each sending its next request when it has its response.

    One thread of wrk's is enough to outrun everything here on two processors. Raises CommandError.
    """
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", url]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=seconds + 60)  # noqa: S603
    if done.returncode:
        raise CommandError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """Return what wrk printed. Raises CommandError when it is not the output of `wrk --latency`."""
    requests = _REQUESTS.search(output)
    percentiles = {match[1]: _seconds(match[2], match[3]) for match in _PERCENTILE.finditer(output)}
    if requests is None or percentiles.keys() != {"50", "99"}:
        raise CommandError(f"this is not the output of `wrk --latency`: {output[:200]!r}")
    sockets = _SOCKET_ERRORS.search(output)
    statuses = _BAD_STATUS.search(output)
    errors = sum(map(int, sockets.groups())) if sockets else 0
    return Load(
        requests=int(requests[1]),
        seconds=_seconds(requests[2], requests[3]),
        median=percentiles["50"],
        p99=percentiles["99"],
        errors=errors + (int(statuses[1]) if statuses else 0),
    )


def _seconds(number: str, unit: str) -> float:
    return float(number) * _UNITS[unit]
