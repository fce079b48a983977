"""Connections that were closed are counted as the kernel says."""

from bench.time_wait import SOCKSTAT, count


def test_the_kernels_count_is_read() -> None:
    """The line of IPv4's TCP has it; the machine's own text has one."""
    text = "sockets: used 15\nTCP: inuse 5 orphan 0 tw 57200 alloc 9 mem 123\nUDP: inuse 2 mem 0\n"
    assert count(text) == 57200
    assert " tw " in SOCKSTAT.read_text()
