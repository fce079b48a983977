"""One deployment for all tests here, in a namespace of its own; skipped where there is no cluster of kind's.

For all of them kubectl's current context leads to another cluster, which is not to be asked for anything.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.cluster.elsewhere import Elsewhere
from tests.cluster.lab import Lab, deploy, need_kind_context, remove


@pytest.fixture(scope="package")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Another cluster as the current one; at the end, nobody has asked it for anything."""
    found = Elsewhere(tmp_path_factory.mktemp("elsewhere"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", found.kubeconfig)
        yield found
    asked = found.was_asked()
    found.close()
    assert not asked, "kubectl's current cluster was asked for something"


@pytest.fixture(scope="package")
def context(elsewhere: Elsewhere) -> str:  # noqa: ARG001 - it sets KUBECONFIG
    """The context of the cluster that the tests deploy to."""
    return need_kind_context()


@pytest.fixture(scope="package")
def lab(context: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The deployed lab; its sender stands by until a test wants it."""
    namespace = f"inflight-lab-test-{uuid4().hex[:8]}"
    try:
        yield deploy(context, namespace, tmp_path_factory.mktemp("overlay"))
    finally:
        remove(Lab(context, namespace))
