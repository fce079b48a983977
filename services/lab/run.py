"""A run: what was sent to which gateways, what became of it, what the admin ports said meanwhile. It is RUN.json."""

from __future__ import annotations

import platform
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.lab.errors import LabError, reason
from services.lab.files import write_file
from services.sender.record import Record


class Sample(BaseModel):
    """What an admin port said at one moment; `at` is seconds since the gateway's first request was due."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    at: float
    in_flight: int
    stalled: float
    waiting: dict[str, int]


class Verdict(BaseModel):
    """Whether a gateway did what the lab claims of it, and a sentence that says so with the figures."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    ok: bool
    sentence: str


class GatewayRun(BaseModel):
    """What was sent to one gateway (or to any other URL, then without mode, samples and verdict)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    url: str
    mode: Literal["sync", "threadpool", "async"] | None = None
    requests: list[Record]
    samples: list[Sample] = Field(default_factory=list)
    verdict: Verdict | None = None


class Run(BaseModel):
    """A whole run. Times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["inflight-lab/run/1"] = "inflight-lab/run/1"
    started: datetime
    machine: str
    delay: float | None = None
    gateways: list[GatewayRun]


def machine() -> str:
    """Return what the run ran on, in words."""
    return f"Python {platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})"


class RunError(LabError):
    """A file does not hold a run; the text names the file and what is wrong with it."""


def read_run(path: Path) -> Run:
    """Return the run that `path` holds. Raises RunError."""
    try:
        return Run.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(ascii(part).strip("'") for part in first["loc"])  # the file's own words, whatever is in them
        raise RunError(f"{path} is not a run that inflight wrote: {where or 'the file'}: {first['msg']}") from error


def write_run(run: Run, path: Path) -> None:
    """Write `run` to `path` as JSON. Raises FileError."""
    write_file(path, run.model_dump_json(indent=1) + "\n")
