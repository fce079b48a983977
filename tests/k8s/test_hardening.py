"""No container may do more than it must, in any overlay."""

from typing import Any

import pytest

from tests.k8s.rendering import OVERLAYS, SERVICES, base_with, containers, of_kind, overlay, pods

TOKEN_HOLDERS = {"prometheus", "prometheus-adapter"}
"""Who asks the API server for something."""
BOUNDED = {"cpu", "memory", "ephemeral-storage"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_containers_are_hardened(name: str) -> None:
    """A read-only root filesystem, no capability, no way to more rights, and bounds on CPU, memory and disk."""
    found = dict(containers(overlay(name)))
    assert set(SERVICES) <= set(found)
    for container in found.values():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]["requests"]) == set(container["resources"]["limits"]) == BOUNDED


@pytest.mark.parametrize("name", OVERLAYS)
def test_volumes_fit_into_the_disk_s_bound(name: str) -> None:
    """What a pod's volumes may hold counts towards its containers' ephemeral storage; beyond it the pod is evicted."""
    for pod in pods(overlay(name)).values():
        volumes = sum(mebibytes(volume["emptyDir"]["sizeLimit"]) for volume in empty_volumes(pod))
        limits = sum(mebibytes(each["resources"]["limits"]["ephemeral-storage"]) for each in pod["spec"]["containers"])
        assert volumes < limits


def empty_volumes(pod: Any) -> list[Any]:
    return [volume for volume in pod["spec"].get("volumes", []) if "emptyDir" in volume]


def mebibytes(quantity: str) -> int:
    factor = {"Mi": 1, "Gi": 1024}[quantity[-2:]]
    return int(quantity[:-2]) * factor


def test_the_sidecar_is_hardened_by_itself() -> None:
    """It goes into pods of others, so it says of itself all that Pod Security `restricted` asks; in at most 64 Mi."""
    (sidecar,) = (
        container
        for name, container in containers(base_with("watch"))
        if name == "sync-gateway" and container["name"] == "watch"
    )
    context = sidecar["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert sidecar["resources"]["requests"]["memory"] == "16Mi"
    assert sidecar["resources"]["limits"]["memory"] == "64Mi"


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_are_hardened(name: str) -> None:
    """A numeric user that is not root, the runtime's seccomp profile, nothing of the node's, no stray variables."""
    for pod in pods(overlay(name)).values():
        spec = pod["spec"]
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["runAsGroup"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert spec["enableServiceLinks"] is False
        assert not any("hostPath" in volume for volume in spec.get("volumes", []))


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_token_is_mounted(name: str) -> None:
    """Every pod has a ServiceAccount of its own, and a token only where it asks the API server for something."""
    accounts = of_kind(overlay(name), "ServiceAccount")
    for pod_name, pod in pods(overlay(name)).items():
        assert pod["spec"]["serviceAccountName"] == pod_name
        assert accounts[pod_name]["automountServiceAccountToken"] is False
        assert pod["spec"]["automountServiceAccountToken"] is (pod_name in TOKEN_HOLDERS)


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_namespace_enforces_it(name: str) -> None:
    """The cluster itself refuses what is less hardened."""
    ((_, namespace),) = of_kind(overlay(name), "Namespace").items()
    labels: dict[str, Any] = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
