"""The `Server-Timing` header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflight.server_timing import described, format_server_timing, parse_server_timing, parse_waited_for

NAMES = st.sampled_from(["kernel", "loop", "thread", "pool", "upstream", "total"])


def test_milliseconds_on_the_wire() -> None:
    """Seconds become milliseconds; a queue that the mode lacks does not appear."""
    assert format_server_timing({"kernel": 0.004, "total": 1.5}) == "kernel;dur=4.000, total;dur=1500.000"


@given(st.dictionaries(NAMES, st.floats(min_value=0, max_value=1e6)))
def test_what_is_written_is_read_back(entries: dict[str, float]) -> None:
    """Every ledger survives the wire, to the microsecond that the header carries."""
    read = parse_server_timing(format_server_timing(entries))
    assert read == pytest.approx(entries, abs=1e-6)


@given(st.text() | st.text(alphabet=',;="\\ dur0.1_-'))
def test_no_header_breaks_the_reader(value: str) -> None:
    """A server may send anything: what is read is finite, and never negative."""
    assert all(0 <= seconds < float("inf") for seconds in parse_server_timing(value).values())


def test_other_servers_headers_are_understood() -> None:
    """Descriptions, quotes, spaces and entries without a duration are all allowed by the standard."""
    header = 'cache;desc="Cache Read";dur=23.2, miss, db; DUR="53", cpu;dur=nan, app;dur=-1'
    assert parse_server_timing(header) == pytest.approx({"cache": 0.0232, "db": 0.053})


@pytest.mark.parametrize(
    ("header", "entries"),
    [
        ('total;desc="a,b";dur=20', {"total": 0.02}),
        ('x;desc="y, total;dur=7", z;dur=1', {"z": 0.001}),
        (r'x;desc="a\", b;dur=1";dur=2', {"x": 0.002}),
        ('x;desc="never closed, y;dur=3', {"y": 0.003}),
        ("x;dur=1_0", {}),
        (";, ;dur=1", {}),
    ],
)
def test_what_is_quoted_is_text(header: str, entries: dict[str, float]) -> None:
    """Commas and semicolons inside quotes separate nothing; Python's own way to write numbers is no header's."""
    assert parse_server_timing(header) == pytest.approx(entries)


@given(st.text())
def test_line_survives_the_wire(line: str) -> None:
    """What a request waited for describes its waits, whatever the line is called, and changes no duration."""
    entries = {"kernel": 1.0, "loop": 0.5, "upstream": 2.0, "total": 4.0}
    value = described(format_server_timing(entries), line, began_late=True)
    assert parse_server_timing(value) == entries
    assert value.isascii()
    assert parse_waited_for(value) == "".join(
        each if " " <= each <= "~" and each not in '"\\' else "?" for each in line
    )


def test_a_wait_after_the_beginning_is_the_totals() -> None:
    """Kernel and loop took their usual moment: what the request waited for is said of the whole."""
    value = described("kernel;dur=0.000, loop;dur=0.049, total;dur=3.000", "own.py:11 render_pdf", began_late=False)
    assert value == 'kernel;dur=0.000, loop;dur=0.049, total;desc="own.py:11 render_pdf";dur=3.000'
    assert parse_waited_for(value) == "own.py:11 render_pdf"


def test_only_waits_for_the_loop_are_described() -> None:
    """The line held the event loop: a wait for a pool has nothing to do with it."""
    value = described("kernel;dur=1.000, pool;dur=2.000, total;dur=3.000", "own.py:11 render_pdf", began_late=True)
    assert value == 'kernel;desc="own.py:11 render_pdf";dur=1.000, pool;dur=2.000, total;dur=3.000'
    assert parse_waited_for('db;desc="own.py:11";dur=3') is None
    assert parse_waited_for("kernel;dur=3") is None
    assert parse_waited_for('total;desc="Total response time";dur=3') is None, "another server's"


def test_a_ledger_that_was_passed_on_is_not_the_services_own() -> None:
    """A relay copies its upstream's headers, and its own ledger comes behind."""
    upstreams = 'kernel;desc="billing.py:7 pdf";dur=1.000, loop;dur=0.000, thread;dur=5.000, total;dur=9.000'
    own = "kernel;dur=0.000, loop;dur=0.100, upstream;dur=9.500, total;dur=10.000"
    assert parse_server_timing(f"{upstreams}, {own}") == parse_server_timing(own)
    assert parse_waited_for(f"{upstreams}, {own}") is None


def test_a_line_of_another_server_can_be_written_as_json() -> None:
    """What is no ASCII in it came as surrogates."""
    assert parse_waited_for('kernel;desc="\udcff.py:7";dur=1') == "?.py:7"
