"""One encoding for all who ask at the same time, and none that is older than the question."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from services.telemetry.scrape import Scrape
from tests.eventually import eventually

TEXT = "text/plain"


class Encoder:
    """Encodes when it is let, and counts."""

    def __init__(self) -> None:
        self.begun = 0
        self.let = threading.Event()

    def __call__(self, _registry: Collector) -> bytes:
        self.begun += 1
        number = self.begun
        assert self.let.wait(20)
        return b"%d" % number


class Door:
    """A lock that notes who has come to it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.came: list[int] = []

    def __enter__(self) -> None:
        self.came.append(threading.get_ident())
        self.lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self.lock.release()


def test_those_who_ask_during_an_encoding_share_the_next() -> None:
    """The first gets the first; ten who asked while it was made share the second."""
    scrape, encode, door = Scrape(CollectorRegistry()), Encoder(), Door()
    scrape._lock = door  # type: ignore[assignment]
    with ThreadPoolExecutor(11) as pool:
        first = pool.submit(scrape.text, encode, TEXT)
        eventually(lambda: encode.begun, 1)
        others = [pool.submit(scrape.text, encode, TEXT) for _ in range(10)]
        eventually(lambda: len(door.came), 11)
        encode.let.set()
        assert first.result() == b"1"
        assert {other.result() for other in others} == {b"2"}


def test_one_after_the_other_gets_a_fresh_one_each() -> None:
    """A text that was made before the question is no answer to it."""
    scrape, encode = Scrape(CollectorRegistry()), Encoder()
    encode.let.set()
    assert [scrape.text(encode, TEXT) for _ in range(3)] == [b"1", b"2", b"3"]


def test_a_failed_encoding_is_nobodys_answer() -> None:
    """Who comes next makes one of their own."""
    scrape = Scrape(CollectorRegistry())

    def fail(_registry: Collector) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scrape.text(fail, TEXT)
    assert scrape.text(lambda _registry: b"well", TEXT) == b"well"
