"""What is chosen at the top of a dashboard that is for anybody's services: data source, job, namespace, service."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from dashboards.board import CHOSEN

LABELS = ("job", "namespace", "service")
CHOSEN_LABELS = ", ".join(f'{label}=~"${label}"' for label in LABELS)
"""The selector of what is chosen; "All" selects also what does not have the label."""
ALL = VariableOption(text="All", value="$__all")


def variables(metric: str, service: str | None = None) -> Iterator[DatasourceVariable | QueryVariable]:
    """Yield the variables: of each label, the values that `metric` has where the labels before it are as chosen.

    `service` is the one that is chosen at first, in place of all.
    """
    yield (
        DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(VariableOption(text="Prometheus", value="prometheus"))
    )
    narrowed: list[str] = []
    for label in LABELS:
        first = VariableOption(text=service, value=service) if service and label == "service" else ALL
        yield _of_label(label, f"{metric}{{{', '.join(narrowed)}}}").current(first)
        narrowed.append(f'{label}=~"${label}"')


def _of_label(label: str, series: str) -> QueryVariable:
    return (
        QueryVariable(label)
        .label(label.capitalize())
        .datasource(CHOSEN)
        .query(f"label_values({series}, {label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .include_all(True)
        .all_value(".*")
    )
