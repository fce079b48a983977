"""Every query of every panel on a real Prometheus with recorded series: nobody there, a burst, a pause."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time

import pytest

from dashboards import comparison, outside, service
from dashboards.rows import AT_REST, GATEWAYS, ROWS, Row
from tests.dashboards import recording
from tests.dashboards.committed import UIDS, Query, queries
from tests.dashboards.recording import ASYNC, BURST, DELAY, NOTHING, PERIOD, PLACE, SYNC, TASKS, THREADS
from tests.ports import free_ports
from tests.prometheus.server import PrometheusServer, Series

pytestmark = pytest.mark.long

PROGRAM, PROMTOOL = shutil.which("prometheus") or "", shutil.which("promtool") or ""
if not (PROGRAM and PROMTOOL):
    pytest.skip("no prometheus on PATH: Debian has it in the package of that name", allow_module_level=True)

LAST_BURST = BURST + (recording.BURSTS - 1) * PERIOD
NOBODY_YET, IN_A_BURST, IN_A_PAUSE = NOTHING - 5, LAST_BURST + 4, LAST_BURST + TASKS * DELAY + 4
"""Seconds of the recording: before anybody came; five tasks served, one being served and five waiting; all served."""


@dataclass(frozen=True)
class Recorded:
    """A Prometheus that holds the recording, which began at `start`."""

    prometheus: PrometheusServer
    start: float

    def now(self, query: Query, at: float, chosen: str = ".*") -> dict[tuple[tuple[str, str], ...], float]:
        """Return what a panel that shows one moment gets at a second of the recording."""
        assert query.now
        return self.prometheus.now(query.filled(int(at), {"service": chosen}), self.start + at)

    def over(self, query: Query, chosen: str = ".*") -> Series:
        """Return what Grafana draws for all of the recording, by its seconds."""
        expr = query.filled(recording.LENGTH, {"service": chosen})
        found = self.prometheus.over(expr, self.start, self.start + recording.LENGTH - 1)
        return {labels: {at - self.start: value for at, value in series.items()} for labels, series in found.items()}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Prometheus with the recording as its database, and nothing to scrape."""
    directory: Path = tmp_path_factory.mktemp("recorded")
    start = float(int(time()) - recording.LENGTH)
    (directory / "scrapes").write_text(recording.open_metrics(start))
    make = f"{PROMTOOL} tsdb create-blocks-from openmetrics scrapes data".split()
    subprocess.run(make, cwd=directory, check=True, capture_output=True, timeout=60)
    server = PrometheusServer(PROGRAM, directory, free_ports(1)[0][0], {})
    try:
        server.wait_until_ready()
        yield Recorded(server, start)
    finally:
        server.close()


def ask(uid: str, name: str, about: str = "") -> Query:
    """Return the one query of a dashboard with this name, and this in what it asks."""
    (found,) = {query.expr: query for query in queries(uid) if query.name == name and about in query.expr}.values()
    return found


def value(series: dict[tuple[tuple[str, str], ...], float]) -> float:
    """Return the value of the only series."""
    (one,) = series.values()
    return one


@pytest.mark.parametrize("query", [query for uid in UIDS for query in queries(uid)], ids=str)
def test_every_query_has_data(recorded: Recorded, query: Query) -> None:
    """Every query of every panel returns data in the middle of a burst."""
    assert recorded.now(query, IN_A_BURST) if query.now else recorded.over(query)


@pytest.mark.parametrize("query", [query for uid in UIDS for query in queries(uid)], ids=str)
def test_no_value_is_made_up(recorded: Recorded, query: Query) -> None:
    """No query returns more series than it has names for, and none a value that is not a number or below 0."""
    shown = recorded.now(query, IN_A_BURST, SYNC) if query.now else {}
    drawn = {} if query.now else recorded.over(query, SYNC)
    numbers = [*shown.values(), *(number for series in drawn.values() for number in series.values())]
    assert [number for number in numbers if not number >= 0] == []
    named = "{{" in query.name or query.name in {"held", "waited"}
    assert named or len(shown) + len(drawn) <= 1


HEADLINE = {
    (SYNC, "client waited"): 10.0,
    (SYNC, "app logged"): 1.0,
    (SYNC, "waited unseen"): 9,
    (THREADS, "client waited"): 1.0,
    (THREADS, "app logged"): 1.0,
    (THREADS, "waited unseen"): 0,
    (ASYNC, "client waited"): 1.0,
    (ASYNC, "app logged"): 1.0,
    (ASYNC, "waited unseen"): 0,
}


@pytest.mark.parametrize(("gateway", "name"), HEADLINE, ids=" ".join)
def test_the_headline_says_it(recorded: Recorded, gateway: str, name: str) -> None:
    """Client waited 10 s, application logged 1 s, waited unseen 9; in a burst and in the pause after it."""
    query = ask(comparison.UID, name, f'"{gateway}"')
    for moment in (IN_A_BURST, IN_A_PAUSE):
        assert value(recorded.now(query, moment)) == pytest.approx(HEADLINE[gateway, name], rel=1e-3)


@pytest.mark.parametrize("gateway", GATEWAYS.values())
def test_the_headline_before_anybody_came(recorded: Recorded, gateway: str) -> None:
    """Before the first burst nobody waits and nobody blocks; how long it takes is not known, and not 0."""
    found = {name: recorded.now(ask(comparison.UID, name, f'"{gateway}"'), NOBODY_YET) for _, name in HEADLINE}
    assert found["client waited"] == found["app logged"] == {}
    assert value(found["waited unseen"]) == 0
    assert blockers(recorded, gateway, NOBODY_YET) == {"nobody"}


