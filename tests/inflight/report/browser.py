"""A real headless Chromium, which opens files and remembers what went wrong and what was asked of the network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
HAS_BROWSER = CHROMIUM is not None and DRIVER is not None
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)
DRAWN_WITHIN = 60.0
"""Seconds that a busy machine may take to draw a report."""


class Browser:
    """Chromium with one window."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, path: Path) -> None:
        """Open a file, and forget what was said and asked before."""
        self.driver.get("about:blank")
        self.errors()
        self.outside_requests()
        self.driver.get(path.as_uri())

    def open_report(self, path: Path) -> None:
        """Open a report and wait until all of its charts are drawn."""
        self.open(path)
        self.until("return 'drawn' in document.documentElement.dataset", wanted=True)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns that runs in the page."""
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str, wanted: Any) -> None:
        """Wait until a script returns what is wanted; fail, saying what it returns, when it never does."""
        end = monotonic() + DRAWN_WITHIN
        while (response := self.run(script)) != wanted:
            assert monotonic() < end, f"{script} is {response!r}, not {wanted!r}"
            sleep(0.05)

    def command(self, name: str, **parameters: Any) -> Any:
        """Return the response to a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def errors(self) -> list[str]:
        """Return what the console complained of since the last time this was asked."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]  # type: ignore[no-untyped-call]

    def outside_requests(self) -> list[str]:
        """Return the URLs that were asked of the network since the last time this was asked."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]  # type: ignore[no-untyped-call]
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("file:", "data:", "blob:", "about:"))]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a browser, and end it."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
