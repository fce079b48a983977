"""One deployment for all tests here, in a namespace of its own; skipped where there is no cluster of kind's."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.cluster.lab import Lab, deploy, need_kind_context, remove


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The deployed lab; its sender stands by until a test wants it."""
    context = need_kind_context()
    namespace = f"inflight-lab-test-{uuid4().hex[:8]}"
    try:
        yield deploy(context, namespace, tmp_path_factory.mktemp("overlay"))
    finally:
        remove(Lab(context, namespace))
