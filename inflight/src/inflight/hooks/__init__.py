"""The libraries whose waits and calls are watched without a line of the user's code: a hook each."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

log = logging.getLogger("inflight")

HOOKS = {
    "aiohttp": "inflight.clients.aiohttp",
    "httpx": "inflight.clients.httpx",
    "urllib3": "inflight.clients.requests",
    "sqlalchemy": "inflight.pools.sqlalchemy",
    "asyncpg": "inflight.pools.asyncpg",
    "psycopg": "inflight.pools.psycopg",
    "psycopg_pool": "inflight.pools.psycopg_pool",
    "redis": "inflight.pools.redis",
}
"""By the module whose import installs it; each has an `install()`."""


def install_hooks() -> None:
    """Install the hook of each library that is imported, or as soon as it is.

    `INFLIGHT_WITHOUT` names libraries to leave alone, with commas between them: `sqlalchemy,requests`.
    A library that the application does not import is not imported here either.
    """
    without = {name.strip() for name in os.environ.get("INFLIGHT_WITHOUT", "").split(",")} - {""}
    names = {library: {library, hook.rpartition(".")[2]} for library, hook in HOOKS.items()}
    wanted = {library for library, either in names.items() if not without & either}
    known = set().union(*names.values())
    if without - known:
        unknown, there_are = (", ".join(sorted(each)) for each in (without - known, known))
        log.warning("INFLIGHT_WITHOUT: %s is no library that is watched; there are %s", unknown, there_are)
    for library in sorted(wanted & sys.modules.keys()):
        install(library)
    if not any(isinstance(finder, Importing) for finder in sys.meta_path):
        sys.meta_path.insert(0, Importing(wanted))


def install(library: str) -> None:
    """Install one library's hook; a fault of it is one line in the log."""
    try:
        import_module(HOOKS[library]).install()
    except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
        log.warning("%s is not watched: %r", library, error)


class Importing(MetaPathFinder):
    """Sees to it that each of the libraries gets its hook when its import is complete."""

    def __init__(self, libraries: set[str]) -> None:
        self._libraries = libraries

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that another finder has, and see to it that its loader installs the hook."""
        if fullname not in self._libraries:
            return None
        found = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            try:
                _afterwards(spec.loader, fullname)
            except AttributeError as error:  # a loader that takes no attribute
                log.warning("%s is not watched: %r", fullname, error)
        return spec


def _afterwards(loader: Loader, library: str) -> None:
    """Have the loader install the hook after it has run the module."""
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module  # the loader is as it was
        execute(module)
        install(library)

    loader.exec_module = exec_module  # type: ignore[method-assign]
