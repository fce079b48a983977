"""nginx, as the upstream of all and as a peer: configured in a folder of its own, without root's rights."""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template

from bench.program import Program

CONFIGURATION = Template("""\
daemon off;
worker_processes $workers;
worker_rlimit_nofile $descriptors;
pid nginx.pid;
error_log stderr error;
events {
    worker_connections $connections;
}
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
$upstream
    server {
        listen 127.0.0.1:$port backlog=65535;
        location / {
            $answer
        }
    }
}
""")
FROM_MEMORY = """default_type application/json; return 200 '{"message":"success"}';"""
MOST_CONNECTIONS = 16384
PASSED_ON = 'proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";'
KEPT = Template("    upstream backend { server 127.0.0.1:$backend; keepalive 4096; keepalive_requests 1000000000; }")


def installed() -> str | None:
    """Return where nginx is, or None. Debian keeps it out of an ordinary user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def configuration(port: int, descriptors: int, backend: int | None) -> str:
    """Return the configuration of an nginx that passes requests on to the port `backend`, or answers from memory."""
    return CONFIGURATION.substitute(
        port=port,
        workers=1,  # one process, as every other program here
        descriptors=descriptors,
        connections=min(descriptors, MOST_CONNECTIONS),
        upstream=KEPT.substitute(backend=backend) if backend else "",
        answer=PASSED_ON if backend else FROM_MEMORY,
    )


def program(name: str, folder: Path, port: int, text: str) -> Program:
    """Return an nginx with this configuration, not yet started; it writes only below `folder`. nginx is installed."""
    prefix = folder / name
    prefix.mkdir(exist_ok=True)
    (prefix / "nginx.conf").write_text(text)
    argv = [installed() or "nginx", "-p", str(prefix), "-c", "nginx.conf", "-e", "stderr"]
    return Program(name, argv, port, folder, {})
