"""The two images, built once for all tests here; each test is skipped where there is no Docker."""

import pytest

from tests.containers.images import built, need_docker


@pytest.fixture(scope="session")
def backend_image() -> str:
    """The backend's image."""
    need_docker()
    return built("backend")


@pytest.fixture(scope="session")
def gateway_image() -> str:
    """The gateways' and the sender's image."""
    need_docker()
    return built("gateway")


@pytest.fixture(params=["backend", "gateway"])
def image(request: pytest.FixtureRequest) -> str:
    """Each image in turn."""
    name: str = request.getfixturevalue(f"{request.param}_image")
    return name
