"""The operators, installed from their published manifests with our images."""

from typing import Any

import pytest
from infra_recording import Program, run_program

from infra.environments import overlay
from infra.manifests import adapt_workload
from infra.priorities import OPERATORS

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def images(config: dict[str, Any]) -> Program:
    """A run whose operator images are our own."""
    return run_program(
        overlay(
            config,
            {
                "images": {
                    "cloudnative_pg": "localhost/cnpg:1",
                    "prometheus_operator": "localhost/operator:2",
                    "config_reloader": "localhost/reloader:3",
                }
            },
        )
    )


def container(program: Program, name: str) -> dict[str, Any]:
    (container,) = program.find("Deployment", name).inputs["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_cloudnative_pg_runs_our_image_and_gives_it_to_the_pods_it_starts(images: Program) -> None:
    manager = container(images, "cnpg-controller-manager")
    assert manager["image"] == "localhost/cnpg:1"
    assert {"name": "OPERATOR_IMAGE_NAME", "value": "localhost/cnpg:1"} in manager["env"]
    assert {"name": "MONITORING_QUERIES_CONFIGMAP", "value": "cnpg-default-monitoring"} in manager["env"]
    assert manager["args"] == ["controller", "--webhook-port=9443"]
    assert manager["imagePullPolicy"] == "IfNotPresent"


def test_the_prometheus_operator_runs_our_images(images: Program) -> None:
    operator = container(images, "prometheus-operator")
    assert operator["image"] == "localhost/operator:2"
    assert operator["args"] == ["--kubelet-endpoints=true", "--prometheus-config-reloader=localhost/reloader:3"]
    assert operator["imagePullPolicy"] == "IfNotPresent"


def test_an_image_nobody_replaced_stops_the_program() -> None:
    manifest = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "a.invalid/new:1"}]}}}}
    with pytest.raises(KeyError, match="new"):
        adapt_workload(manifest, {"old": "localhost/old"}, OPERATORS)


def test_the_prometheus_operator_lives_in_a_namespace_of_its_own(program: Program) -> None:
    assert program.find("Namespace", "monitoring-system")
    for kind in ("Deployment", "ServiceAccount"):
        assert program.find(kind, "prometheus-operator").inputs["metadata"]["namespace"] == "monitoring-system"
    (subject,) = program.find("ClusterRoleBinding", "prometheus-operator").inputs["subjects"]
    assert subject["namespace"] == "monitoring-system"
    assert not [each.urn for each in program.resources if each.inputs.get("metadata", {}).get("namespace") == "default"]


def test_no_pod_of_ours_takes_an_operators_place_on_a_full_node(program: Program) -> None:
    classes = {each.name: each for each in program.of_kind("PriorityClass")}
    theirs = classes.pop(OPERATORS)
    assert theirs.inputs["value"] > max(each.inputs["value"] for each in classes.values())
    for name in ("cnpg-controller-manager", "prometheus-operator"):
        operator = program.find("Deployment", name)
        assert operator.inputs["spec"]["template"]["spec"]["priorityClassName"] == OPERATORS
        assert theirs.urn in program.waits_for(operator)


def test_what_an_operator_writes_itself_is_left_to_it(program: Program) -> None:
    webhooks = program.find("ValidatingWebhookConfiguration", "cnpg-validating-webhook-configuration")
    assert webhooks.ignored == ("webhooks[*].clientConfig.caBundle",)


def test_yaml_is_read_as_kubernetes_reads_it(program: Program) -> None:
    crd = program.find("CustomResourceDefinition", "prometheuses.monitoring.coreos.com")
    assert crd.inputs["spec"]["enum"] == ["!=", "="]


def test_a_cluster_that_has_the_operators_gets_none(config: dict[str, Any]) -> None:
    program = run_program(overlay(config, {"platform": {"install": False}}))
    assert program.of_kind("CustomResourceDefinition") == []
    assert [each.name for each in program.of_kind("Namespace")] == ["web4"]
    assert program.find("Cluster", "web4-identity-db")
