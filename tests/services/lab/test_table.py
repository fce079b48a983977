"""The table of a run."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from inflight.report.run import TargetRun
from inflight.send.record import ENTRIES, Record
from inflight.terminal.table import print_whole
from services.lab.table import SHOWN, table_of
from tests.inflight.send.records import record


def rows(*records: Record, name: str = "sync-gateway") -> list[list[str]]:
    """Return the table's rows as words."""
    out = Console(file=StringIO(), width=20)
    gateway = TargetRun(name=name, url="http://x", requests=list(records))
    print_whole(out, table_of([gateway]))
    assert isinstance(out.file, StringIO)
    return [line.split() for line in out.file.getvalue().splitlines() if line.strip() and "──" not in line]


def test_a_row_says_where_a_task_waited() -> None:
    """Each queue that the ledger knows has its seconds; one that the gateway lacks shows a dash."""
    header, row = rows(record("task1", 4.0, connect=0.25, kernel=1.5, loop=0.25, network=0.25))
    assert header == ["gateway", "task", "took", "kernel", "loop", "thread", "pool", "upstream", "rest", "status"]
    assert row == ["sync", "task1", "4.000", "1.500", "0.250", "-", "-", "1.750", "0.500", "200"]


def test_what_failed_shows_how() -> None:
    """The status column names the outcome, and nothing is made up for the rest."""
    failed = Record(task="task1", due=0, sent=0, finished=1, seconds=1, outcome="reset")
    assert rows(failed, name="a")[1] == ["a", "task1", "1.000", "-", "-", "-", "-", "-", "-", "reset"]


def test_tasks_stand_in_the_order_in_which_they_ended() -> None:
    """The first row is the first to finish."""
    assert [row[1] for row in rows(record("late", 2.0), record("early", 1.0))[1:]] == ["early", "late"]


def test_of_many_tasks_the_first_and_the_last_are_shown() -> None:
    """So many as fit are all shown; of more, a row says how many are left out."""
    tasks = [record(f"task{number:02}", float(number)) for number in range(1, SHOWN + 4)]
    assert [row[1] for row in rows(*tasks[:SHOWN])[1:]] == [task.task for task in tasks[:SHOWN]]
    shown = [row[1] for row in rows(*tasks)[1:]]
    assert shown == [task.task for task in tasks[:6]] + ["(+3)"] + [task.task for task in tasks[-6:]]


def test_the_table_fits_into_80_columns() -> None:
    """No figure of the longest gateway's is cut off."""
    (_, row) = rows(record("task500", 40.0, kernel=20.0), name="threadpool-gateway")
    assert row[0] == "threadpool"
    assert not any("…" in word for word in row)


def test_a_dumb_terminal_shows_whole_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """There rich itself goes by 80 columns, whatever it is told."""
    monkeypatch.setenv("TERM", "dumb")
    out = Console(file=StringIO(), width=80, height=25, force_terminal=True)
    failed = Record("task500", 0, 0, 500, 500, "server_error", 502, None, dict.fromkeys(ENTRIES, 111.111))
    print_whole(out, table_of([TargetRun(name="threadpool-gateway", url="http://x", requests=[failed])]))
    assert isinstance(out.file, StringIO)
    assert "…" not in out.file.getvalue()
