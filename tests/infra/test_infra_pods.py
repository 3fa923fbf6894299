"""Every pod of ours is hardened, and nothing secret stands in the open."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from infra_recording import (
    DATABASE_PASSWORD,
    PRIVATE_KEY,
    REDIS_KEY,
    REDIS_PASSWORD,
    STORE_KEY,
    Program,
    is_secret,
    pod_template,
)

from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority
from infra.settings import PodSettings

pytestmark = pytest.mark.infra

SECRET_WORDS = ("PASSWORD", "SECRET", "TOKEN", "KEY", "_AUTH")
# Each app of ours, and its pods' priority.
OURS = {
    "redis": "web4-state",
    "web4-object-store": "web4-state",
    "web4-edge": "web4-serving",
    "web4-identity": "web4-serving",
    "web4-identity-gate": "web4-serving",
    "web4-identity-migrate": "web4-serving",
    "web4-identity-scan": "web4-watching",
    "web4-pushgateway": "web4-watching",
    "web4-configuration-copy": "web4-watching",
    "web4-restore-drill": "web4-watching",
    "redis-exporter": "web4-watching",
    "web4-blackbox": "web4-watching",
}


def our_pods(program: Program) -> dict[str, dict[str, Any]]:
    """Every pod template in the namespace web4, by the app it belongs to."""
    workloads = [
        each
        for each in program.resources
        if each.inputs.get("metadata", {}).get("namespace") == "web4"
        and {"template", "jobTemplate"} & each.inputs.get("spec", {}).keys()
    ]
    return {each.inputs["metadata"]["labels"]["app"]: pod_template(each)["spec"] for each in workloads}


def test_these_are_all_our_pods(program: Program) -> None:
    assert our_pods(program).keys() == OURS.keys()


@pytest.mark.parametrize("app", OURS)
def test_a_pod_of_ours_is_hardened(program: Program, app: str) -> None:
    pod = our_pods(program)[app]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 10000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    for container in (*pod["containers"], *pod.get("initContainers", [])):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["imagePullPolicy"] == "IfNotPresent"
        assert {"cpu", "memory"} == container["resources"]["requests"].keys() == container["resources"]["limits"].keys()


@pytest.mark.parametrize("field", ["security_context", "image_pull_policy"])
def test_a_container_cannot_loosen_its_own_hardening(field: str) -> None:
    with pytest.raises(TypeError, match=field):
        hardened_pod(
            {
                "name": "x",
                "image": "x",
                "resources": resources(cpu="1", memory="1", cpu_limit="1", memory_limit="1"),
                field: None,
            },
            args=PodArgs(namespace="web4", pods=PodSettings()),
            priority=Priority.SERVING,
            writable={},
        )


def test_the_namespace_enforces_the_restricted_level(program: Program) -> None:
    labels = program.find("Namespace", "web4").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_operators_own_pods_are_given_a_plain_user(program: Program) -> None:
    for kind in ("Prometheus", "Alertmanager"):
        spec = program.find(kind, "web4").inputs["spec"]
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] == 65534
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["enableServiceLinks"] is False
    assert program.find("Cluster", "web4-identity-db").inputs["spec"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_every_pod_has_a_priority_that_exists_before_it(program: Program) -> None:
    classes = {each.name: each for each in program.of_kind("PriorityClass")}
    pods = {app: pod["priorityClassName"] for app, pod in our_pods(program).items()}
    assert pods == OURS
    for kind, name, expected in (
        ("Cluster", "web4-identity-db", "web4-state"),
        ("Prometheus", "web4", "web4-watching"),
        ("Alertmanager", "web4", "web4-watching"),
    ):
        resource = program.find(kind, name)
        assert resource.inputs["spec"]["priorityClassName"] == expected
        assert classes[expected].urn in program.waits_for(resource)
    assert len({each.inputs["value"] for each in classes.values()}) == 4
    assert all(
        0 < each.inputs["value"] < 1_000_000_000 and not each.inputs.get("globalDefault") for each in classes.values()
    )


def test_the_namespace_has_a_quota_and_gives_the_silent_a_little(program: Program, otherwise: Program) -> None:
    assert program.find("ResourceQuota", "web4").inputs["spec"]["hard"] == {
        "requests.cpu": "8",
        "limits.memory": "24Gi",
        "pods": "50",
    }
    assert otherwise.find("ResourceQuota", "web4").inputs["spec"]["hard"]["pods"] == "20"
    (limits,) = program.find("LimitRange", "web4").inputs["spec"]["limits"]
    # What the quota counts is what a container must not leave out.
    assert {"cpu", "memory"} == limits["default"].keys() == limits["defaultRequest"].keys()
    for name in ("ResourceQuota", "LimitRange"):
        assert program.find("Namespace", "web4").urn in program.waits_for(program.find(name, "web4"))


def test_no_variable_holds_a_secret(program: Program) -> None:
    for app, pod in our_pods(program).items():
        containers = (*pod["containers"], *pod.get("initContainers", []))
        for variable in (each for container in containers for each in container.get("env", [])):
            if variable["name"] == "DATABASE_URL":
                assert "valueFrom" in variable or urlsplit(variable["value"]).password is None, app
                continue
            secret = any(word in variable["name"] for word in SECRET_WORDS)
            assert ("secretKeyRef" in variable.get("valueFrom", {})) == secret, f"{app}: {variable['name']}"


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        (PRIVATE_KEY, "web4-edge-tls"),
        (REDIS_PASSWORD, "redis-password"),
        (DATABASE_PASSWORD, "web4-identity-db-service"),
        (STORE_KEY, "web4-object-store-credentials"),
    ],
    ids=["the edge's key", "Redis's password", "Postgres's password", "the object store's key"],
)
def test_it_is_a_secret_to_pulumi_and_stands_nowhere_else(program: Program, text: str, holder: str) -> None:
    assert is_secret(program.find("Secret", holder).inputs["stringData"])
    assert where(program, text) == {holder}


def test_the_key_of_a_certificate_inside_the_cluster_is_one_too(program: Program) -> None:
    for holder in ("redis-tls", "web4-object-store-tls"):
        assert is_secret(program.find("Secret", holder).inputs["stringData"])
    assert where(program, REDIS_KEY) == {"redis-tls", "web4-object-store-tls"}  # one key for both, in these tests


def where(program: Program, text: str) -> set[str]:
    """The names of all that hold `text`."""
    return {each.name for each in program.resources if json.dumps(text)[1:-1] in json.dumps(each.inputs)}
