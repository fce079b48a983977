"""Whole runs as `inflight` could have written them."""

from __future__ import annotations

from datetime import UTC, datetime

from services.lab.run import GatewayRun, Run, Sample, Verdict
from services.sender.record import Record

DELAY = 2.0
STARTED = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> &lt;b&gt; %{x} \"'"
"""A name that somebody outside could have chosen."""


def request(task: str, due: float = 0.0, outcome: str = "ok", status: int | None = 200, **ledger: float) -> Record:
    """Return a record whose ledger adds up."""
    seconds = sum(ledger.values())
    return Record(task, due, due + 0.001, due + seconds, seconds, outcome, status, due + seconds, ledger)


def lost(task: str, seconds: float, outcome: str = "timeout") -> Record:
    """Return the record of a request that got no answer, so that nothing is known of where its time went."""
    return Record(task, 0.0, 0.001, seconds, seconds, outcome)


def sync_gateway(tasks: int = 3) -> GatewayRun:
    """Return what a blocked event loop does: each task waits until those before it are served."""
    return GatewayRun(
        name="sync-gateway",
        url="http://127.0.0.1:8001/{task}",
        mode="sync",
        requests=[
            request(f"task{n + 1}", kernel=n * DELAY, upstream=DELAY, application=0.004, network=0.002)
            for n in range(tasks)
        ],
        samples=[
            Sample(
                at=at / 10, in_flight=1, stalled=at / 10 % DELAY, waiting={"kernel": tasks - 1 - at // 20, "loop": 0}
            )
            for at in range(tasks * 20)
        ],
        verdict=Verdict(ok=True, sentence="One after another."),
    )


def async_gateway(tasks: int = 3) -> GatewayRun:
    """Return what a free event loop does: all tasks are served at once."""
    return GatewayRun(
        name="async-gateway",
        url="http://127.0.0.1:8002/{task}",
        mode="async",
        requests=[
            request(f"task{n + 1}", kernel=0.001, loop=0.002, upstream=DELAY, application=0.001, network=0.003)
            for n in range(tasks)
        ],
        samples=[
            Sample(at=at / 10, in_flight=tasks, stalled=0.01, waiting={"kernel": 0, "loop": 0, "pool": 0})
            for at in range(20)
        ],
        verdict=Verdict(ok=True, sentence="Side by side."),
    )


def run_of(*gateways: GatewayRun, delay: float | None = DELAY) -> Run:
    """Return a run of these gateways."""
    return Run(started=STARTED, machine="A machine <of> ours", delay=delay, gateways=list(gateways))


def sent_to(requests: list[Record], name: str = "elsewhere") -> GatewayRun:
    """Return what `inflight send` writes of any address: no mode, no samples, no verdict."""
    return GatewayRun(name=name, url=f"http://{name}/{{task}}", requests=requests)