def blockers(recorded: Recorded, gateway: str, at: float) -> set[str]:
    """Return the names that the headline gives for what blocks a gateway."""
    query = ask(comparison.UID, "blocked by {{where}}", f'"{gateway}"')
    return {dict(labels)["where"] for labels in recorded.now(query, at)}


def test_who_blocks(recorded: Recorded) -> None:
    """The line that blocks is named from its first second on, and nobody else's loop is said to be blocked."""
    for moment in (BURST + 1.5, IN_A_BURST, IN_A_PAUSE):
        assert blockers(recorded, SYNC, moment) == {PLACE.removeprefix("services/gateway/")}
        assert blockers(recorded, ASYNC, moment) == blockers(recorded, THREADS, moment) == {"nobody"}


def test_who_blocks_where_it_is_not_known(recorded: Recorded) -> None:
    """Of a service that stands still and says nothing of the line, the headline says that it is unknown."""
    query = ask(comparison.UID, "blocked by {{where}}", f'"{SYNC}"')
    without = query.filled(1).replace("event_loop_blocked_seconds_total", "not_exported")
    assert {dict(one)["where"] for one in recorded.prometheus.now(without, recorded.start + IN_A_BURST)} == {
        "an unknown line"
    }


def test_the_culprits(recorded: Recorded) -> None:
    """The table has the sync gateway's line with all the seconds that it held the loop, the first ones among them."""
    held = recorded.now(ask(comparison.UID, "held"), IN_A_PAUSE)
    assert [dict(labels)["where"] for labels in held] == [PLACE]
    assert value(held) == pytest.approx(recording.BURSTS * TASKS * DELAY)
    waited = recorded.now(ask(comparison.UID, "waited"), IN_A_PAUSE)
    assert {dict(labels)["where"] for labels in waited} == {PLACE}
    assert value(waited) == pytest.approx(recording.BURSTS * (TASKS - 1))
    assert recorded.now(ask(comparison.UID, "held"), NOBODY_YET) == {}


@pytest.mark.parametrize("name", ["held", "waited"])
def test_what_a_process_did_before_prometheus_knew_it_is_no_growth(recorded: Recorded, name: str) -> None:
    """It has run for days, and is scraped since a moment ago."""
    query = ask(service.UID, name)
    assert recorded.now(query, IN_A_PAUSE, "old") == {}
    assert recorded.now(query, IN_A_PAUSE, SYNC) != {}


def test_where_the_time_goes_has_no_ramps(recorded: Recorded) -> None:
    """In the pauses, when nothing begins and nothing ends, there is no value at all."""
    for name in ("{{queue}}", "upstream"):
        drawn = recorded.over(ask(service.UID, name, "_sum"), SYNC)
        pause = range(BURST - PERIOD, BURST)
        assert [at for series in drawn.values() for at in series if at in pause] == []


def test_nobody_waiting_is_a_line_at_0(recorded: Recorded) -> None:
    """The total of those who wait is drawn at every moment, also while it is 0."""
    for gateway in GATEWAYS.values():
        (drawn,) = recorded.over(ask(comparison.UID, "total", f'"{gateway}"')).values()
        assert len(drawn) >= recording.LENGTH - 1
        assert min(drawn.values()) == 0


@pytest.mark.parametrize("row", [*ROWS, *AT_REST], ids=lambda row: row.name)
def test_the_scale_holds_every_column(recorded: Recorded, row: Row) -> None:
    """At no moment is a column's line above the line that sets the row's scale."""
    panels = [[one for one in queries(comparison.UID) if one.title == f"{name} · {row.name}"] for name in GATEWAYS]
    highest = [at_most(recorded.over(query)) for panel in panels for query in panel if query.name != "scale"]
    (scale,) = (at_most(recorded.over(query)) for query in panels[0] if query.name == "scale")
    over = [at for line in highest for at, number in line.items() if number > scale.get(at, 0) + 1e-9]
    assert over == []


def at_most(drawn: Series) -> dict[float, float]:
    """Return the sum of all series at each moment: no line, and no stack of them, is above it."""
    moments = sorted({at for series in drawn.values() for at in series})
    return {at: sum(series.get(at, 0.0) for series in drawn.values()) for at in moments}


def test_from_outside(recorded: Recorded) -> None:
    """Five connections lie unread, the oldest as long as the burst is old, and five were dropped a while ago."""
    at = IN_A_BURST + 0.5
    assert value(recorded.now(ask(outside.UID, "unread connections"), at)) == TASKS - 5
    assert value(recorded.now(ask(outside.UID, "oldest unread"), at)) == pytest.approx(4.5)
    assert value(recorded.now(ask(outside.UID, "accept queue full"), at)) == pytest.approx(5 / recording.LIMIT)
    assert value(recorded.now(ask(outside.UID, "dropped, last minute"), at)) == pytest.approx(5, rel=0.1)
    assert value(recorded.now(ask(outside.UID, "oldest unread"), NOBODY_YET)) == 0


def test_alerts_have_names(recorded: Recorded) -> None:
    """The state timelines show the alerts of the chosen service by name, and nothing for one that has none."""
    query = ask(service.UID, "{{alertname}}")
    named = {dict(labels)["alertname"] for labels in recorded.over(query, SYNC)}
    assert named == {"EventLoopBlocked", "NobodyReads"}
    assert recorded.over(query, ASYNC) == {}
