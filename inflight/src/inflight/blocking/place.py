"""Names the place in the user's own code at which a thread stands: `own.py:11 render_pdf (time.sleep)`."""

from __future__ import annotations

import os
import site
import sysconfig
from collections.abc import Sequence
from dis import opmap
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

from inflight.blocking.call import call_in

PACKAGES = ("site-packages", "dist-packages")
STANDARD = tuple(
    {
        f"{path}{os.sep}"
        for name in ("stdlib", "platstdlib")
        for path in (sysconfig.get_path(name), os.path.realpath(sysconfig.get_path(name)))
    }
)
SITES = tuple({f"{path}{os.sep}" for path in (*site.getsitepackages(), site.getusersitepackages())})
OURS = f"{Path(__file__).parents[1]}{os.sep}"
PYTHON = ("", ".py", ".pyw")
"""What files of Python's own end with; a template that was compiled has other lines than its file."""
IMPORT = "importlib._bootstrap"
"""The interpreter's own import, which is written in Python."""

COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>")
"""Until Python 3.12 (PEP 709) these have frames of their own; to a reader they are lines of their function."""

ENTERS = ("__enter__", "__aenter__", "__exit__", "__aexit__")
"""What a `with` calls: contextlib's says nothing, and what that calls is whose block it is."""


RESUME = opmap["RESUME"]
"""The instruction that a function begins with, and goes on with after a `yield` or an `await`."""
AFTER_YIELD = 0b11
"""The bits of its argument that say so. (https://docs.python.org/3/library/dis.html#opcode-RESUME)"""


class Place(NamedTuple):
    """A line of code, and the library call that it stands in, None where it runs itself."""

    file: str
    """From the top of its package, `shop/views.py`, so that it names no folder of the machine's."""
    line: int
    function: str
    call: str | None

    @property
    def where(self) -> str:
        """The place as one label."""
        if not self.line:
            return self.function
        return f"{self.file}:{self.line} {self.function}{self.in_call}"

    @property
    def for_clients(self) -> str:
        """The place as far as a client may know it: the file's own name, the line, the function."""
        return f"{self.file.rpartition('/')[2]}:{self.line} {self.function}" if self.line else self.function

    @property
    def in_call(self) -> str:
        """The call in brackets behind a blank; empty where there is none."""
        return f" ({self.call})" if self.call else ""


class Spot(NamedTuple):
    """Where a thread stands at one moment, without a reference to its frames: nothing of the program lives longer."""

    place: Place
    at: tuple[int, int]
    """The `id` of the user's innermost frame, and the instruction that it is at."""
    entered: int
    """The `id` of the outermost frame of the same function: one that calls itself is left when the first call ends."""
    in_library: bool
    """Whether it has called a library's function; else the call, if there is one, is of C code."""
    own: bool
    """Whether the place is in the user's own code."""

    def proved(self, before: Spot | None, *, computing: bool) -> Place:
        """Return the place, without a call of C code that the thread may just have come by.

        A thread that computes is always seen behind one: there it hands the interpreter on. One that has not computed
        since `before`, and is at the same instruction, has stood in the call.
        """
        stood = before is not None and self.at == before.at and not computing
        return self.place if stood or self.in_library else self.place._replace(call=None)


def spot_of(frames: Sequence[FrameType]) -> Spot | None:
    """Return where a thread stands whose frames are `frames`, the innermost first.

    That is the innermost frame of the user's own code: not the standard library's, not an installed package's, not
    inflight's. Where there is none, the innermost of an installed package; None where there is neither.
    """
    entering = len(frames) > 1 and _just_entered(frames[0])
    if entering:  # what took the time is what its caller did before
        frames = frames[1:]
    index = next((index for index, frame in enumerate(frames) if is_own(frame.f_code.co_filename)), None)
    own = index is not None
    if index is None:
        index = next((at for at, frame in enumerate(frames) if _kind(frame.f_code.co_filename) == "package"), None)
    if index is None:
        return None
    while frames[index].f_code.co_name in COMPREHENSIONS and index + 1 < len(frames):
        index += 1
    frame = frames[index]
    called = [inner for inner in frames[:index] if _kind(inner.f_code.co_filename) in {"package", "standard"}]
    while len(called) > 1 and called[-1].f_code.co_name in ENTERS:
        called.pop()
    code = frame.f_code
    call = _name(called[-1]) if called else None if entering else call_in(frame)
    file = _file(code.co_filename, str(frame.f_globals.get("__name__", "")))
    place = Place(file, frame.f_lineno or code.co_firstlineno, _function(code), call)
    entered = next(outer for outer in reversed(frames) if outer.f_code is code)
    return Spot(place, (id(frame), frame.f_lasti), id(entered), bool(called), own)


def _just_entered(frame: FrameType) -> bool:
    """Return whether a function has run nothing yet.

    There a thread hands the interpreter on (CPython's `RESUME`): a function that is seen there need have taken no time,
    and an operator in C (`x * y`), at which the interpreter is not handed on, may have.
    """
    at, code = frame.f_lasti, frame.f_code.co_code
    return at < 0 or (code[at] == RESUME and not code[at + 1] & AFTER_YIELD)


def is_own(filename: str) -> bool:
    """Return whether a file is the user's own."""
    return _kind(filename) == "own"


def is_ours(filename: str) -> bool:
    """Return whether a file is inflight's."""
    return _kind(filename) == "ours"


@lru_cache(maxsize=4096)
def _kind(filename: str) -> str:
    if filename.startswith("<"):
        return "standard"
    if filename.startswith(OURS):
        return "ours"
    if filename.startswith(SITES) or any(f"{os.sep}{name}{os.sep}" in filename for name in PACKAGES):
        return "own" if filename in _installed_from_here() else "package"
    if filename.startswith(STANDARD):
        return "standard"
    return "own" if Path(filename).suffix in PYTHON else "package"


@lru_cache(maxsize=1)
def _installed_from_here() -> frozenset[str]:
    """Return the files of distributions that were installed from a folder, as an image installs its own service.

    (PEP 610: installers leave a direct_url.json for what came from no index.)
    """
    files: set[str] = set()
    for distribution in metadata.distributions():
        if (distribution.read_text("direct_url.json") or "").find('"dir_info"') >= 0:
            files.update(str(distribution.locate_file(file)) for file in distribution.files or ())
    return frozenset(files)


@lru_cache(maxsize=1024)
def _file(filename: str, module: str) -> str:
    path = Path(filename)
    packages = module.count(".") + (path.name == "__init__.py")
    return "/".join(path.parts[-packages - 1 :])


def _function(code: CodeType) -> str:
    return code.co_qualname.rpartition("<locals>.")[2]


def _name(frame: FrameType) -> str:
    """Return a function as it is called: `requests` for a package's, `re.match` for the standard library's."""
    module = str(frame.f_globals.get("__name__", ""))
    if module.startswith(IMPORT):
        return "import"
    if _kind(frame.f_code.co_filename) == "standard":
        return f"{module}.{_function(frame.f_code)}"
    return module.partition(".")[0]
