"""Places have the name that a reader finds them by."""

from __future__ import annotations

import contextlib
import socket
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType

import pytest
from starlette.routing import compile_path

from inflight.blocking import place as place_module
from inflight.blocking.call import call_at
from inflight.blocking.place import Place, Spot, is_own, spot_of


def frames_of(frame: FrameType | None) -> list[FrameType]:
    """Return a frame and those that have called it."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def seen_in(call: Callable[[Callable[[], object]], object]) -> Place:
    """Return the place of a function while it calls what it is given."""
    places: list[Place] = []

    def look() -> None:
        spot = spot_of(frames_of(sys._getframe(1)))
        assert spot is not None
        places.append(spot.place)

    call(look)
    return places[0]


def own(look: Callable[[], object]) -> None:
    look()


class Shop:
    def render(self, look: Callable[[], object]) -> None:
        look()


def test_place_is_the_users_line() -> None:
    """A place is named by the file from the top of its package, the line, the function, and what it calls."""
    line = own.__code__.co_firstlineno + 1
    assert seen_in(own).where == f"tests/inflight/blocking/test_place.py:{line} own (look)"


def test_method_has_its_class() -> None:
    """A method is named with its class."""
    assert seen_in(Shop().render).function == "Shop.render"


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("time.sleep(1)", "time.sleep"),
        ("Path('x').read_text()", "read_text"),
        ("self.session.post(\n    'x',\n    timeout=1,\n)", "self.session.post"),
        ("names['é'](1)", None),
        ("1 + 1", None),
    ],
)
def test_call_of_c_code_is_read_from_the_source(source: str, call: str | None, tmp_path: Path) -> None:
    """A call without a frame is named as the source names it."""
    file = tmp_path / "é.py"
    file.write_text(f"'é'; {source}\n")
    code = compile(file.read_text(), str(file), "exec")
    found = {call_at(code, at) for at in range(0, len(code.co_code), 2)} - {"Path", None}
    assert found == ({call} if call else set())


def test_call_is_not_known_without_the_source() -> None:
    """Where the source is not there, the place has no call."""
    code = compile("time.sleep(1)", "/nowhere.py", "exec")
    assert {call_at(code, at) for at in range(0, len(code.co_code), 2)} == {None}


@pytest.mark.parametrize(
    ("filename", "own_code"),
    [
        (__file__, True),
        ("/srv/app/main.py", True),
        ("/srv/app.pyz/shop/views.py", True),
        ("/srv/.venv/lib/python3.12/site-packages/requests/sessions.py", False),
        ("/usr/lib/python3/dist-packages/requests/sessions.py", False),
        ("/srv/app/templates/report.html", False),
        (f"{sysconfig.get_path('stdlib')}/queue.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("<string>", False),
        (place_module.__file__, False),
        (compile_path.__code__.co_filename, False),
        (socket.create_connection.__code__.co_filename, False),
    ],
)
def test_own_code(filename: str, own_code: bool) -> None:
    """The user's own code is what neither Python nor a package nor inflight brings."""
    assert is_own(filename) is own_code


def test_library_is_named_by_what_was_called() -> None:
    """A call of a library's function, whose frame is there, is named by it."""
    frames = [sys._getframe(), *frames_of(sys._getframe(1))]
    library = next(frame for frame in frames if "_pytest" in frame.f_code.co_filename)
    spot = spot_of([library, *frames])
    assert spot is not None
    assert spot.place.call == "_pytest"


def test_a_with_block_is_named_by_what_it_enters() -> None:
    """A `with` goes through contextlib, which says nothing: the library whose block it is, is named."""
    source = "@contextlib.contextmanager\ndef connection(look):\n    look()\n    yield\n"
    library = {"__name__": "acme.pool", "contextlib": contextlib}
    exec(compile(source, "/site-packages/acme/pool.py", "exec"), library)

    def enter(look: Callable[[], object]) -> None:
        with library["connection"](look):  # type: ignore[operator]
            pass

    assert seen_in(enter).call == "acme"


def test_zipped_source_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in a zip file is named as one in a folder is."""
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("zipped_shop.py", "def sell(look):\n    look()\n")
    monkeypatch.syspath_prepend(str(tmp_path / "app.pyz"))
    assert seen_in(import_module("zipped_shop").sell).where == "zipped_shop.py:2 sell (look)"


def test_a_function_that_calls_itself_is_entered_once() -> None:
    """However deep it is, it has had the thread since its first call: to see it at two depths is to see one block."""

    def descend(depth: int) -> int:
        spot = spot_of(frames_of(sys._getframe()))
        assert spot is not None
        entered.add(spot.entered)
        frames.add(spot.at[0])
        return descend(depth - 1) + 1 if depth else 0

    entered: set[int] = set()
    frames: set[int] = set()
    descend(2)
    assert (len(entered), len(frames)) == (1, 3)


def test_a_function_that_has_run_nothing_is_not_blamed() -> None:
    """A thread that has computed in an operator in C is first seen at the beginning of what it calls next."""
    entered: list[tuple[str, Spot | None]] = []

    def multiply() -> None:
        compile_path("/")

    def note(frame: FrameType, event: str, arg: object) -> None:  # noqa: ARG001 - sys.settrace calls it so
        entered.append((frame.f_code.co_name, spot_of(frames_of(frame))))

    before = sys.gettrace()
    sys.settrace(note)
    multiply()
    sys.settrace(before)
    spot = dict(entered)["compile_path"]
    assert spot is not None
    assert (spot.place.function, spot.place.call) == ("multiply", None)


def test_a_computing_thread_stands_in_no_call() -> None:
    """A thread that computes hands the interpreter on behind each call of C code: to be seen there says nothing."""
    spot = Spot(Place("own.py", 1, "count", "perf_counter"), (1, 2), 1, in_library=False, own=True)
    assert spot.proved(spot, computing=True).call is None
    assert spot.proved(None, computing=False).call is None
    assert spot.proved(spot._replace(at=(1, 4)), computing=False).call is None
    assert spot.proved(spot, computing=False).call == "perf_counter"
