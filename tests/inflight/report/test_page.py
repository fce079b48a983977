"""The report as a file."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from inflight.report.page import page, write_report
from inflight.report.run import Run
from inflight.terminal.files import FileError
from tests.inflight.report.runs import EVIL, async_gateway, lost, request, run_of, sent_to, sync_gateway

MEGABYTE = 1_000_000


def prose(run: Run) -> str:
    """Return what a person reads before any script has run."""
    html = re.sub(r"<(script|style)\b.*?</\1>", "", page(run), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_one_file(tmp_path: Path) -> None:
    """A report is one file of less than 5 MB, in a directory that is made for it."""
    path = tmp_path / "new" / "report.html"
    write_report(run_of(sync_gateway(), async_gateway()), path)
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    assert path.stat().st_size < 5 * MEGABYTE
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_line_that_held_the_loop_stands_below_the_bars() -> None:
    """The report of a target whose loop was held says by which line."""
    gateway = sync_gateway()
    last = gateway.samples[-1].model_copy(update={"blocked": {"sync.py:26 relay (requests)": 5.0}})
    held = gateway.model_copy(update={"samples": [*gateway.samples, last]})
    assert "The event loop was held by sync.py:26 relay (requests) for 5.0 s." in prose(run_of(held))


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"cannot write .*/file/report.html: (not a directory|file exists)"):
        write_report(run_of(), tmp_path / "file" / "report.html")
    with pytest.raises(FileError, match=f"cannot write {tmp_path}: is a directory"):
        write_report(run_of(), tmp_path)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """Half a surrogate pair in a name does not stop the report."""
    write_report(run_of(sent_to([request("\ud800", upstream=1.0)])), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8").count("<tbody") == 1


def test_only_its_own_scripts_may_run() -> None:
    """The page's policy names the digests of its two scripts, and lets nothing come from the network."""
    html = page(run_of(sync_gateway()))
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1] == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}' 'sha256-{digests[1]}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_a_run_explains_itself() -> None:
    """The text says what was sent, to what, and what to look for; the facts are there; backticks become code."""
    run = run_of(sync_gateway(2), async_gateway(2), about="Two `gateways` stood in front of a <backend>.")
    text = prose(run)
    assert "Two gateways stood in front of a &lt;backend&gt;. Each of them, one after the other, was sent 2 req" in text
    assert "<code>gateways</code>" in page(run)
    assert "22 November 2026, 14:00:00 UTC" in text
    assert "A machine &lt;of&gt; ours" in text
    assert "Backend&#x27;s delay2 s" in text
    assert "kernel queue" in text
    assert "✓ as claimed: One after another." in text
    assert "At most 1 in flight, at most 1 waiting (kernel up to 1)." in text


def test_what_was_not_measured_is_said_to_be_so() -> None:
    """A server that tells of its time, but not of the kernel's queue: a wait there is a part of network."""
    unmeasured = sent_to([request("a", loop=0.1, upstream=1.0, application=0.1, network=2.0)])
    assert "could not be measured here" in prose(run_of(unmeasured))
    assert "could not be measured here" not in prose(run_of(sync_gateway(2), sent_to([lost("a", 1.0)])))


def test_a_server_that_tells_nothing() -> None:
    """The legend has what its client saw, and the text says what TCP had to do to reach it."""
    records = [replace(lost(task, 1.6, "ok"), ledger={"connect": 1.0, "first byte": 0.6}) for task in ("a", "b")]
    text = prose(run_of(sent_to([replace(records[0], connect_retries=1), records[1]])))
    assert "The life of a request, as its client sees it" in text
    assert "kernel" not in text
    assert "responses do not say where their time went" in text
    assert "TCP had to try again to open 1 of the connections" in text
    assert "as its client sees it" not in prose(run_of(sync_gateway(2)))


def test_the_legend_has_what_is_not_known() -> None:
    """Only where there is such a part."""
    assert "Where this time went is not known" in prose(run_of(sent_to([lost("a", 1.0)])))
    assert "Where this time went is not known" not in prose(run_of(sync_gateway(2)))


def test_a_plain_send_is_told_plainly() -> None:
    """A run against any address has no claims, and no pictures of metrics that nobody read."""
    run = run_of(sent_to([request(f"task{n}", due=n / 10, upstream=0.1) for n in range(11)]))
    text = prose(run)
    assert "elsewhere was sent 11 requests over 1.000 s." in text
    assert "11 requests: half took at most 100 ms" in text
    assert "claimed" not in text
    assert "In flight" not in text
    assert "elsewhere was sent 1 request." in prose(run_of(sent_to([lost("a", 1.0)])))


def test_targets_that_were_sent_different_things() -> None:
    """Each is told for itself."""
    text = prose(run_of(sync_gateway(2), sent_to([lost("a", 1.0)])))
    assert "sync-gateway was sent 2 requests at almost the same moment; elsewhere was sent 1 request." in text


def test_an_aligned_timeline_says_so() -> None:
    """The text on how to read the picture is the one of this picture."""
    assert "every bar begins at the left" in prose(
        run_of(sent_to([request(f"task{n}", due=n, upstream=0.1) for n in range(9)]))
    )
    assert "every bar begins at the left" not in prose(run_of(sync_gateway()))


@pytest.mark.parametrize("run", [run_of(), run_of(sent_to([])), run_of(sync_gateway(0))], ids=["none", "send", "demo"])
def test_nothing_was_sent(run: Run) -> None:
    """An empty run is a page that says so, without a picture."""
    assert "Nothing was sent in this run." in prose(run)
    assert 'data-chart="timeline"' not in page(run)


def test_names_from_outside_are_text() -> None:
    """Whatever a task, an address or a machine is called, the page has only its own markup."""
    gateway = sent_to([request(EVIL, upstream=1.0), lost(EVIL, 1.0, EVIL)], EVIL)
    run = run_of(gateway, sync_gateway()).model_copy(update={"machine": EVIL})
    html = page(run)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert html.count("<script") == page(run_of(sent_to([request("a", upstream=1.0)]), sync_gateway())).count("<script")


def test_every_swatch_has_its_hatching() -> None:
    """Also that of an entry whose name is two words."""
    html = page(run_of(sync_gateway(2), sent_to([replace(lost("a", 1.0), ledger={"first byte": 1.0})])))
    shown = set(re.findall(r"fill=\"url\(#([^)]+)\)", html))
    assert "hatch-first-byte" in shown
    assert shown <= set(re.findall(r"<pattern id=\"([^\"]+)\"", html))
