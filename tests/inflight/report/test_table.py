"""The report's table."""

from __future__ import annotations

import re
from dataclasses import replace

from inflight.report.bars import MOST
from inflight.report.run import Verdict
from inflight.report.table import table, verdict
from tests.inflight.report.runs import EVIL, async_gateway, lost, request, run_of, sent_to, sync_gateway


def rows_of(html: str) -> list[list[str]]:
    """Return the text of every cell, row by row."""
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", html)]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


def test_where_each_task_waited() -> None:
    """A task's row says how long it took, what came of it, and how long it was where."""
    rows = rows_of(table(run_of(sync_gateway(2))))
    assert rows[0] == ["task", "outcome", "status", "took", "kernel", "upstream", "application", "network"]
    assert rows[2:] == [
        ["task1", "ok", "200", "2.006 s", "0 ms", "2.000 s", "4.0 ms", "2.0 ms"],
        ["task2", "ok", "200", "4.006 s", "2.000 s", "2.000 s", "4.0 ms", "2.0 ms"],
    ]


def test_line_that_a_task_waited_for() -> None:
    """Where a server says which line held its event loop, it stands in the row of each task that waited for it."""
    gateway = sync_gateway(2)
    first, second = gateway.requests
    waited = gateway.model_copy(update={"requests": [first, replace(second, waited_for="sync.py:26 <relay>")]})
    rows = rows_of(table(run_of(waited)))
    assert [row[-1] for row in (rows[0], *rows[2:])] == [
        "kernel and loop: for",
        "\N{EN DASH}",
        "sync.py:26 &lt;relay&gt;",
    ]


def test_where_it_spent_most_is_bold() -> None:
    """The longest entry of a row stands out."""
    html = table(run_of(sync_gateway(3)))
    assert html.count("<strong>2.000 s</strong>") == 2
    assert html.count("<strong>4.000 s</strong>") == 1


def test_what_was_not_measured_is_a_dash() -> None:
    """An entry that a gateway lacks is a dash, never a 0; a lost request has no status and unexplained time."""
    rows = rows_of(table(run_of(sent_to([request("a", upstream=1.0), lost("b", 5.0)]))))
    dash = "\N{EN DASH}"
    assert rows[0][4:] == ["upstream", "unexplained"]
    assert rows[2:] == [
        ["a", "ok", "200", "1.000 s", "1.000 s", dash],
        ["b", "✗ timeout", dash, "5.000 s", dash, "5.000 s"],
    ]


def test_gateways_in_the_order_of_the_run() -> None:
    """Each gateway has a group of rows under its name and verdict."""
    html = table(run_of(sync_gateway(1), async_gateway(1)))
    assert re.findall(r'<tbody data-target="([^"]+)">', html) == ["sync-gateway", "async-gateway"]
    assert html.index("One after another.") < html.index("Side by side.")


def test_verdict_in_a_word() -> None:
    """A verdict is a word and a sentence; without a claim there is none."""
    assert "✓ as claimed:</strong> Good." in verdict(Verdict(ok=True, sentence="Good."))
    assert "✗ NOT as claimed:</strong> &lt;b&gt;" in verdict(Verdict(ok=False, sentence="<b>"))
    assert verdict(None) == ""


def test_names_from_outside_are_text() -> None:
    """Nothing that a task or an address is called becomes markup."""
    html = table(run_of(sent_to([request(EVIL, upstream=1.0)], EVIL)))
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 3


def test_many_requests_are_a_selection() -> None:
    """The table shows what the timeline shows, and says what it leaves out."""
    html = table(run_of(sent_to([request(f"task{n}", due=n, upstream=1.0) for n in range(1000)])))
    assert len(rows_of(html)) == MOST + 2
    assert "Of 1,000 requests this shows 200" in html


def test_nothing_was_sent() -> None:
    """A gateway without requests says so."""
    assert "No request was sent." in table(run_of(sent_to([])))
