"""The picture: well-formed, in order, nothing outside of it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from bench.picture import picture
from tests.bench.results import cost, results, turns

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**rows: list[dict[str, float]]) -> ET.Element:
    """Return the picture of a run with these rows, parsed."""
    text = picture(results(cost=cost(**rows)))
    assert text is not None
    return ET.fromstring(text)


def test_the_cheapest_is_on_top() -> None:
    """Sorted by median, whatever the order of measuring; the plain service adds nothing and has no row."""
    svg = drawn(plain=turns(100), exporter=turns(180), inflight=turns(110), empty=turns(100))
    labels = [text.text or "" for text in svg.iter(f"{SVG}text") if text.get("class") == "label"]
    assert labels == ["an empty middleware", "inflight run", "starlette_exporter"]


def test_equal_prices_are_equal_steps() -> None:
    """From +10 to +20 is as far as from +20 to +30."""
    svg = drawn(plain=turns(100), inflight=turns(110), exporter=turns(120), transparent=turns(130))
    first, second, third = (float(circle.get("cx", "")) for circle in svg.iter(f"{SVG}circle"))
    assert second - first == pytest.approx(third - second, abs=0.2)
    assert second > first


def test_who_errs_has_no_point() -> None:
    """Words instead, at the bottom."""
    svg = drawn(plain=turns(100), inflight=turns(110), exporter=turns(1, errors=1))
    assert len(list(svg.iter(f"{SVG}circle"))) == 1
    assert [text.text for text in svg.iter(f"{SVG}text")][-1] == "errs"


def test_nothing_measured_is_no_picture() -> None:
    """A run of the bursts alone draws nothing."""
    assert picture(results()) is None


def test_all_lies_within_the_picture() -> None:
    """From one that is below nothing to one that costs a millisecond."""
    svg = drawn(plain=turns(100, 100), empty=turns(95, 104), transparent=turns(900, 1400))
    width, height = map(float, re.findall(r"[\d.]+", svg.get("viewBox", ""))[2:])
    for text in svg.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "")) <= width
        assert 0 <= float(text.get("y", "")) <= height
