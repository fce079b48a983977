"""Whole runs as `inflight` could have written them."""

from __future__ import annotations

from datetime import UTC, datetime

from inflight.report.run import Run, Sample, TargetRun, Verdict
from inflight.send.record import Record

DELAY = 2.0
STARTED = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> &lt;b&gt; %{x} \"'"
"""A name that somebody outside could have chosen."""


def request(task: str, due: float = 0.0, outcome: str = "ok", status: int | None = 200, **ledger: float) -> Record:
    """Return a record whose ledger adds up."""
    seconds = sum(ledger.values())
    first_byte = due + seconds - ledger.get("body", 0.0)
    return Record(task, due, due + 0.001, due + seconds, seconds, outcome, status, first_byte, ledger)


def lost(task: str, seconds: float, outcome: str = "timeout") -> Record:
    """Return the record of a request of which nothing is known."""
    return Record(task, 0.0, 0.001, seconds, seconds, outcome)


def sync_gateway(tasks: int = 3) -> TargetRun:
    """Return what a blocked event loop does: each task waits until those before it are served."""
    return TargetRun(
        name="sync-gateway",
        url="http://127.0.0.1:8001/{task}",
        about="An `async def` handler.",
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


def async_gateway(tasks: int = 3) -> TargetRun:
    """Return what a free event loop does: all tasks are served at once."""
    return TargetRun(
        name="async-gateway",
        url="http://127.0.0.1:8002/{task}",
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


def run_of(*targets: TargetRun, about: str = "") -> Run:
    """Return a run of these targets."""
    facts = {"Backend's delay": "2 s"} if about else {}
    return Run(started=STARTED, machine="A machine <of> ours", about=about, facts=facts, targets=list(targets))


def sent_to(requests: list[Record], name: str = "elsewhere") -> TargetRun:
    """Return what `inflight send` writes of any address: no samples, no verdict."""
    return TargetRun(name=name, url=f"http://{name}/{{task}}", requests=requests)


def sample(in_flight: int, at: float = 0.0) -> Sample:
    """Return a scrape that saw so many requests in flight."""
    return Sample(at=at, in_flight=in_flight, stalled=0.0, waiting={"kernel": 1})
