"""The contenders: all serve the same, one that does not is not measured, and what each is measured with is on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.contender import OURS
from bench.cost import check_all
from bench.holding import holding
from bench.program import Program, ask
from bench.rig import Rig, check_response
from inflight.terminal.errors import CommandError
from tests.client import get

pytestmark = pytest.mark.long

EXPORTER = "exporter"
KEYS = ("plain", OURS, "prototype", EXPORTER)
"""Each starts a process; the others' responses the benchmark checks itself before it measures them."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Program]]:
    """The contenders, in front of the upstream."""
    rig = Rig(tmp_path_factory.mktemp("contenders"), descriptors=1024)
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        upstream.ready("/")
        found = {key: stack.enter_context(rig.contender(key, upstream.url)) for key in KEYS}
        for program in found.values():
            program.ready("/async/name")
        yield found


@pytest.mark.parametrize("key", KEYS)
def test_all_serve_the_same(programs: dict[str, Program], key: str) -> None:
    """Whoever is added, each route's response is the service's own, the stream is whole."""
    program = programs[key]
    check_all(program)
    assert ask(f"{program.url}/stream/name")[1].count(b"name") == 10


def test_another_response_is_not_measured(programs: dict[str, Program]) -> None:
    """One line says what came instead."""
    with pytest.raises(CommandError, match=r"plain responded to /async/a with 200 .*, not 200 \{'message': 'b'\}"):
        check_response(programs["plain"], "/async/a", {"message": "b"})


def test_an_exporter_counts(programs: dict[str, Program]) -> None:
    """Its metrics hold the requests by route."""
    program = programs[EXPORTER]
    check_all(program)
    status, metrics = ask(f"{program.url}/metrics")
    assert status == 200
    assert b"/async/{name}" in metrics


def test_ours_counts_and_its_prototype_knows_waits(programs: dict[str, Program]) -> None:
    """Ours exports metrics and carries the ledger; the prototype only the latter, the plain service nothing."""
    check_all(programs[OURS])
    assert b'route="/async/{name}"' in ask(f"{programs[OURS].admin_url}/metrics")[1]
    carried = {
        key: "server-timing" in {name.lower() for name, _ in get(f"{programs[key].url}/async/name").headers}
        for key in (OURS, "prototype", "plain")
    }
    assert carried == {OURS: True, "prototype": True, "plain": False}


@pytest.mark.parametrize("key", ["plain", OURS])
def test_requests_are_held_and_let_go(programs: dict[str, Program], key: str) -> None:
    """As many are in flight as were asked for, and none afterwards."""
    for _ in range(2):
        with holding(programs[key], 50):
            assert ask(f"{programs[key].url}/holding")[1] == b'{"holding":50}'
        assert ask(f"{programs[key].url}/holding")[1] == b'{"holding":0}'


def test_processor_time_is_of_the_process_that_serves(programs: dict[str, Program]) -> None:
    """A request costs something, and `inflight run` serves from a process of its own."""
    before = programs[OURS].cpu_seconds()
    check_all(programs[OURS])
    assert 0 < programs[OURS].cpu_seconds() - before < 1
    assert programs[OURS].serving != programs[OURS].pid
    assert programs["plain"].serving == programs["plain"].pid


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The last line of its output, rather than a timeout."""
    with (
        Rig(tmp_path, descriptors=1024).gateway("odd", "not a URL") as odd,
        pytest.raises(CommandError, match="BACKEND_URL"),
    ):
        odd.ready()
