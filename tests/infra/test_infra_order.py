"""What is made after what, and that all of it goes to the one named cluster."""

from typing import Any

import pytest
from infra_recording import Program, run_program
from web4_identity.db import rights

from infra.environments import overlay

pytestmark = pytest.mark.infra

ORDER = [
    # (kind, name) that waits, and the (kind, name) it waits for
    (("Cluster", "web4-identity-db"), ("Deployment", "cnpg-controller-manager")),
    (("Cluster", "web4-identity-db"), ("Service", "cnpg-webhook-service")),
    (("Cluster", "web4-identity-db"), ("CustomResourceDefinition", "clusters.postgresql.cnpg.io")),
    (("Cluster", "web4-identity-db"), ("Namespace", "web4")),
    (("Cluster", "web4-identity-db"), ("Secret", "web4-identity-db-service")),
    (("PodMonitor", "web4-identity-db-instances"), ("Deployment", "prometheus-operator")),
    (("Prometheus", "web4"), ("CustomResourceDefinition", "prometheuses.monitoring.coreos.com")),
    (("Prometheus", "web4"), ("Deployment", "prometheus-operator")),
    (("Prometheus", "web4"), ("RoleBinding", "web4-prometheus")),
    (("Alertmanager", "web4"), ("Secret", "web4-alertmanager-config")),
    (("Deployment", "web4-identity"), ("Cluster", "web4-identity-db")),
    (("Deployment", "web4-identity"), ("Deployment", "redis")),
    (("Deployment", "web4-edge"), ("Service", "web4-identity-service")),
    (("Deployment", "web4-edge"), ("Secret", "web4-edge-tls")),
    (("Deployment", "cnpg-controller-manager"), ("Namespace", "cnpg-system")),
    (
        ("Deployment", "cnpg-controller-manager"),
        ("ValidatingWebhookConfiguration", "cnpg-validating-webhook-configuration"),
    ),
]


@pytest.mark.parametrize(("later", "earlier"), ORDER, ids=lambda pair: "/".join(pair))
def test_order(program: Program, later: tuple[str, str], earlier: tuple[str, str]) -> None:
    assert program.find(*earlier).urn in program.waits_for(program.find(*later))


def test_the_service_starts_on_the_new_schema(program: Program) -> None:
    job = program.job("web4-identity-migrate")
    waits = program.waits_for(program.find("Deployment", "web4-identity"))
    assert job.urn in waits
    assert program.find("Cluster", "web4-identity-db").urn in program.waits_for(job)


def test_a_service_never_waits_for_its_own_workload_nor_the_workload_for_it(program: Program) -> None:
    """Pulumi waits for a Service's endpoints: either order would wait for ever."""
    service, workload = (
        program.find("Service", "cnpg-webhook-service"),
        program.find("Deployment", "cnpg-controller-manager"),
    )
    assert workload.urn not in program.waits_for(service)
    assert service.urn not in program.waits_for(workload)


def test_operators_resources_count_as_made_when_their_status_says_so(program: Program) -> None:
    for kind, name, condition in (
        ("Cluster", "web4-identity-db", "Ready"),
        ("Prometheus", "web4", "Available"),
        ("Alertmanager", "web4", "Available"),
    ):
        resource = program.find(kind, name)
        assert resource.inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == f"condition={condition}"
        assert resource.create_timeout


def test_the_migration_runs_again_when_what_it_runs_changes_and_only_then(
    program: Program, again: Program, config: dict[str, Any]
) -> None:
    app = "web4-identity-migrate"
    job, same = program.job(app), again.job(app)
    other = run_program(overlay(config, {"images": {"identity": "web4-identity:next"}})).job(app)
    assert job.name == same.name != other.name
    assert "ttlSecondsAfterFinished" not in job.inputs["spec"]


def test_the_migration_waits_for_the_roles_that_it_gives_rights_to(program: Program) -> None:
    (container,) = program.job("web4-identity-migrate").inputs["spec"]["template"]["spec"]["containers"]
    managed = program.find("Cluster", "web4-identity-db").inputs["spec"]["managed"]["roles"]
    words = container["command"][2:]
    assert words[::2] == ["--wait-for-role"] * 2
    assert words[1::2] == [role["name"] for role in managed] == [rights.APP, rights.READER]


def test_a_society_is_founded_when_its_key_is_given(program: Program, config: dict[str, Any]) -> None:
    def command(of: Program) -> list[str]:
        return list(of.job("web4-identity-migrate").inputs["spec"]["template"]["spec"]["containers"][0]["command"])

    plain = command(program)
    assert not [word for word in plain if word.startswith("--genesis")]
    founded = run_program(overlay(config, {"genesis": {"society": "hestia", "public_key": "z6MkExample"}}))
    assert command(founded) == [
        *plain,
        *("--genesis-society", "hestia", "--genesis-public-key", "z6MkExample"),
    ]
    more = {"binding_proof": "cose:proof", "witnesses": ["z6MkOne", "z6MkTwo"]}
    whole = run_program(overlay(config, {"genesis": {"society": "hestia", "public_key": "z6MkExample", **more}}))
    assert command(whole) == [
        *command(founded),
        *("--genesis-binding-proof", "cose:proof", "--genesis-witness", "z6MkOne", "--genesis-witness", "z6MkTwo"),
    ]


def test_everything_goes_to_the_named_cluster(program: Program, config: dict[str, Any]) -> None:
    (provider,) = [each for each in program.resources if each.type == "pulumi:providers:kubernetes"]
    assert provider.inputs["kubeconfig"] == config["cluster"]["kubeconfig"]
    assert provider.inputs["context"] == "local"
    for resource in (each for each in program.resources if each.type.startswith("kubernetes:")):
        assert resource.provider.startswith(provider.urn), resource.urn
        assert resource.parent and not resource.parent.endswith("Stack::web4-identity-test"), resource.urn
