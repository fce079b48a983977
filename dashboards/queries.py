"""What the dashboards ask Prometheus for, in PromQL. `service` is a name, a variable such as `$service`, or a pattern.

Where latencies are compared they are means, not quantiles: of an answer of 1.01 s a quantile knows only that it is in
the bucket from 1 s to 1.1 s, while sum and count are exact.
"""

from __future__ import annotations


def in_flight(service: str) -> str:
    """Ask for the requests inside the application now."""
    return f'service:http_requests_in_flight:sum{{service=~"{service}"}}'


def waiting_by_queue(service: str) -> str:
    """Ask for the requests waiting in each queue now."""
    return f'service_queue:http_requests_waiting:sum{{service=~"{service}"}}'


def stalled(service: str) -> str:
    """Ask for the seconds that the event loop has stood still."""
    return f'service:event_loop_stalled_seconds:max{{service=~"{service}"}}'


def completed(service: str, by: str = "service") -> str:
    """Ask for the requests finished per second."""
    return f"sum by ({by}) ({_rate('http_requests_completed_total', service)})"


def completed_by_code(service: str) -> str:
    """Ask for the same for each status; one that nothing ended with, in all of the time shown, has no line."""
    ended = f'sum by (code) (increase(http_requests_completed_total{{service=~"{service}"}}[$__range])) > 0'
    return f"{completed(service, by='code')} and on (code) ({ended})"


def cpu(service: str) -> str:
    """Ask for the cores in use."""
    return f"sum by (service) ({_rate('process_cpu_seconds_total', service)})"


def errors(service: str) -> str:
    """Ask for the share of 5xx among the answers of the last minute."""
    return f'service:http_requests_errors:ratio_rate1m{{service=~"{service}"}}'


def application_latency(service: str) -> str:
    """Ask for the mean seconds from entering the application to the last byte, of the requests that just ended."""
    return _mean("http_request_duration_seconds", "service", f'service=~"{service}"')


def client_latency(gateway: str) -> str:
    """Ask for the mean seconds from when a request was due until its end, as the sender saw it."""
    return _mean("sender_request_duration_seconds", "gateway", f'gateway=~"{gateway}"')


def wait_by_queue(service: str) -> str:
    """Ask for the mean seconds that a request waited in each queue."""
    return _mean("http_request_wait_seconds", "queue", f'service=~"{service}"')


def upstream_latency(service: str) -> str:
    """Ask for the mean seconds of a call to each upstream."""
    return _mean("http_client_request_duration_seconds", "upstream", f'service=~"{service}"')


def latency_quantile(service: str, quantile: float) -> str:
    """Ask for the seconds within which that share of the requests ended, estimated from the histogram's buckets."""
    return f"histogram_quantile({quantile}, sum by (le) ({_rate('http_request_duration_seconds_bucket', service)}))"


def _rate(metric: str, service: str) -> str:
    return f'rate({metric}{{service=~"{service}"}}[$__rate_interval])'


def _mean(histogram: str, by: str, selector: str) -> str:
    total, count = (
        f"sum by ({by}) (rate({histogram}_{part}{{{selector}}}[$__rate_interval]))" for part in ("sum", "count")
    )
    # Without the comparison it would be 0/0, and a line of NaN, whenever nothing ended.
    return f"{total} / ({count} > 0)"
