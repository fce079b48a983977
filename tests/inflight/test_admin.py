"""The admin port."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Metric, generate_latest
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

from inflight.admin import AdminServer, PortError
from inflight.telemetry import Telemetry


def parse_openmetrics(text: str) -> list[Metric]:
    """Return the families of a text in OpenMetrics, by prometheus-client's own strict parser."""
    return list(openmetrics_parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


@dataclass
class Admin:
    """A running admin server, and what its probes are told to say."""

    server: AdminServer
    trouble: dict[str, str | None]

    def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        request = Request(f"http://127.0.0.1:{self.server.port}{path}", headers=headers)
        try:
            with urlopen(request, timeout=10) as response:
                return response.status, response.headers["Content-Type"], response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()


@pytest.fixture
def admin() -> Iterator[Admin]:
    """An admin server on a free port, with a registry that holds something."""
    registry = CollectorRegistry()
    Counter("apples_total", "Apples.", registry=registry).inc(3)
    trouble: dict[str, str | None] = {"livez": None, "readyz": None}
    server = AdminServer("127.0.0.1", 0, registry, alive=lambda: trouble["livez"], ready=lambda: trouble["readyz"])
    server.start()
    yield Admin(server, trouble)
    server.close()


def test_metrics_in_prometheus_text(admin: Admin) -> None:
    """What a browser, or an old Prometheus, gets."""
    status, content_type, text = admin.get("/metrics")
    assert status == 200
    assert content_type.startswith("text/plain")
    assert [family.name for family in parse_text(text)] == ["apples", "apples_created"]


def test_metrics_in_openmetrics_when_asked_for(admin: Admin) -> None:
    """What a new Prometheus asks for in `Accept`."""
    _, content_type, text = admin.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert [family.name for family in parse_openmetrics(text)] == ["apples"]


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=x.y", "*/*", ",;,;q=", "text/plain;version=9"]
)
def test_no_accept_header_breaks_it(admin: Admin, accept: str) -> None:
    """Whatever a scraper accepts, it is answered."""
    status, _, text = admin.get("/metrics", Accept=accept)
    assert status == 200
    assert "apples_total 3.0" in text


@pytest.mark.parametrize("probe", ["livez", "readyz"])
def test_probes_say_what_is_wrong(admin: Admin, probe: str) -> None:
    """200 while all is well, else 503 with the reason."""
    assert admin.get(f"/{probe}")[0] == 200
    admin.trouble[probe] = "draining"
    assert admin.get(f"/{probe}") == (503, "text/plain; charset=utf-8", "draining\n")


def test_what_fails_says_so_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """A collector, or a probe, with a fault: a pod must not be killed for it without a word."""

    class Fails:
        def collect(self) -> list[Metric]:
            raise LookupError("a collector's fault")

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Fails())
    server = AdminServer("127.0.0.1", 0, registry, alive=lambda: str(1 / 0))
    server.start()
    admin = Admin(server, {})
    try:
        for path in ("/metrics", "/livez"):
            assert admin.get(path) == (500, "text/plain; charset=utf-8", "it failed; the log says why\n")
        assert admin.get("/readyz")[0] == 200
    finally:
        server.close()
    assert "LookupError: a collector's fault" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", ["/", "/metrics/", "/task1", "/../metrics", "/docs", "/favicon.ico"])
def test_nothing_else_is_served(admin: Admin, path: str) -> None:
    """The admin port has three paths."""
    assert admin.get(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_only_reading_is_allowed(admin: Admin, method: str) -> None:
    """Other methods are refused, and change nothing."""
    request = Request(f"http://127.0.0.1:{admin.server.port}/metrics", method=method)
    with pytest.raises(HTTPError) as refused:
        urlopen(request, timeout=10)
    with refused.value:
        assert refused.value.code == 405
        assert refused.value.headers["Allow"] == "GET, HEAD"


def test_head_is_get_without_a_body(admin: Admin) -> None:
    """A probe may ask for the head alone."""
    request = Request(f"http://127.0.0.1:{admin.server.port}/metrics", method="HEAD")
    with urlopen(request, timeout=10) as response:
        assert response.status == 200
        assert response.read() == b""


def test_a_client_that_sends_nothing_holds_up_nobody(admin: Admin) -> None:
    """Each connection has a thread of its own."""
    with socket.create_connection(("127.0.0.1", admin.server.port)) as silent:
        silent.sendall(b"GET /met")
        assert admin.get("/metrics")[0] == 200


def test_a_taken_port_is_named_at_once(admin: Admin) -> None:
    """The constructor fails, in the caller's thread, with a line for the user."""
    with pytest.raises(PortError, match=f"127.0.0.1:{admin.server.port}: the port is in use; set ADMIN_PORT"):
        AdminServer("127.0.0.1", admin.server.port, CollectorRegistry())


def test_closing_frees_the_port() -> None:
    """Even before it was started."""
    server = AdminServer("127.0.0.1", 0, CollectorRegistry())
    port = server.port
    server.close()
    again = AdminServer("127.0.0.1", port, CollectorRegistry())
    again.start()
    again.close()


def test_a_real_parser_takes_all_of_the_telemetry() -> None:
    """Every metric of the telemetry is well-formed in both formats, and none lands in the global registry."""
    telemetry = Telemetry()
    telemetry.live.stalled = lambda: 0.0
    server = AdminServer("127.0.0.1", 0, telemetry.registry)
    server.start()
    admin = Admin(server, {})
    try:
        text = {family.name for family in parse_text(admin.get("/metrics")[2])}
        openmetrics = {
            family.name for family in parse_openmetrics(admin.get("/metrics", Accept="application/openmetrics-text")[2])
        }
    finally:
        server.close()
    expected = {
        "http_requests_in_flight",
        "http_requests_completed",
        "http_request_duration_seconds",
        "http_requests_waiting",
        "http_request_wait_seconds",
        "http_client_requests_in_flight",
        "http_client_request_duration_seconds",
        "event_loop_stalled_seconds",
        "event_loop_lag_seconds",
        "process_cpu_seconds",
        "python_info",
    }
    assert expected <= text
    assert expected <= openmetrics | {"python_info"}  # an info metric's family is called python there
    assert "http_" not in generate_latest(REGISTRY).decode()


def test_it_listens_on_an_ipv6_address() -> None:
    """As the service's own port does."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = AdminServer("::1", 0, CollectorRegistry())
    server.start()
    with urlopen(f"http://[::1]:{server.port}/livez", timeout=10) as response:
        assert response.status == 200
    server.close()
