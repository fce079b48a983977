"""No name with a leading underscore of other projects is used: their next release may move it without a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("inflight/src", "services", "dashboards", "bench", "k8s")
DOCUMENTED = {
    "_current_frames",  # https://docs.python.org/3/library/sys.html#sys._current_frames
    "_exit",  # https://docs.python.org/3/library/os.html#os._exit
    "_getframe",  # https://docs.python.org/3/library/sys.html#sys._getframe
    "_asdict",  # https://docs.python.org/3/library/collections.html#collections.somenamedtuple._asdict
    "_replace",  # https://docs.python.org/3/library/collections.html#collections.somenamedtuple._replace
}
"""Public functions of the standard library in spite of their names."""
LEFT: dict[str, str] = {}
"""What is unavoidable: the name, and why. Each needs a test that fails when it moves; there is none at present."""


def private(name: str) -> bool:
    """Return whether a name is private, and no special method's."""
    return name.startswith("_") and not name.endswith("__")


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of ours."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def own(tree: ast.Module) -> set[str]:
    """Return the private names that a module makes: attributes of its classes, functions, variables, slots."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            names.update([node.attr] if node.value.id in {"self", "cls"} else [])
    return {name for name in names if private(name)}


def used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the private names that a module reaches for in something else than itself, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(("inflight", "services", "bench")):
            for alias in node.names:
                if private(alias.name):
                    yield node.lineno, alias.name
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"getattr", "setattr", "hasattr"}
        ):
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and private(name.value):
                yield node.lineno, name.value


def test_private_names_are_our_own() -> None:
    """What is left stands in one list, with its reason."""
    modules = list(sources())
    ours = set().union(*(own(tree) for _, tree in modules))
    found = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path, tree in modules
        for line, name in used(tree)
        if name not in ours | DOCUMENTED | set(LEFT)
    }
    assert found == set()


def test_the_search_finds_them() -> None:
    """An attribute, an import, a string."""
    tree = ast.parse("from uvicorn import _x\nself._mine = 1\nconnector._factory\ngetattr(session, '_retry')\n")
    assert {name for _, name in used(tree)} - own(tree) == {"_x", "_factory", "_retry"}
