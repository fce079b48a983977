"""One query of a panel, and the name of what it returns."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode


@dataclass(frozen=True)
class Line:
    """One query; `name` is a name, or a template such as `{{queue}}`."""

    name: str
    expr: str


def over_time(ref_id: str, line: Line) -> prometheus.Dataquery:
    """Return a query for the whole time that is shown."""
    return _query(ref_id, line).range()


def now(ref_id: str, line: Line) -> prometheus.Dataquery:
    """Return a query for the end of the time that is shown."""
    return _query(ref_id, line).instant()


def table(ref_id: str, line: Line) -> prometheus.Dataquery:
    """Return a query whose labels become columns."""
    return now(ref_id, line).format(PromQueryFormat.TABLE)


def buckets(ref_id: str, line: Line) -> prometheus.Dataquery:
    """Return a query for a histogram's buckets, which Grafana subtracts from each other."""
    return over_time(ref_id, line).format(PromQueryFormat.HEATMAP)


def _query(ref_id: str, line: Line) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery().ref_id(ref_id).expr(line.expr).legend_format(line.name).editor_mode(QueryEditorMode.CODE)
    )
