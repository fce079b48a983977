"""The report of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inflight.report.parts import chart
from inflight.report.run import Verdict, machine
from inflight.send.record import ENTRIES
from services.lab.page import Section, columns, legend, paragraphs, table, verdicts, write_page
from services.lab.sweep.figures import makespans, stack
from services.lab.sweep.judge import apart, littles_law
from services.lab.sweep.model import Setup
from services.lab.sweep.point import Series
from services.lab.sweep.tables import HEAD, NEEDED_DELAY, NEEDS_HEAD, needs, rows

LEDE = (
    "So many tasks at once went to each gateway, in front of a backend that takes {delay:g} s for each. The lines are "
    "predicted: a delay for each wave of tasks, and what the requests take by themselves. The marks are measured."
)
LINEAR, UPWARDS = "Linear axes", "; the sync-gateway's line goes on upwards"
MODEL = (
    "A process works on so many requests at once: `sync` on 1, `threadpool` on 40, `async` on all of them; a limit on "
    "connections to the backend makes it fewer. So its N tasks take N delays, N/40 rounded up, or one. Right before "
    "each burst the same burst was sent without a delay (own), and one task alone."
)
TOLERANCE = (
    "A burst may be later by own once more, for the machine may be half as quick by then; for each wave by the mean of "
    "what the tasks alone were late, and once by the largest of that. None may be earlier than its delays. The best of "
    "the tries is judged: another program can make a burst late, nothing makes one early. All tries are drawn."
)


def write_sweep(path: Path, series: Sequence[Series], setup: Setup, found: dict[str, Verdict]) -> None:
    """Write the report. Raises FileError."""
    sync = any(each.mode == "sync" for each in series)
    shown = [(f"{LINEAR}{UPWARDS * sync}", False), ("Logarithmic axes", True)]
    curves = [
        (title, chart("curves", title, f"{title}: {MODEL}", makespans(series, setup, logarithmic=logarithmic)))
        for title, logarithmic in shown
    ]
    stacks = [
        (each.mode, chart("stack", each.mode, f"{each.mode}: the mean request's ledger", stack(each)))
        for each in series
    ]
    entries = [entry for entry in ENTRIES if any(entry in point.ledger() for each in series for point in each.points)]
    sections = [
        Section("As predicted?", verdicts({f"{mode}-gateway": verdict for mode, verdict in found.items()})),
        Section("How long a burst takes", columns(curves) + paragraphs(MODEL, TOLERANCE)),
        Section("Where the mean request's time went", columns(stacks) + legend(entries)),
        Section("Where prediction and measurement part", _apart(series, setup)),
        Section(f"Processes that a delay of {NEEDED_DELAY:g} s would need", table(NEEDS_HEAD, needs(series, setup))),
        Section("The same in figures", table(HEAD, rows(series, setup))),
    ]
    facts = {"Machine": machine(), "Backend's delay": f"{setup.delay:g} s"}
    if setup.limit is not None:
        facts["Connections to the backend"] = f"{setup.limit} at most"
    if setup.replicas > 1:
        facts["Processes of each gateway"] = f"{setup.replicas}"
    write_page(path, "How long a burst takes in each design", LEDE.format(delay=setup.delay), facts, sections)


def _apart(series: Sequence[Series], setup: Setup) -> str:
    return "".join(paragraphs(f"`{each.mode}`: {apart(each, setup)} {littles_law(each, setup)}") for each in series)
