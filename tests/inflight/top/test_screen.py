"""How `inflight top` looks."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from inflight.top.bar import COLOURS, bar, cells, legend
from inflight.top.picture import Holder, Picture, Route, Worker
from inflight.top.screen import SORTS, screen

BLOCKED = {"where": "own.py:11 render_pdf (time.sleep)", "method": "GET", "route": "/results/{team}", "for": 1.2}


def request(age: float, route: str = "/feed", **more: Any) -> dict[str, Any]:
    """Return a request in flight."""
    ledger = {"kernel": age / 4, "application": age * 3 / 4, "total": age}
    entry = {"kind": "http", "method": "GET", "route": route, "age": age, "state": "application", "for": age / 2}
    return {**entry, "ledger": ledger, **more}


def shown(picture: Picture, width: int = 120, height: int | None = None, sort: str = "age") -> list[str]:
    """Return the lines that a terminal shows."""
    console = Console(file=StringIO(), width=width, height=height or 25, color_system=None)
    with console.capture() as capture:
        console.print(screen(picture, sort=sort, width=width, height=height))
    return [line.rstrip() for line in capture.get().splitlines()]


def full(requests: int = 40) -> Picture:
    """Return a picture with something of everything."""
    worker = Worker("", 41, {"kernel": 7, "loop": 0, "thread": 0}, 12.5, 1.25, BLOCKED, 1.2)
    listed = [request(requests - number, at="own.py:20 feed (asyncio.tasks.sleep)") for number in range(requests)]
    routes = [Route(f"/route{number}", 1, 0.5, 3.0, 0.2) for number in range(20)]
    holders = [Holder(f"own.py:{number} f (time.sleep)", "/f", 2.0, 16) for number in range(20)]
    return Picture([worker], listed, routes, holders, 3)


def test_what_holds_the_loop_stands_on_top() -> None:
    """What holds the loop is said in words, below the worker's line."""
    first, second, third, *_ = shown(full())
    assert first.split() == [
        "in",
        "flight",
        "kernel",
        "loop",
        "thread",
        "pool",
        "requests/s",
        "stall",
        "oldest",
        "unread",
    ]
    assert second.split() == ["41", "7", "0", "0", "-", "12.5", "1.2", "s", "1.2", "s"]
    assert third == "blocked by own.py:11 render_pdf (time.sleep) for 1.2 s, GET /results/{team}"


@pytest.mark.parametrize("height", [20, 30, 50])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_it_fits(width: int, height: int) -> None:
    """Nothing is wider or longer than the terminal, and the oldest requests are among what is shown."""
    lines = shown(full(), width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert any(" of 43 requests in flight, by age" in line for line in lines)


def test_without_a_height_all_is_shown() -> None:
    """What is piped is whole."""
    lines = shown(full(), 200)
    assert sum("/route" in line for line in lines) == 20
    assert sum("own.py:20 feed" in line for line in lines) == 40
    assert sum(" f (time.sleep)" in line for line in lines) == 20


@pytest.mark.parametrize(("sort", "first"), [("age", "/b"), ("lost", "/b"), ("route", "/a"), ("state", "/c")])
def test_order(sort: str, first: str) -> None:
    """The requests stand in the order that was asked for."""
    requests = [request(1.0, "/a"), request(3.0, "/b"), request(2.0, "/c", state="pool")]
    requests[0]["state"] = requests[1]["state"] = "thread"
    requests[2]["state"] = "pool"
    lines = shown(Picture([], requests, [], [], 0), sort=sort)
    assert next(line for line in lines if "GET" in line).split("GET ")[1] == first


def test_each_order_has_a_key_of_its_own() -> None:
    """A key is an order's first letter, and none quits."""
    assert len({name[0] for name in SORTS} | {"q"}) == len(SORTS) + 1


def test_victims_are_marked() -> None:
    """A request says that it is blocked, and whom it has waited for."""
    entry = request(1.0, at="own.py:20 feed", blocked_by=BLOCKED["where"], waited_for="own.py:5 f (time.sleep)")
    line = next(line for line in shown(Picture([], [entry], [], [], 0), 200) if "feed" in line)
    assert line.endswith("own.py:20 feed (blocked) waited for own.py:5 f (time.sleep)")


def test_what_cannot_be_listed_is_said() -> None:
    """Where the requests are not known, it does not say that there are none."""
    lines = shown(Picture([], [], [], [], 0, "/requests responds with 403"))
    assert "not all requests in flight are known: /requests responds with 403" in lines
    assert not any("no requests" in line for line in lines)


def test_idle_service() -> None:
    """A service without requests says so."""
    assert "no requests in flight" in shown(Picture([], [], [], [], 0))


def test_bar_is_where_the_time_went() -> None:
    """The bar has a letter for each share, in the order in which a request lives it."""
    assert bar({"application": 1.0, "kernel": 2.0, "pool": 1.0, "total": 4.0}, 8).plain == "kkkkppaa"
    assert bar({}, 8).plain == ""
    assert cells([1.0, 1.0, 1.0], 10) == [3, 4, 3]


def test_letters_are_explained() -> None:
    """No two entries have the same letter, and the legend has all of them."""
    assert len({entry[0] for entry in COLOURS}) == len(COLOURS)
    assert all(f"{entry[0]} {entry}" in legend().plain for entry in COLOURS)


def test_names_are_shown_as_they_are() -> None:
    """A pattern's brackets are no markup."""
    pattern = r"^users\.(?P<format>[a-z0-9]+)[/]?$"
    listed = [request(1.0, pattern, state="upstream [fd00::5]:8000")]
    holders = [Holder("own.py:1 f[0]", pattern, 2.0, 16)]
    text = "\n".join(shown(Picture([], listed, [Route(pattern)], holders, 0), width=200))
    assert text.count(pattern) == 3
    assert "upstream [fd00::5]:8000" in text
    assert "own.py:1 f[0]" in text
