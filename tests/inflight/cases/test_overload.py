"""A faultless service that is asked for more than one processor can do: requests wait, and no line is to blame."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inflight.run.service import serving

pytestmark = pytest.mark.long

AT_ONCE = 300
SERVICE = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/sum/{number}")
async def total(number: int) -> dict[str, int]:
    return {"sum": sum(range(number))}
"""


def test_overload_has_no_culprit(tmp_path: Path) -> None:
    """Each request takes some milliseconds of the loop; together they make all wait, and none of them is the reason."""
    (tmp_path / "busy.py").write_text(SERVICE)
    with serving("busy:app", folder=tmp_path) as service:
        responses = [call.result() for call in service.at_once(AT_ONCE, "/sum/300000")]
        metrics = service.metrics()
    assert {response.status for response in responses} == {200}
    assert max(response.timing.get("kernel", 0) + response.timing["loop"] for response in responses) > 0.05
    named = [each.labels for each in metrics.samples if each.name == "event_loop_blocked_seconds_total"]
    assert [labels for labels in named if "busy.py" in labels["where"]] == []
