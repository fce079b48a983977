"""The report as a real browser shows it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inflight.report.page import write_report
from inflight.report.run import Run
from inflight.report.words import duration
from tests.inflight.report.browser import HAS_BROWSER, Browser, open_browser
from tests.inflight.report.runs import EVIL, async_gateway, lost, request, run_of, sent_to, sync_gateway

pytestmark = pytest.mark.long

if not HAS_BROWSER:
    pytest.skip("needs a browser: apt-get install chromium chromium-driver", allow_module_level=True)

Show = Callable[[Run], Browser]
PIXEL = 1.5
"""How far two edges that are one may lie apart: a line's width, and rounding."""

DRAWN_BARS = """
const chart = document.querySelector(`[data-chart=timeline][data-target="${arguments[0]}"]`);
return [...chart.querySelectorAll('.barlayer .trace')].flatMap(trace =>
  [...trace.querySelectorAll('.point')].map(point => {
    const box = point.querySelector('path').getBoundingClientRect();
    return {entry: trace.__data__[0].trace.meta, row: point.__data__.p,
            left: box.left, right: box.right, top: box.top, bottom: box.bottom};
  }));
"""
LABELS = "[...document.querySelectorAll('.textpoint')]"
TIMELINES = "[...document.querySelectorAll('[data-chart=timeline]')]"
RIGHTMOST = "Math.max(...[...document.querySelectorAll('.main-svg')].map(svg => svg.getBoundingClientRect().right))"
FITS = f"{RIGHTMOST} > innerWidth * 0.8 && {RIGHTMOST} <= innerWidth"
OVERHANG = "[document.documentElement, document.querySelector('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
INK = "return getComputedStyle(document.querySelector('.chart .xtick text')).fill"
PAPER = "return getComputedStyle(document.body).backgroundColor"


DEMO = run_of(sync_gateway(4), async_gateway(4))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Show:
    """Write a run's report and open it, unless it is open already."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    last: list[Run] = []

    def show(run: Run) -> Browser:
        if last[-1:] != [run]:
            write_report(run, path)
            browser.open_report(path)
            last.append(run)
        return browser

    return show


@pytest.fixture
def show(browser: Browser, opened: Show) -> Iterator[Show]:
    """Show a run's report; at the end nothing was complained of, and nothing was asked of the network."""
    yield opened
    assert browser.errors() == []
    assert browser.outside_requests() == []


def drawn(browser: Browser, gateway: str, entry: str) -> list[dict[str, Any]]:
    """Return the boxes, in pixels, of an entry's parts of the bars as they are drawn, from the first row down."""
    bars = [bar for bar in browser.run(DRAWN_BARS, gateway) if bar["entry"] == entry]
    return sorted(bars, key=lambda bar: int(bar["row"]))


def test_the_browser_sees_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    """A page that does what a report must not do is caught: a console error, and a request to the network."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><script>console.error('wrong')</script><img src='http://127.0.0.1:9/x.png'>")
    browser.open(page)
    assert any("wrong" in error for error in browser.errors())
    assert browser.outside_requests() == ["http://127.0.0.1:9/x.png"]


def test_sync_bars_follow_one_another(show: Show) -> None:
    """The sync gateway's tasks reach the backend one after another, each when the one before is done."""
    browser = show(DEMO)
    bars = drawn(browser, "sync-gateway", "upstream")
    assert len(bars) == 4
    for bar, after in pairwise(bars):
        assert after["top"] > bar["bottom"]
        assert after["left"] == pytest.approx(bar["right"], abs=PIXEL)
    waits = drawn(browser, "sync-gateway", "kernel")
    assert [wait["right"] for wait in waits] == [pytest.approx(bar["left"], abs=PIXEL) for bar in bars[1:]]


def test_async_bars_overlap(show: Show) -> None:
    """The async gateway's tasks are all at the backend at once."""
    browser = show(DEMO)
    bars = drawn(browser, "async-gateway", "upstream")
    assert len(bars) == 4
    for bar, after in pairwise(bars):
        assert after["top"] > bar["bottom"]
        assert after["left"] == pytest.approx(bar["left"], abs=PIXEL)
        assert after["right"] == pytest.approx(bar["right"], abs=PIXEL)


def test_gateways_are_drawn_to_one_scale(show: Show) -> None:
    """The same delay is as wide in every gateway's timeline, so that lengths can be compared down the page."""
    browser = show(DEMO)
    widths = {
        gateway: [bar["right"] - bar["left"] for bar in drawn(browser, gateway, "upstream")]
        for gateway in ("sync-gateway", "async-gateway")
    }
    assert widths["sync-gateway"][0] > 200
    assert widths["async-gateway"] == [pytest.approx(width, abs=PIXEL) for width in widths["sync-gateway"]]


