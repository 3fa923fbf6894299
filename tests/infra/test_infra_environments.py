"""dev, staging and prod: the committed examples, what they come to, and what prod refuses to be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import infra_stacks
import pulumi
import pytest
from infra_recording import ROOT, Program, ProgramOf, pod_template
from infra_stacks import EDITED, IMAGES

from infra.configuration import build_settings
from infra.environments import DEFAULTS, overlay
from infra.production import is_reserved

pytestmark = pytest.mark.infra

Example = Callable[[str], dict[str, Any]]


@pytest.fixture
def example(tmp_path: Path) -> Example:
    """Reads the committed file of an environment, with a kubeconfig that exists."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("")

    return lambda environment: infra_stacks.example(environment, kubeconfig)


def pods_of(program: Program, name: str) -> tuple[int, int]:
    """How many pods a Deployment has, at least and at most."""
    spec = program.find("Deployment", name).inputs["spec"]
    scalers = [each.inputs["spec"] for each in program.of_kind("HorizontalPodAutoscaler") if each.name == name]
    if not scalers:
        return spec["replicas"], spec["replicas"]
    assert "replicas" not in spec, "each `pulumi up` would undo what the autoscaler did"
    (scaler,) = scalers
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert [metric["resource"]["name"] for metric in scaler["metrics"]] == ["cpu"]
    return scaler["minReplicas"], scaler["maxReplicas"]


def amounts(program: Program) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """Database instances, pods of the service, pods of the edge."""
    instances = program.find("Cluster", "web4-identity-db").inputs["spec"]["instances"]
    return instances, pods_of(program, "web4-identity"), pods_of(program, "web4-edge")


