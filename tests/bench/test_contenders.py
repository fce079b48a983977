"""The contenders: all give the same answer, and one that does not is not measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.contenders import PEERS, QUIET, Rig, check_answer
from bench.program import Program, ask
from inflight.terminal.errors import CommandError


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Program]]:
    """Every peer, and our gateway with and without its telemetry, in front of our backend."""
    rig = Rig(tmp_path_factory.mktemp("contenders"), descriptors=1024)
    with ExitStack() as stack:
        backend = stack.enter_context(rig.backend("backend"))
        found = {key: rig.peer(key, backend.url) for key in PEERS}
        found |= {"gateway": rig.gateway("gateway", backend.url, QUIET)}
        found |= {"bare": rig.gateway("bare", backend.url, QUIET, bare=True), "backend": backend}
        for program in found.values():
            if program is not backend:
                stack.enter_context(program)
        for program in found.values():
            program.ready()
        yield found


@pytest.mark.parametrize("key", [*PEERS, "gateway", "bare"])
def test_all_give_the_same_answer(programs: dict[str, Program], key: str) -> None:
    """The backend's message under `res`, with 200."""
    check_answer(programs[key], passes_through=False)


def test_another_answer_is_not_measured(programs: dict[str, Program]) -> None:
    """The backend's own answer is not a gateway's: one line says what came instead."""
    with pytest.raises(CommandError, match=r'backend answered 200 .*success.*, not 200 \{"res"'):
        check_answer(programs["backend"], passes_through=False)


@pytest.mark.parametrize("key", ["instrumentator", "exporter"])
def test_the_instrumented_peers_count(programs: dict[str, Program], key: str) -> None:
    """What they are measured with is on: their metrics hold the requests."""
    check_answer(programs[key], passes_through=False)
    status, metrics = ask(f"{programs[key].url}/metrics")
    assert status == 200
    assert b'/{task}"' in metrics
    assert b"in_progress" in metrics or b"inprogress" in metrics


def test_the_bare_gateway_has_no_telemetry(programs: dict[str, Program]) -> None:
    """No header and no admin port, where the full one has both."""
    assert "server-timing" in _headers(programs["gateway"])
    assert "server-timing" not in _headers(programs["bare"])
    admin = "http://127.0.0.1:{}/metrics"
    assert ask(admin.format(programs["gateway"].settings["ADMIN_PORT"]))[0] == 200
    with pytest.raises(OSError, match="refused"):
        ask(admin.format(programs["bare"].settings["ADMIN_PORT"]))


def test_processor_time_is_counted(programs: dict[str, Program]) -> None:
    """A request costs the program that serves it something."""
    before = programs["gateway"].cpu_seconds()
    check_answer(programs["gateway"], passes_through=False)
    assert 0 < programs["gateway"].cpu_seconds() - before < 1


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The last line of its output, rather than a timeout."""
    with (
        Rig(tmp_path, descriptors=1024).gateway("odd", "not a URL") as odd,
        pytest.raises(CommandError, match="BACKEND_URL"),
    ):
        odd.ready()


def _headers(program: Program) -> str:
    from tests.client import get

    return " ".join(name for name, _ in get(f"{program.url}/task1").headers)
