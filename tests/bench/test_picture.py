"""The picture: well-formed, in order, on a scale of ratios."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from bench.picture import picture
from tests.bench.results import results, turns

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**rows: list[dict[str, float]]) -> ET.Element:
    """Return the picture of a run with these rows, parsed."""
    text = picture(results(throughput=rows))
    assert text is not None
    return ET.fromstring(text)


def test_the_fastest_is_on_top() -> None:
    """Sorted by median, whatever the order of measuring."""
    svg = drawn(aiohttp=turns(10), httpx=turns(1), gateway=turns(100))
    labels = [text.text or "" for text in svg.iter(f"{SVG}text") if text.get("class") == "label"]
    assert [label.split()[0] for label in labels] == ["async-gateway,", "aiohttp.web", "FastAPI"]


def test_equal_ratios_are_equal_steps() -> None:
    """From 1,000 to 2,000 is as far as from 2,000 to 4,000."""
    first, second, third = (
        float(circle.get("cx", ""))
        for circle in drawn(nginx=turns(4000), aiohttp=turns(2000), httpx=turns(1000)).iter(f"{SVG}circle")
    )
    assert first - second == pytest.approx(second - third, abs=0.2)
    assert first > second


def test_who_errs_has_no_point() -> None:
    """Words instead, at the bottom."""
    svg = drawn(gateway=turns(10), httpx=turns(90000, errors=1))
    assert len(list(svg.iter(f"{SVG}circle"))) == 1
    assert [text.text for text in svg.iter(f"{SVG}text")][-1] == "errs"


def test_nothing_measured_is_no_picture() -> None:
    """A run of the bursts alone draws nothing."""
    assert picture(results()) is None


def test_all_lies_within_the_picture() -> None:
    """From a slow peer to the load tool's ceiling."""
    svg = drawn(ceiling=turns(61000, 68742), httpx=turns(275, 350))
    width, height = map(float, re.findall(r"[\d.]+", svg.get("viewBox", ""))[2:])
    for text in svg.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", "")) <= width
        assert 0 <= float(text.get("y", "")) <= height
