"""Certificates are read where the backend is asked for over https, and nowhere else."""

import os
import ssl
import subprocess
import sys

import pytest

PROGRAM = """
import os
from services.gateway.app import build
from services.settings import GatewaySettings
from services.telemetry import Telemetry

before = dict(os.environ)
build(GatewaySettings(gateway_mode="async"), Telemetry())
assert dict(os.environ) == before

from aiohttp.connector import _SSL_CONTEXT_VERIFIED
print(len(_SSL_CONTEXT_VERIFIED.get_ca_certs()))
"""


@pytest.mark.parametrize("given", [{}, {"SSL_CERT_FILE": ssl.get_default_verify_paths().openssl_cafile}])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_certificates_are_read_for_https_only(scheme: str, given: dict[str, str]) -> None:
    """As many as Python itself finds; and the environment is left as it was."""
    environment = {**os.environ, **given, "BACKEND_URL": f"{scheme}://backend.test"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    known = len(ssl.create_default_context().get_ca_certs())
    assert int(done.stdout) == (known if scheme == "https" else 0)
