"""A look as text."""

from __future__ import annotations

from inflight.linux.processes import Process
from inflight.watch.lines import LONGEST_COMMAND, line, process
from inflight.watch.port import Port
from inflight.watch.watcher import Look


def test_a_process_is_named_by_its_program_and_what_is_long_is_cut() -> None:
    """Where it is installed says little, and a Java command may have thousands of characters."""
    port = Port(port=8000, process=Process(12, "/usr/bin/node server.js", 0.0, 3))
    assert process(port).startswith("pid 12 and 3 more since ")
    assert process(port).endswith(": node server.js")
    long = port._replace(process=Process(12, "java " + "x" * 1000, 0.0, 0))
    assert process(long).endswith("x…")
    assert len(process(long).rpartition(": ")[2]) == LONGEST_COMMAND
    assert process(Port(port=8000)) == ""


def test_what_is_unknown_is_no_figure() -> None:
    """Neither the accept queue's limit, nor the namespace's counters, nor the process."""
    port = Port(port=8000, accept_queue=3, connections=3, unread=2)
    look = Look(ports=[port], listen_overflows=None, listen_drops=None)
    text = "8000: 2 requests unread, for an unknown time | accept queue 3 of ?, 3 connections, 2 unread"
    assert line(look, port) == text
    assert line(look, port, look) == text


def test_counters_say_by_how_much_they_have_grown() -> None:
    """Since the first look; they count from the start of the network namespace."""
    port = Port(port=8000, accept_queue=0, accept_queue_limit=128, connections=0, unread=0)
    first = Look(ports=[port], listen_overflows=5, listen_drops=6)
    now = Look(ports=[port], listen_overflows=7, listen_drops=6)
    assert line(now, port, first, highest=4).endswith(
        "accept queue 0 of 128 (highest 4), 0 connections, 0 unread, listen overflows 7 (+2), drops 6 (+0)"
    )