def test_there_is_a_file_for_each_environment() -> None:
    assert {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")} == set(DEFAULTS)


@pytest.mark.parametrize(("environment", "expected"), [("dev", (1, (1, 1), (1, 1))), ("staging", (3, (3, 6), (2, 4)))])
def test_the_example_describes_a_whole_stack(
    program_of: ProgramOf, environment: str, expected: tuple[int, tuple[int, int], tuple[int, int]]
) -> None:
    assert amounts(program_of(environment)) == expected


def test_the_edited_example_is_a_production_stack(program_of: ProgramOf) -> None:
    assert amounts(program_of("prod")) == (3, (3, 10), (3, 6))


@pytest.mark.parametrize(
    ("environment", "told"), [("dev", "development"), ("staging", "staging"), ("prod", "production")]
)
def test_the_service_and_its_migration_are_told_where_they_run(
    program_of: ProgramOf, environment: str, told: str
) -> None:
    program = program_of(environment)
    for workload in (program.find("Deployment", "web4-identity"), program.job("web4-identity-migrate")):
        (container,) = workload.inputs["spec"]["template"]["spec"]["containers"]
        assert {"name": "WEB4_ENVIRONMENT", "value": told} in container["env"]


def refused(config: dict[str, Any]) -> dict[str, str]:
    """Each refused key with its reason."""
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(config)
    lines = str(caught.value).splitlines()
    return dict(line.removeprefix("web4-identity:").split(": ", 1) for line in lines)


def test_prod_refuses_the_example_as_it_is_committed(example: Example) -> None:
    reasons = refused(example("prod"))
    assert sorted(reasons) == sorted(
        [*(f"images.{name}" for name in IMAGES), "edge.server_name", "monitoring.runbook_url"]
    )
    assert reasons["edge.server_name"] == ("identity.example.com is an example's name; prod wants its public host name")
    assert reasons["images.nginx"] == (
        "docker.io/library/nginx:1.28 can change under its tag; prod wants name@sha256:<64 hexadecimal digits>"
    )
    assert reasons["images.identity"].startswith("registry.example.com is an example's host; ")


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ({"database": {"instances": 2}}, "database.instances", "2; prod wants 3 or more"),
        ({"backup": None}, "backup", "not set; prod wants a destination and the credentials for it"),
        (
            {"backup": {"endpoint": "https://s3.example.com:9000"}},
            "backup.endpoint",
            "https://s3.example.com:9000 is an example's host; prod wants a store that exists",
        ),
        ({"identity": {"replicas": 2}}, "identity.replicas", "2; prod wants 3 or more"),
        ({"identity": {"test_mode": True}}, "identity.test_mode", "true; prod wants false"),
        ({"gate": {"enabled": False}}, "gate.enabled", "false; prod wants each version attacked before it serves"),
        (
            {"gate": {"scan_schedule": None}},
            "gate.scan_schedule",
            "not set; prod wants the version that serves attacked every week",
        ),
        (
            {"edge": {"public_authorities": []}},
            "edge.public_authorities",
            "empty; prod wants the hosts that payers sign for, or the key left out",
        ),
        (
            {"edge": {"public_authorities": ["identity.web4.io", "localhost:8443"]}},
            "edge.public_authorities",
            "localhost:8443 is an example's name; prod wants a public host name",
        ),
        (
            {"monitoring": {"pager": None}},
            "monitoring.pager",
            "not set; prod wants somebody to call: kind and secret_name",
        ),
        (
            {"monitoring": {"heartbeat": None}},
            "monitoring.heartbeat",
            "not set; prod wants somebody to miss its monitoring when that is gone: secret_name",
        ),
        (
            {"monitoring": {"runbook_url": None}},
            "monitoring.runbook_url",
            "not set; prod wants alerts that lead to the runbooks' folder",
        ),
        (
            {"images": {"redis": "redis@sha256:0123"}},
            "images.redis",
            "redis@sha256:0123 can change under its tag; prod wants name@sha256:<64 hexadecimal digits>",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_prod_refuses(example: Example, change: dict[str, Any], key: str, reason: str) -> None:
    edited = overlay(example("prod"), EDITED)
    assert refused(overlay(edited, change)) == {key: reason}
    build_settings(overlay(edited, {"environment": "staging", **change}))  # only prod does


def test_prod_wants_an_external_postgres_verified_and_not_owned_by_the_service(example: Example) -> None:
    external = {"secret_name": "dsns", "key": "service", "owner_key": "owner", "ca_secret_name": "postgres-ca"}
    edited = overlay(example("prod"), EDITED)
    change = {"database": {"app_secret_name": None, "instances": 1, "external": external}}
    sound = {**overlay(edited, overlay(change, {"images": {"postgres": "postgres:17"}})), "backup": None}
    build_settings(sound)
    assert refused(overlay(sound, {"database": {"external": {"ca_secret_name": None, "owner_key": None}}})) == {
        "database.external.ca_secret_name": "not set; prod wants the server's certificate verified",
        "database.external.owner_key": "not set; prod wants a service that does not own its tables",
    }


def test_pods_stand_apart_for_sure_in_prod_and_if_possible_on_one_node(program_of: ProgramOf, program: Program) -> None:
    def rules(of: Program) -> set[tuple[str, str]]:
        specs = [
            of.find("Deployment", name).inputs["spec"]["template"]["spec"] for name in ("web4-identity", "web4-edge")
        ]
        specs.append(of.find("Cluster", "web4-identity-db").inputs["spec"])
        found = [
            {(rule["topologyKey"], rule["whenUnsatisfiable"]) for rule in spec["topologySpreadConstraints"]}
            for spec in specs
        ]
        assert found[0] == found[1] == found[2]
        return found[0]

    zone, host = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
    assert rules(program) == {(zone, "ScheduleAnyway"), (host, "ScheduleAnyway")}
    prod = program_of("prod")
    assert rules(prod) == {(zone, "DoNotSchedule"), (host, "DoNotSchedule")}
    for name in ("web4-identity", "web4-edge"):
        deployment = prod.find("Deployment", name).inputs["spec"]
        for rule in deployment["template"]["spec"]["topologySpreadConstraints"]:
            assert rule["labelSelector"] == deployment["selector"], "a rule that counts no pod"


def test_disk_is_asked_for_and_held_to_where_kubelets_keep_account_of_it(
    program_of: ProgramOf, program: Program
) -> None:
    prod = program_of("prod")
    for of, expected in ((prod, True), (program, False)):
        (limits,) = of.find("LimitRange", "web4").inputs["spec"]["limits"]
        holders = [limits["default"], limits["defaultRequest"]]
        for kind, name in (("Cluster", "web4-identity-db"), ("Prometheus", "web4"), ("Alertmanager", "web4")):
            holders += of.find(kind, name).inputs["spec"]["resources"].values()
        for workload in (
            *(each for each in of.of_kind("Deployment") if each.inputs["metadata"]["namespace"] == "web4"),
            of.job("web4-identity-migrate"),
            *of.of_kind("CronJob"),
        ):
            for container in pod_template(workload)["spec"]["containers"]:
                holders += container["resources"].values()
        assert len(holders) >= 2 + 6 + 8 + 4  # something of each
        assert [("ephemeral-storage" in holder) for holder in holders] == [expected] * len(holders)


def test_prod_at_its_largest_fits_its_quota(program_of: ProgramOf) -> None:
    """With a pod more of each kind, as a rollout has for a while, the operator's sidecars, and the jobs all at once."""
    program = program_of("prod")
    needed = {"requests.cpu": 0.0, "limits.memory": 0.0, "pods": 0.0}

    def add(resources: dict[str, Any], pods: int) -> None:
        needed["requests.cpu"] += pods * amount(resources["requests"]["cpu"])
        needed["limits.memory"] += pods * amount(resources["limits"]["memory"])
        needed["pods"] += pods

    ours = [each for each in program.of_kind("Deployment") if each.inputs["metadata"]["namespace"] == "web4"]
    for deployment in ours:
        most = pods_of(program, deployment.name)[1] + 1
        for container in deployment.inputs["spec"]["template"]["spec"]["containers"]:
            add(container["resources"], most)
        needed["pods"] -= most * (len(deployment.inputs["spec"]["template"]["spec"]["containers"]) - 1)
    cluster = program.find("Cluster", "web4-identity-db").inputs["spec"]
    add(cluster["resources"], cluster["instances"] + 1)
    add(cluster["resources"], 2)  # the restore drill's instance, and the job that makes it
    for job in program.of_kind("CronJob"):
        for container in pod_template(job)["spec"]["containers"]:
            add(container["resources"], 1)
    sidecar = {"requests": {"cpu": "10m"}, "limits": {"memory": "50Mi"}}
    for kind in ("Prometheus", "Alertmanager"):
        spec = program.find(kind, "web4").inputs["spec"]
        add(spec["resources"], spec["replicas"])
        add(sidecar, spec["replicas"])
    hard = program.find("ResourceQuota", "web4").inputs["spec"]["hard"]
    assert {name: value for name, value in needed.items() if value > amount(hard[name])} == {}


def amount(quantity: str) -> float:
    """A Kubernetes quantity as a number."""
    units = {"m": 1e-3, "Mi": 2**20, "Gi": 2**30}
    unit = next((unit for unit in units if quantity.endswith(unit)), "")
    return float(quantity.removesuffix(unit)) * units.get(unit, 1)


def test_the_most_pods_are_no_fewer_than_the_least(example: Example) -> None:
    config = overlay(example("dev"), {"identity": {"replicas": 3, "max_replicas": 2}})
    assert refused(config) == {"identity": "max_replicas is 2, fewer than replicas, 3"}


def test_prod_says_everything_at_once(example: Example) -> None:
    reasons = refused(
        overlay(example("prod"), {"identity": {"replicas": 1, "test_mode": True}, "monitoring": {"pager": None}})
    )
    assert {"identity.replicas", "identity.test_mode", "monitoring.pager", "images.redis"} <= reasons.keys()


def test_an_operators_image_is_looked_at_where_the_stack_installs_it(example: Example, config: dict[str, Any]) -> None:
    edited = overlay(overlay(example("prod"), EDITED), {"platform": {**config["platform"], "install": True}})
    operators = {"images.cloudnative_pg", "images.prometheus_operator", "images.config_reloader"}
    assert refused(edited).keys() == operators


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, True) for host in ("example.com", "a.example.org", "b.example.net:8443", "identity.web4.local")),
        *((host, True) for host in ("x.test", "y.invalid", "localhost:8443", "identity.example.com.")),
        *((host, False) for host in ("identity.web4.io", "example.community", "notexample.com", "local.web4.io:443")),
    ],
)
def test_an_examples_host_is_known_by_its_domain(host: str, expected: bool) -> None:
    assert is_reserved(host) is expected
