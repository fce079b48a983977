"""What unread bytes prove, and what they do not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inflight.linux.sockets import Connection, Idle
from inflight.watch.reading import Reading, Readings

PORT, COOKIE, INODE = 8000, 1, 7


def connection(  # noqa: PLR0913 - as many as the kernel tells
    unread: int, age: float, *, read: int = 0, sent: int = 0, cookie: int = COOKIE, inode: int = INODE
) -> Connection:
    """Return a connection as the kernel lists it."""
    return Connection(PORT, cookie, unread, inode, age, read, sent)


def looks(*moments: tuple[float, Sequence[Connection | Idle]]) -> Reading:
    """Look at each moment's connections, and return what is known at the last."""
    readings = Readings()
    for now, connections in moments:
        readings.begin(now)
        for each in connections:
            readings.add(each)
        found = readings.end()
    return found


def test_a_request_that_nobody_has_begun_to_read_waits() -> None:
    """In the accept queue or behind an earlier response: its age is that of its last bytes."""
    found = looks((100, [connection(80, 2.0), connection(80, 3.0, read=80, sent=1, cookie=2), Idle(PORT, 5, None)]))
    assert found == Reading(7, 2, 2, 3.0, others_read=False, oldest_unaccepted_seconds=0.0)


def test_the_rest_of_a_request_that_is_being_read_does_not_wait() -> None:
    """Bytes were read and nothing has been sent since: the handler has not asked for the rest of the body."""
    found = looks((100, [connection(65536, 9.0, read=70000)]))
    assert (found.unread, found.waiting, found.oldest_unread_seconds) == (1, 0, 0.0)


def test_bytes_that_are_read_between_two_looks_do_not_wait() -> None:
    """An upload on a connection that has had a response before, or over TLS."""
    first = (100.0, [connection(65536, 2.0, read=1000, sent=3)])
    assert looks(first).waiting == 1
    assert looks(first, (101, [connection(60000, 3.0, read=6536, sent=3)])).waiting == 0
    assert looks(first, (101, [connection(60000, 3.0, read=6536, sent=4)])).waiting == 0


def test_what_has_begun_to_be_read_stays_so_while_nothing_more_is_read() -> None:
    """A handler may pause for as long as it likes."""
    begun = [(100.0, 1000), (101.0, 5000), (105.0, 5000), (115.0, 5000)]
    assert looks(*((now, [connection(60000, now - 99, read=read, sent=3)]) for now, read in begun)).waiting == 0


def test_the_next_request_of_a_connection_waits_again() -> None:
    """The one before was read and its response sent between the looks."""
    first = (100.0, [connection(60000, 2.0, read=1000)])
    assert looks(first).waiting == 0
    found = looks(first, (110, [connection(80, 3.0, read=61000, sent=1)]))
    assert (found.waiting, found.oldest_unread_seconds) == (1, 3.0)


def test_a_request_that_goes_on_arriving_has_waited_since_it_was_first_seen() -> None:
    """The kernel knows when the last bytes came; the looks know how long there have been any."""
    found = looks((100, [connection(10, 0.5)]), (101, [connection(20, 0.1)]), (102, [connection(30, 0.2)]))
    assert found.oldest_unread_seconds == pytest.approx(2.5)


def test_somebody_reads_if_later_bytes_were_read() -> None:
    """One of several workers is blocked: its requests wait, and others are served."""
    waiting = connection(80, 4.0)
    assert looks((100, [waiting, Idle(PORT, 3, 1.0)])).others_read
    assert not looks((100, [waiting, Idle(PORT, 3, 5.0)])).others_read
    assert not looks((100, [waiting, Idle(PORT, 3, None)])).others_read
    assert not looks((100, [waiting, connection(80, 0.6, cookie=2), Idle(PORT, 3, 1.0)])).others_read


def test_a_connection_that_has_sent_nothing_may_wait_to_be_accepted() -> None:
    """Where the server speaks first, no byte lies unread."""
    found = looks((100, [connection(0, 3.0, inode=0), connection(0, 8.0, read=10, sent=1)]))
    assert (found.unread, found.waiting, found.oldest_unaccepted_seconds) == (0, 0, 3.0)


def test_without_tcp_info_no_age_is_claimed() -> None:
    """The tables in /proc do not have it."""
    found = looks((100, [Connection(PORT, COOKIE, 80, INODE)]))
    assert found == Reading(1, 1, None, None, others_read=False, oldest_unaccepted_seconds=None)