@pytest.mark.parametrize("seconds", [4.0309246, 2.7182814, 0.0001235])
def test_every_bar_has_its_time_beside_it(show: Show, seconds: float) -> None:
    """The longest bar's label is drawn too, although the axis ends there."""
    browser = show(run_of(sent_to([request("task1", upstream=seconds), request("task2", upstream=seconds / 3)])))
    labels = browser.run(
        f"return {LABELS}.filter(label => label.getBoundingClientRect().width).map(label => label.textContent.trim())"
    )
    assert labels == [duration(seconds), duration(seconds / 3)]


def test_zooming_one_timeline_zooms_all(show: Show) -> None:
    """The timelines keep one time axis when the reader zooms into one of them."""
    browser = show(DEMO)
    zoom = f"Plotly.relayout({TIMELINES}[arguments[0]], {{'xaxis.range': arguments[1]}})"
    ranges = f"return {TIMELINES}.map(chart => chart.layout.xaxis.range)"
    before = browser.run(ranges)
    assert before[0] == before[1]
    browser.run(zoom, 0, [1, 2])
    browser.until(ranges, [[1, 2], [1, 2]])
    browser.run(zoom, 1, before[0])
    browser.until(ranges, before)


def test_a_lost_request_is_told_in_words(show: Show) -> None:
    """A request that got no response is one unexplained bar with its outcome beside it."""
    browser = show(run_of(sent_to([request("task1", upstream=1.0), lost("task2", 5.0)])))
    assert len(drawn(browser, "elsewhere", "unexplained")) == 1
    assert "✗ timeout, 5.000 s" in browser.run("return document.querySelector('.chart').textContent")


def test_names_from_outside_are_shown_as_they_are(show: Show) -> None:
    """A name that looks like markup is read, not run."""
    browser = show(run_of(sent_to([request(EVIL, upstream=1.0)], EVIL)))
    assert browser.run("return document.images.length") == 0
    assert browser.run("return document.querySelector('tbody th[scope=row]').textContent") == EVIL
    assert browser.run("return document.querySelector('.chart .ytick').textContent") == EVIL[:23] + "…"


def test_light_dark_and_paper(show: Show) -> None:
    """Page and charts follow the reader's colour scheme, and are dark on white when printed."""
    browser = show(DEMO)
    colours = {}
    for scheme, medium in (("light", "screen"), ("dark", "screen"), ("dark", "print")):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.command("Emulation.setEmulatedMedia", media=medium, features=features)
        colours[scheme, medium] = browser.run(INK), browser.run(PAPER)
    browser.command("Emulation.setEmulatedMedia", media="", features=[])
    assert colours["light", "screen"] == ("rgb(27, 31, 36)", "rgb(255, 255, 255)")
    assert colours["dark", "screen"] == ("rgb(232, 235, 238)", "rgb(20, 24, 29)")
    assert colours["dark", "print"] == colours["light", "screen"]


@pytest.mark.parametrize("width", [1280, 1920])
def test_a_laptop_needs_no_sideways_scrolling(show: Show, width: int) -> None:
    """On a window of this width everything fits."""
    browser = show(DEMO)
    own = browser.run("return innerWidth")
    browser.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.until(f"return innerWidth === {width} && {FITS}", wanted=True)
    assert browser.run(f"return {OVERHANG}") == [0, 0]
    browser.command("Emulation.clearDeviceMetricsOverride")
    browser.until(f"return innerWidth === {own} && {FITS}", wanted=True)


def test_charts_fit_on_paper(show: Show) -> None:
    """For printing, the charts take A4's width and one shape per entry; afterwards all is as it was."""
    browser = show(DEMO)
    look = (
        "return [Math.max(...[...document.querySelectorAll('.main-svg')].map(svg => svg.clientWidth)),"
        " document.querySelectorAll('.merged').length]"
    )
    before = browser.run(look)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(look) == [700, 4 + 5]
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(look) == before


def test_hundreds_of_tasks_can_be_read_and_printed(show: Show) -> None:
    """200 tasks each have a bar of their own; printing them ends, which it does not with a hatching for every part."""
    browser = show(run_of(sync_gateway(200)))
    bars = drawn(browser, "sync-gateway", "upstream")
    assert len(bars) == 200
    assert all(after["top"] >= bar["bottom"] - PIXEL for bar, after in pairwise(bars))
    pdf = base64.b64decode(browser.command("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF-")


def test_a_long_run(show: Show) -> None:
    """Of 10,000 requests the picture has 200, and says so."""
    browser = show(run_of(sent_to([request(f"task{n}", due=n / 200, upstream=0.01) for n in range(10_000)])))
    assert len(drawn(browser, "elsewhere", "upstream")) == 200
    assert "Of 10,000 requests this shows 200" in browser.run("return document.body.innerText")


def test_an_empty_run(show: Show) -> None:
    """A run without a request is a page without a picture, and nothing is wrong with it."""
    browser = show(run_of(sent_to([])))
    assert browser.run("return document.querySelectorAll('[data-chart]').length") == 0
