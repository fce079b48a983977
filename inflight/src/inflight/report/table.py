"""The table: for each task how long it took, what became of it, and where it waited."""

from __future__ import annotations

from html import escape

from inflight.report.bars import UNEXPLAINED, pick, unexplained
from inflight.report.run import Run, TargetRun, Verdict
from inflight.report.scale import LABEL
from inflight.report.swatch import swatch
from inflight.report.words import duration, failed, outcome, selection
from inflight.send.record import ENTRIES, Record

ABSENT = "\N{EN DASH}"

WAITED_FOR = "kernel and loop: for"
"""The last column, where a server says which line of its code held its event loop meanwhile."""
FIXED = ("task", "outcome", "status", "took")
"""The columns before the entries."""


def table(run: Run) -> str:
    """Return the table of the whole run, a group of rows per target."""
    entries = _entries(run)
    columns = "".join(f'<th scope="col">{name}</th>' for name in FIXED)
    columns += "".join(f'<th scope="col">{swatch(entry)}{entry}</th>' for entry in entries)
    told = any(record.waited_for is not None for target in run.targets for record in target.requests)
    columns += f'<th scope="col">{WAITED_FOR}</th>' * told
    groups = "".join(_group(target, entries, told) for target in run.targets)
    return f"<table><thead><tr>{columns}</tr></thead>{groups}</table>"


def verdict(of: Verdict | None) -> str:
    """Return a target's verdict as a word and a sentence; nothing where there is none."""
    if of is None:
        return ""
    kind, word = ("ok", "✓ as claimed:") if of.ok else ("bad", "✗ NOT as claimed:")
    return f'<p class="verdict"><strong class="{kind}">{word}</strong> {escape(of.sentence)}</p>'


def _entries(run: Run) -> list[str]:
    """Return the entries that any request of the run spent time in, or could have: the table's columns."""
    known = {entry for target in run.targets for record in target.requests for entry in _times(record)}
    return [entry for entry in (*ENTRIES, UNEXPLAINED) if entry in known]


def _times(record: Record) -> dict[str, float]:
    """Return the record's ledger, with what it leaves unexplained."""
    rest = unexplained(record)
    return {**record.ledger, UNEXPLAINED: rest} if rest else record.ledger


def _group(target: TargetRun, entries: list[str], told: bool) -> str:
    width = len(FIXED) + len(entries) + told
    note = selection(target.requests)
    notes = f"<p>{note}</p>" if note else ""
    header = f'<span class="name">{escape(target.name)}</span>{verdict(target.verdict)}{notes}'
    rows = "".join(_row(record, entries, told) for record in pick(target.requests))
    rows = rows or f'<tr><td class="none" colspan="{width}">No request was sent.</td></tr>'
    return (
        f'<tbody data-target="{escape(target.name)}"><tr class="target">'
        f'<th scope="rowgroup" colspan="{width}">{header}</th></tr>{rows}</tbody>'
    )


def _row(record: Record, entries: list[str], told: bool) -> str:
    times = _times(record)
    longest = max(times, key=lambda entry: times[entry], default=None)
    cells = "".join(_cell(times.get(entry), entry == longest) for entry in entries)
    cells += f'<td class="word">{escape(record.waited_for or ABSENT)}</td>' * told
    long = ' class="long"' if len(record.task) > LABEL else ""
    kind = ' class="failed"' if failed(record) else ""
    return (
        f'<tr{kind}><th scope="row"{long}>{escape(record.task)}</th><td class="word">{escape(outcome(record))}</td>'
        f"<td>{ABSENT if record.status is None else record.status}</td>"
        f'<td class="took">{duration(record.seconds)}</td>{cells}</tr>'
    )


def _cell(seconds: float | None, longest: bool) -> str:
    if seconds is None:
        return f'<td class="absent">{ABSENT}</td>'
    return f"<td>{f'<strong>{duration(seconds)}</strong>' if longest else duration(seconds)}</td>"
