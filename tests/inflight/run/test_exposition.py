"""Several workers' metrics as one text."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from inflight.run.exposition import gauge, labelled, merge

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def _exposition(amount: int, accept: str) -> str:
    registry = CollectorRegistry()
    Counter("c", "A counter.", ["route"], registry=registry).labels('/{id} "x"').inc(amount, {"trace": "a"})
    Gauge("g", "A gauge.", registry=registry).set(amount)
    encode, _ = choose_encoder(accept)
    return encode(registry).decode()


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_each_family_stands_there_once_with_every_workers_samples(accept: str) -> None:
    """In both formats; a parser takes it, exemplars and odd labels included."""
    text = merge([("1", _exposition(1, accept)), ("2", _exposition(2, accept)), (None, gauge("h", "Own.", [("", 3)]))])
    parse = parse_openmetrics if accept == OPENMETRICS else parse_text
    samples = {
        (each.name, each.labels.get("worker"), each.labels.get("route")): each.value
        for family in parse(text)
        for each in family.samples
        if not each.name.endswith("_created")
    }
    route = '/{id} "x"'
    assert samples == {
        ("c_total", "1", route): 1,
        ("c_total", "2", route): 2,
        ("g", "1", None): 1,
        ("g", "2", None): 2,
        ("h", None, None): 3,
    }
    assert text.count("# HELP g ") == 1
    assert text.endswith("# EOF\n") is (accept == OPENMETRICS)


def test_one_workers_metrics_are_as_they_were() -> None:
    """Without a label there is nothing to change."""
    text = _exposition(1, OPENMETRICS)
    assert merge([(None, text), (None, "")]) == text


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("a 1.0", 'a{worker="1"} 1.0'),
        ('a{b="c d"} 1.0', 'a{worker="1",b="c d"} 1.0'),
        ('a_total 1.0 # {trace="x"} 1.0', 'a_total{worker="1"} 1.0 # {trace="x"} 1.0'),
    ],
)
def test_a_sample_gets_its_label(sample: str, expected: str) -> None:
    """Whether or not it has labels; what is in an exemplar's braces is none."""
    assert labelled(sample, "1") == expected


def test_a_gauge_without_samples_is_absent() -> None:
    """Not even its name is there."""
    assert gauge("g", "A gauge.", []) == ""
