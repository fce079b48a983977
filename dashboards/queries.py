"""What the dashboards ask Prometheus for, in PromQL.

`chosen` is what stands between the braces of a selector, such as `service="backend"`; `by` names the labels that the
values are kept apart by, and "" adds everything up. Only what the services export is asked for, no recording rule: so
the queries hold for anybody's Prometheus.

Where latencies are compared they are means, not quantiles: of a response after 1.01 s a quantile knows only that it is
in the bucket from 1 s to 1.1 s, while sum and count are exact.
"""

from __future__ import annotations

INTERVAL = "$__rate_interval"
"""Four scrapes, as Grafana knows them from the data source: shorter ones would leave gaps."""
QUICK = "4s"
"""The same, for numbers of the last minute: `$__rate_interval` grows with the time that is shown."""
MINUTE = "[1m:1s]"
SECONDS = {"1m": "60", "$__range": "$__range_s"}
"""The windows in which a counter's growth is asked for."""


def in_flight(chosen: str, by: str = "") -> str:
    """Ask for the requests inside the application now."""
    return f"sum by ({by}) (http_requests_in_flight{{{chosen}}})"


def waiting(chosen: str, by: str = "") -> str:
    """Ask for the requests that wait in a queue now."""
    return f"sum by ({by}) (http_requests_waiting{{{chosen}}})"


def most_waiting(chosen: str) -> str:
    """Ask for the most requests that waited at the same time in the last minute."""
    return f"max_over_time({waiting(chosen)}{MINUTE})"


def stalled(chosen: str, by: str = "") -> str:
    """Ask for the seconds for which the event loop has stood still, in the process where it is worst."""
    return f"max by ({by}) (event_loop_stalled_seconds{{{chosen}}})"


def held(chosen: str, window: str, by: str) -> str:
    """Ask for the seconds for which lines of code held the event loop."""
    return _grown("event_loop_blocked_seconds_total", chosen, window, by)


def waited_for(chosen: str, window: str, by: str) -> str:
    """Ask for the requests that waited for lines of code that held the event loop."""
    return _grown("event_loop_blocked_requests_total", chosen, window, by)


def blocked_by(chosen: str) -> str:
    """Ask for the line of code that held the event loop for longest in the last minute, in the label `where`.

    The file is without its folders, with which a column would not hold it. Where no line is known: `nobody` as long as
    the alert EventLoopBlocked would not fire, else `an unknown line`.
    """
    held_longest = f"topk(1, {held(chosen, '1m', by='where')})"
    worst = f'label_replace({held_longest}, "where", "$1", "where", "[^: ]*/(.+)")'
    stood_still = f"max_over_time(max by () (avg_over_time(event_loop_stalled_seconds{{{chosen}}}[10s])){MINUTE})"
    nobody = f'label_replace({stood_still} < 0.2, "where", "nobody", "", "")'
    unknown = f'label_replace({stood_still}, "where", "an unknown line", "", "")'
    return f"{worst} or on () {nobody} or on () {unknown}"


def completed(chosen: str, by: str = "") -> str:
    """Ask for the requests completed per second."""
    return f"sum by ({by}) (rate(http_requests_completed_total{{{chosen}}}[{INTERVAL}]))"


def completed_by_code(chosen: str) -> str:
    """Ask for the same for each status; one that nothing ended with, in all of the time shown, has no line."""
    ended = f"sum by (code) (increase(http_requests_completed_total{{{chosen}}}[$__range])) > 0"
    return f"{completed(chosen, by='code')} and on (code) ({ended})"


def errors(chosen: str) -> str:
    """Ask for the share of 5xx among the responses; absent while nothing ends, 0 while all is well."""
    everything = completed(chosen)
    failed = completed(f'{chosen}, code=~"5.."')
    return f"({failed} or 0 * {everything}) / ({everything} > 0)"


def cpu(chosen: str, by: str = "") -> str:
    """Ask for the processor cores in use."""
    return f"sum by ({by}) (rate(process_cpu_seconds_total{{{chosen}}}[{INTERVAL}]))"


def application_latency(chosen: str, by: str = "", window: str = INTERVAL) -> str:
    """Ask for the mean seconds from entering the application to the last byte, of the requests that just ended."""
    return _mean("http_request_duration_seconds", chosen, by, window)


def client_latency(chosen: str, by: str = "", window: str = INTERVAL) -> str:
    """Ask for the mean seconds from when a request was due until its end, as the sender saw it."""
    return _mean("sender_request_duration_seconds", chosen, by, window)


def slowest(latency: str) -> str:
    """Ask for the highest value of a latency in the last minute."""
    return f"max_over_time(({latency}){MINUTE})"


def wait_by_queue(chosen: str) -> str:
    """Ask for the mean seconds that a request waited in each queue."""
    return _mean("http_request_wait_seconds", chosen, "queue")


def upstream_latency(chosen: str) -> str:
    """Ask for the mean seconds of a call to an upstream."""
    return _mean("http_client_request_duration_seconds", chosen)


def latency_quantile(chosen: str, quantile: float) -> str:
    """Ask for the seconds within which that share of the requests ended, estimated from the histogram's buckets."""
    buckets = f"rate(http_request_duration_seconds_bucket{{{chosen}}}[{INTERVAL}])"
    return f"histogram_quantile({quantile}, sum by (le) ({buckets}))"


def latency_buckets(chosen: str) -> str:
    """Ask for how many of the requests that just ended took at most as long as each bucket's bound."""
    return f"sum by (le) (increase(http_request_duration_seconds_bucket{{{chosen}}}[{INTERVAL}]))"


def firing(chosen: str) -> str:
    """Ask for the alerts that fire."""
    return f'max by (alertname) (ALERTS{{{chosen}, alertstate="firing"}})'


def _grown(counter: str, chosen: str, window: str, by: str) -> str:
    """Ask for a counter's growth, where it grew.

    `increase` alone does not see a series' first value: the whole of a stall that was the line's first. It is growth
    only where the process is younger than the window, or was known before it: else it is of all its life.
    """
    series, start = f"{counter}{{{chosen}}}", f"process_start_time_seconds{{{chosen}}}"
    known = f"({start} offset {window} or {start} >= time() - {SECONDS[window]})"
    first = f"({series} unless {series} offset {window}) and on (job, instance, worker) {known}"
    return f"sum by ({by}) (({first}) or increase({series}[{window}])) > 0"


def _mean(histogram: str, chosen: str, by: str = "", window: str = INTERVAL) -> str:
    total, count = (f"sum by ({by}) (rate({histogram}_{part}{{{chosen}}}[{window}]))" for part in ("sum", "count"))
    # Without the comparison it would be 0/0, and a line of NaN, whenever nothing ended.
    return f"{total} / ({count} > 0)"
