"""Every pod of ours is hardened, and nothing secret stands in the open."""

import json
from typing import Any

import pytest
from infra_recording import PRIVATE_KEY, is_secret

from infra.pods import hardened_pod

pytestmark = pytest.mark.infra

OURS = ["redis", "web4-edge", "web4-identity", "web4-identity-migrate"]


def our_pods(program) -> dict[str, dict[str, Any]]:
    """Every pod template in the namespace web4, by the app it belongs to."""
    workloads = [
        each
        for each in program.resources
        if each.inputs.get("metadata", {}).get("namespace") == "web4" and "template" in each.inputs.get("spec", {})
    ]
    return {each.inputs["metadata"]["labels"]["app"]: each.inputs["spec"]["template"]["spec"] for each in workloads}


def test_these_are_all_our_pods(program):
    assert sorted(our_pods(program)) == OURS


@pytest.mark.parametrize("app", OURS)
def test_a_pod_of_ours_is_hardened(program, app):
    pod = our_pods(program)[app]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 10000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["imagePullPolicy"] == "IfNotPresent"
        assert {"cpu", "memory"} == container["resources"]["requests"].keys() == container["resources"]["limits"].keys()


@pytest.mark.parametrize("field", ["security_context", "image_pull_policy"])
def test_a_container_cannot_loosen_its_own_hardening(field):
    with pytest.raises(TypeError, match=field):
        hardened_pod({"name": "x", "image": "x", field: None}, writable={})


def test_the_namespace_enforces_the_restricted_level(program):
    labels = program.find("Namespace", "web4").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_operators_own_pods_are_given_a_plain_user(program):
    for kind in ("Prometheus", "Alertmanager"):
        context = program.find(kind, "web4").inputs["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] == 65534
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_no_variable_holds_a_secret(program):
    for app, pod in our_pods(program).items():
        for variable in (each for container in pod["containers"] for each in container.get("env", [])):
            secret = any(word in variable["name"] for word in ("PASSWORD", "SECRET", "TOKEN", "KEY", "DATABASE_URL"))
            assert ("valueFrom" in variable) == secret, f"{app}: {variable['name']}"


def test_the_private_key_is_a_secret_to_pulumi_and_stands_nowhere_else(program):
    assert is_secret(program.find("Secret", "web4-edge-tls").inputs["stringData"])
    holders = [each.urn for each in program.resources if json.dumps(PRIVATE_KEY)[1:-1] in json.dumps(each.inputs)]
    assert holders == [program.find("Secret", "web4-edge-tls").urn]
