"""The sender as a service: a burst of tasks to every target, every so often, until a signal stops it."""

from __future__ import annotations

import asyncio
import signal
import sys
from time import monotonic

from prometheus_client import CollectorRegistry, disable_created_metrics

from inflight.admin import AdminServer, PortError
from inflight.process import about_the_process
from inflight.send.metrics import SenderMetrics
from inflight.send.record import Record
from inflight.send.schedule import at_once
from inflight.send.sender import TASK, Sender, Target
from services.sender.ready import until_ready
from services.serving.logs import Log
from services.serving.settings import USAGE_ERROR, SenderSettings, SettingsError, read_settings


def run() -> None:
    """Read the settings, serve the metrics, send bursts until SIGTERM or SIGINT.

    Exits with a line on standard error for each bad setting, or for a port that is taken.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    about_the_process(registry)
    try:
        settings = read_settings(SenderSettings)
        admin = AdminServer(settings.host, settings.admin_port, registry)
    except (SettingsError, PortError) as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE_ERROR)
    log = Log(settings.log_level, settings.log_format)
    log.start()
    admin.start()
    try:
        asyncio.run(_bursts(settings, SenderMetrics(registry)))
    finally:
        admin.close()
    log.finish()


async def _bursts(settings: SenderSettings, metrics: SenderMetrics) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        for name, url in settings.targets.items():
            target = Target(name, f"{str(url).rstrip('/')}/{TASK}?delay={settings.delay:g}")
            probe = Target(name, f"{str(url).rstrip('/')}/{TASK}?delay=0")
            group.create_task(_to_one(Sender(target, settings.timeout, metrics), probe, settings, stop))


async def _to_one(sender: Sender, probe: Target, settings: SenderSettings, stop: asyncio.Event) -> None:
    """Send a burst every `EVERY` seconds; one that takes longer does not hold back the next."""
    bursts: set[asyncio.Task[list[Record]]] = set()
    if settings.wait_for_targets:
        await until_ready(probe, settings.wait_for_targets, stop)
    due = monotonic()
    while not stop.is_set():
        burst = asyncio.create_task(sender.send(at_once(settings.tasks)))
        bursts.add(burst)
        burst.add_done_callback(bursts.discard)
        due += settings.every
        try:
            await asyncio.wait_for(stop.wait(), due - monotonic())
        except TimeoutError:
            continue
    for burst in bursts:
        burst.cancel()
    await asyncio.gather(*bursts)
