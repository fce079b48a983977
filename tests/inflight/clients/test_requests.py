"""requests' and urllib3's calls and waits, on a real server."""

from __future__ import annotations

import gc
import pickle
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from inflight import upstream
from tests.eventually import eventually
from tests.inflight.upstream import Upstream
from tests.inflight.watching import Watching


@pytest.fixture(autouse=True)
def installed(hook: Callable[[str], None]) -> None:
    """The hook, as from the service's start on."""
    hook("clients.requests")


def blocking_session() -> requests.Session:
    """Return a session with one connection, for which others wait."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=1, pool_block=True))
    return session


def test_a_call_is_counted_by_host(watching: Watching, server: Upstream) -> None:
    """A pool that does not block has no queue, and says nothing of one."""
    with watching.request() as ledger:
        assert requests.get(server.url, timeout=10).content == b"xx"
    assert watching.all_calls() == {(server.name, "ok"): 1}
    assert watching.waiting() is None
    assert ledger.spent.keys() == {"upstream"}
    assert watching.at_rest()


def test_a_pool_that_blocks_is_a_queue(watching: Watching, server: Upstream) -> None:
    """Two threads and one connection: the second waits for the pool, and not for the upstream."""
    began = time.perf_counter()
    with blocking_session() as session, ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(session.get, f"{server.url}/held", timeout=15) for _ in range(2)]
        eventually(watching.waiting, 1)
        time.sleep(0.1)  # so that the wait is long enough to be seen
        server.release()
        assert [call.result().status_code for call in calls] == [200, 200]
    assert watching.calls(server.name) == watching.waits() == 2
    assert watching.waited() >= 0.1
    assert watching.took(server.name) + watching.waited() <= 2 * (time.perf_counter() - began)
    assert watching.at_rest()


def test_calls_that_fail_say_how(watching: Watching, server: Upstream) -> None:
    """A timeout, a server that is not there, one that breaks off, one that is at fault."""
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/held", timeout=0.05)
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/", timeout=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.url}/cut", timeout=10)
    requests.get(f"{server.url}/?status=503", timeout=10)
    assert watching.all_calls() == {
        (server.name, "timeout"): 1,
        ("127.0.0.1:1", "error"): 1,
        (server.name, "error"): 2,
    }
    assert watching.at_rest()


def test_a_call_ends_with_its_body(watching: Watching, server: Upstream) -> None:
    """The headers alone are not the end of it."""
    with requests.get(f"{server.url}/begun", timeout=15, stream=True) as response:
        body = response.iter_content(100)
        assert next(body) == b"x" * 100
        assert watching.open_calls() == 1
        server.release()
        assert list(body) == [b"x" * 100]
        assert watching.open_calls() == 0
    assert watching.all_calls() == {(server.name, "ok"): 1}


@pytest.mark.parametrize("path", ["begun", "chunked"])
def test_the_programs_own_work_between_two_reads_is_no_time_of_the_upstreams(
    watching: Watching, server: Upstream, path: str
) -> None:
    """The call goes on meanwhile, and holds its connection."""
    with watching.request() as ledger:
        began = time.perf_counter()
        with requests.get(f"{server.url}/{path}", timeout=15, stream=True) as response:
            time.sleep(0.2)
            body = response.iter_content(100)
            assert next(body) == b"x" * 100
            time.sleep(0.2)
            assert watching.open_calls() == 1
            server.release()
            assert list(body) == [b"x" * 100]
        took = time.perf_counter() - began
    assert 0 < ledger.spent["upstream"] < took - 0.39
    assert watching.took(server.name) < took - 0.39
    assert watching.at_rest()


def test_a_body_that_nobody_reads_ends_its_call(watching: Watching, server: Upstream) -> None:
    """Closed, or forgotten."""
    requests.get(f"{server.url}/begun", timeout=15, stream=True).close()
    requests.get(f"{server.url}/begun", timeout=15, stream=True)
    gc.collect()
    assert watching.all_calls() == {(server.name, "ok"): 2}
    assert watching.at_rest()


def test_retries_and_redirects_are_what_urllib3_makes_of_them(watching: Watching, server: Upstream) -> None:
    """A retry inside of urllib3 is part of its call; a redirect of requests is a call of its own."""
    pool = urllib3.PoolManager()
    retries = urllib3.Retry(2, status_forcelist=[503], raise_on_status=False, allowed_methods=None)
    assert pool.request("GET", f"{server.url}/?status=503", retries=retries).status == 503
    assert server.seen == 3
    assert watching.all_calls() == {(server.name, "error"): 1}
    requests.get(f"{server.url}/redirect", timeout=10)
    assert watching.calls(server.name) == 2
    assert watching.at_rest()


def test_urllib3_alone_is_watched_too(watching: Watching, server: Upstream) -> None:
    """With its body preloaded or not, and named by the program where it likes."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", server.port, block=True)
    assert pool.request("GET", "/").data == b"xx"
    assert pool.request("GET", "/", preload_content=False).read() == b"xx"
    with upstream("billing"):
        pool.request("GET", "/")
    assert watching.all_calls() == {(server.name, "ok"): 2, ("billing", "ok"): 1}
    assert watching.waits() == 3
    pool.close()


def test_an_empty_pool_is_no_fault_of_the_upstreams(watching: Watching, server: Upstream) -> None:
    """urllib3 raises what it raises, and the wait is in the pool."""
    with ThreadPoolExecutor(1) as threads:
        pool = urllib3.HTTPConnectionPool("127.0.0.1", server.port, block=True)
        first = threads.submit(pool.request, "GET", "/held", timeout=15)
        eventually(lambda: server.seen, 1)
        with pytest.raises(urllib3.exceptions.EmptyPoolError):
            pool.urlopen("GET", "/", pool_timeout=0.1)  # type: ignore[arg-type]
        server.release()
        first.result()
    assert watching.all_calls() == {(server.name, "ok"): 1, (server.name, "no_connection"): 1}
    assert watching.waited() >= 0.1
    assert watching.at_rest()
    pool.close()


def test_a_session_can_be_pickled(watching: Watching, server: Upstream) -> None:
    """As it can without a hook."""
    session = pickle.loads(pickle.dumps(blocking_session()))
    assert session.get(server.url, timeout=10).content == b"xx"
    assert watching.calls(server.name) == 1


def test_a_response_says_itself_how_its_call_ended(watching: Watching, server: Upstream) -> None:
    """Not what the program was handling when it called, nor that it raises for a status below 500."""
    try:
        raise FileNotFoundError("the cache")  # noqa: TRY301 - nothing is cached
    except FileNotFoundError:
        assert requests.get(f"{server.url}/?size=500000", timeout=10).status_code == 200
    with (
        pytest.raises(requests.HTTPError),
        requests.get(f"{server.url}/?status=404&size=500000", timeout=10, stream=True) as response,
    ):
        response.raise_for_status()
    assert watching.all_calls() == {(server.name, "ok"): 2}
    assert watching.at_rest()
