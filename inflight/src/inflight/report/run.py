"""A run: what was sent where, what became of it, what the admin ports said meanwhile. It is RUN.json."""

from __future__ import annotations

import platform
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inflight.send.record import Record
from inflight.terminal.errors import CommandError, reason
from inflight.terminal.files import write_file

STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
OLDER = {"inflight-lab/run/1"}
"""Formats whose ledgers mean something else by their entries."""


class Sample(BaseModel):
    """What an admin port said at one moment; `at` is seconds since the target's first request was due.

    A queue that nobody watches is not in `waiting`, and `stalled` is None where no event loop is watched. `blocked` has
    the seconds for which each line of code has held the event loop since the service started.
    """

    model_config = STRICT

    at: float
    in_flight: int
    stalled: float | None
    waiting: dict[str, int]
    blocked: dict[str, float] = Field(default_factory=dict)


class Verdict(BaseModel):
    """Whether a target did what was claimed of it, and a sentence that says so with the figures."""

    model_config = STRICT

    ok: bool
    sentence: str


class TargetRun(BaseModel):
    """What was sent to one target. `about` says in a sentence or two what it is; `text in backticks` becomes code."""

    model_config = STRICT

    name: str
    url: str
    about: str = ""
    requests: list[Record]
    samples: list[Sample] = Field(default_factory=list)
    verdict: Verdict | None = None


class Run(BaseModel):
    """A whole run. Times are seconds. `about` says what was tried; `facts` are what else a reader may want to know."""

    model_config = STRICT

    kind: Literal["inflight/run/2"] = "inflight/run/2"
    started: datetime
    machine: str
    about: str = ""
    facts: dict[str, str] = Field(default_factory=dict)
    targets: list[TargetRun]


def machine() -> str:
    """Return what the run ran on, in words."""
    return f"Python {platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})"


class RunError(CommandError):
    """A file does not hold a run; the text names the file and what is wrong with it."""


def read_run(path: Path) -> Run:
    """Return the run that `path` holds. Raises RunError."""
    try:
        return Run.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}") from error
    except ValidationError as error:
        raise RunError(_complaint(path, error)) from error


def write_run(run: Run, path: Path) -> None:
    """Write `run` to `path` as JSON. Raises FileError."""
    write_file(path, run.model_dump_json(indent=1) + "\n")


def _complaint(path: Path, error: ValidationError) -> str:
    faults = error.errors()
    for fault in faults:
        if fault["loc"] == ("kind",) and str(fault["input"]) in OLDER:
            return f"{path} is of an older format, {fault['input']}, which cannot be read any more: make the run again"
    where = ".".join(ascii(part).strip("'") for part in faults[0]["loc"])  # the file's own words, whatever is in them
    return f"{path} is not a run that inflight wrote: {where or 'the file'}: {faults[0]['msg']}"
