"""The summary of what was sent: outcomes by kind, percentiles, and where the time went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from urllib.parse import urlsplit, urlunsplit

from inflight.send.outcome import CANCELLED, OK, WAITED_FOR
from inflight.send.record import ENTRIES, Record
from inflight.send.sender import TASK
from inflight.terminal.urls import hide_userinfo

PERCENTILES = (50, 90, 95, 99)
NOT_FOUND = 404
LAG = 0.1
"""Seconds by which a sender may be late without a word."""


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the sorted values lie (nearest rank)."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def summarise(url: str, records: Sequence[Record], planned: int) -> str:
    """Return the summary, a few lines of text. `planned` is how many were to be sent; times are seconds."""
    lines = [_outcomes(records, planned)]
    waited = sorted(record.seconds for record in records if record.outcome in WAITED_FOR)
    if waited:
        lines += [_latency(waited), *_ledger([record for record in records if record.outcome in WAITED_FOR])]
    lines += [*_retries(records), *_lag(records), *_errors(records), *_advice(url, records)]
    return "\n".join(lines)


def _outcomes(records: Sequence[Record], planned: int) -> str:
    kinds = Counter(record.outcome for record in records)
    span = max((record.finished for record in records), default=0.0)
    rate = f", {kinds[OK] / span:.1f} ok/s" if span else ""
    unsent = f", {planned - len(records)} not sent" if planned > len(records) else ""
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) or "none"
    return f"requests   {len(records)} in {span:.2f} s{rate}: {counts}{unsent}"


def _errors(records: Sequence[Record]) -> list[str]:
    """Return the first error of each kind, in the client library's words."""
    first: dict[str, str] = {}
    for record in records:
        if record.error and record.outcome != CANCELLED:
            first.setdefault(record.outcome, record.error)
    return [f"failed     {outcome}: {hide_userinfo(error)}" for outcome, error in first.items()]


def _latency(waited: Sequence[float]) -> str:
    shown = [f"p{percent} {percentile(waited, percent):.3f}" for percent in PERCENTILES]
    return f"seconds    min {waited[0]:.3f}  {'  '.join(shown)}  max {waited[-1]:.3f}  mean {fmean(waited):.3f}"


def _retries(records: Sequence[Record]) -> list[str]:
    """Return how many connections and requests TCP had to try again with, and what that says of the server."""
    late = [record for record in records if record.connect_retries]
    unopened = sum(record.outcome == "timeout" and record.ledger.keys() == {"sender", "connect"} for record in records)
    resent = [record for record in records if record.resent]
    lines = []
    if late:
        slowest = max(record.ledger.get("connect", 0.0) for record in late)
        lines += [
            f"retried    TCP had to try again to open {len(late)} of {len(records)} connections,",
            f"           the slowest took {slowest:.2f} s: the server's accept queue was full, or packets were lost",
        ]
    if unopened:
        lines += [
            f"unopened   {unopened} connections were not open when their time was over: the server's accept queue was",
            "           full, or packets were lost",
        ]
    if resent:
        lines += [
            f"resent     TCP had to send {len(resent)} of {len(records)} requests again: packets were lost, or the",
            "           server's accept queue was full when they came",
        ]
    return lines


def _lag(records: Sequence[Record]) -> list[str]:
    """Return by how much the sender itself was late."""
    behind = max((record.behind for record in records), default=0.0)
    if behind < LAG:
        return []
    return [
        f"behind     the sender itself was up to {behind:.2f} s late: it cannot send so much from here (that time is",
        "           in the figures above, in the ledger as sender, and is not the service's)",
    ]


def _ledger(records: Sequence[Record]) -> list[str]:
    """Return where the mean request's time went."""
    records = [record for record in records if record.ledger]
    if not records:
        return []
    whole = fmean(record.seconds for record in records)
    lines = [f"ledger     where the time went, on average over {len(records)} requests:"]
    for name in ENTRIES:
        values = [record.ledger[name] for record in records if name in record.ledger]
        if values:
            mean = sum(values) / len(records)
            lines.append(f"  {name:<12} {mean:9.3f} s {mean / whole:7.1%}  {'#' * round(40 * mean / whole)}".rstrip())
    return lines


def _advice(url: str, records: Sequence[Record]) -> list[str]:
    """Return what the user may want to know when nothing went well."""
    kinds = {record.outcome for record in records}
    if kinds == {"refused"}:
        return [f"nothing listens at {url}: is the service running, and is the port right?"]
    if kinds == {"unreachable"}:
        return [f"{url} cannot be reached: is the host's name right?"]
    if kinds == {"tls"}:
        return [f"{url} speaks no TLS that can be trusted: is its certificate valid, or should it be http://?"]
    if records and TASK not in url and all(record.status == NOT_FOUND for record in records):
        parts = urlsplit(url)
        path = f"{parts.path.rstrip('/')}/{TASK}"
        return [
            f"all responses are 404; to send task1, task2, ... write the URL as {urlunsplit(parts._replace(path=path))}"
        ]
    return []
