"""Reads uvicorn's options: with uvicorn's own command, whichever they are in its version."""

from __future__ import annotations

import inspect
import logging
import sys
from typing import Any

import click
import uvicorn
from uvicorn.main import main as uvicorn_command

from inflight.run.options import OPTIONS

NAME = "inflight run"
SUMMARY = "Serve the ASGI application APP unchanged, and measure it. The options are uvicorn's, and the --admin ones."
RELOADING = ("reload", "reload_dirs", "reload_includes", "reload_excludes")

log = logging.getLogger("inflight")


def read(arguments: list[str]) -> dict[str, Any]:
    """Return what `uvicorn.Config` takes. Raises click.ClickException, and click.exceptions.Exit after `--help`.

    As uvicorn's command does, it puts `--app-dir` at the front of the import path.
    """
    ours = [
        click.Option([name], default=default, show_default=True, help=text, allow_from_autoenv=False)
        for name, default, text in OPTIONS
    ]
    command = click.Command(
        NAME, params=[*uvicorn_command.params, *ours], help=SUMMARY, context_settings=uvicorn_command.context_settings
    )
    with command.make_context(NAME, list(arguments)) as context:
        given = {name: value for name, value in context.params.items() if value is not None and value != ()}
    for option in ours:
        del given[str(option.name)]
    sys.path.insert(0, given.pop("app_dir"))
    if "headers" in given:
        given["headers"] = [header.split(":", 1) for header in given["headers"]]
    known = inspect.signature(uvicorn.Config).parameters
    for name in [name for name in given if name not in known]:
        log.warning("uvicorn's option %s is of a kind that inflight does not know, so it is left out", name)
        del given[name]
    return given


def without_reload(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a worker, for which somebody else watches the files."""
    return {name: value for name, value in options.items() if name not in RELOADING}
