"""nginx's configuration: run by nginx itself where it is installed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import nginx
from bench.contenders import Rig, check_answer
from bench.nginx import configuration

needs_nginx = pytest.mark.skipif(nginx.installed() is None, reason="nginx is not installed (apt install nginx-light)")


def test_it_passes_on_or_answers_itself() -> None:
    """With a backend it keeps connections to it alive; without one it has the backend's answer in memory."""
    proxy = configuration(1234, 1000, backend=5678)
    assert "server 127.0.0.1:5678; keepalive 4096;" in proxy
    assert "proxy_pass http://backend;" in proxy
    assert "proxy_pass" not in configuration(1234, 1000, backend=None)


@needs_nginx
def test_it_gives_the_common_answer(tmp_path: Path) -> None:
    """Both as the upstream of all and as the proxy in front of it, from a folder of its own."""
    rig = Rig(tmp_path, descriptors=1024)
    with ExitStack() as stack:
        upstream = stack.enter_context(rig.upstream())
        proxy = rig.contender("nginx", upstream)
        assert proxy is not None
        stack.enter_context(proxy)
        for program in (upstream, proxy):
            program.ready()
            check_answer(program, passes_through=True)
