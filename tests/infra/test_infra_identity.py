"""The identity service as the guide's Option 4 wants it."""

from typing import Any

import pytest
from infra_recording import Program, run_program

from infra.environments import overlay

pytestmark = pytest.mark.infra

# guide, Configuration (Environment Variables), with REDIS_HOST from Option 4
GUIDE = {
    "WEB4_IDENTITY_HOST": "0.0.0.0",
    "WEB4_IDENTITY_PORT": "8001",
    "WEB4_TEST_MODE": "false",
    "RATE_LIMIT_MAX_REQUESTS_PER_IP": "20",
    "RATE_LIMIT_WINDOW_SECONDS": "60",
    "MAX_WITNESS_COUNT": "10",
    "MAX_IDENTIFIER_LENGTH": "512",
    "MAX_WITNESS_ID_LENGTH": "256",
    "ATP_MINT_BASE_COST": "100",
    "ATP_MINT_SCALE_FACTOR": "1.5",
    "INITIAL_ATP_GRANT": "10000",
    "MIN_WITNESS_REPUTATION": "0.4",
    "MIN_WITNESS_AGE_DAYS": "30",
    "MIN_WITNESS_ACTIONS": "50",
    "REDIS_HOST": "redis-service",
    "REDIS_PORT": "6379",
    "REDIS_DB": "0",
}
OURS = {
    "TRUSTED_PROXIES": "10.244.0.0/16",
    "WEB4_ENVIRONMENT": "development",
    "SHUTDOWN_DRAIN_SECONDS": "5",
    "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "20",
    "MINTS_WITHOUT_REDIS": "refuse",
    "REDIS_TLS": "true",
    "SSL_CERT_FILE": "/etc/web4/redis-ca/ca.crt",
    "DB_POOL_SIZE": "5",
    "DATABASE_URL": "postgresql://web4_identity_app@web4-identity-db-rw:5432/web4_identity_db",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/etc/web4/postgres-ca/ca.crt",
}


@pytest.fixture
def deployment(program: Program) -> dict[str, Any]:
    return dict(program.find("Deployment", "web4-identity").inputs["spec"])


@pytest.fixture
def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (container,) = deployment["template"]["spec"]["containers"]
    return dict(container)


def test_every_variable_of_the_guide_is_set_to_its_value(container: dict[str, Any]) -> None:
    plain = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    assert plain == {**GUIDE, **OURS}


@pytest.mark.parametrize(
    ("edge", "authorities"),
    [
        ({"public_authorities": None}, "identity.web4.local"),
        ({"public_authorities": ["a.web4.io", "b.web4.io:8443"]}, "a.web4.io,b.web4.io:8443"),
    ],
)
def test_payers_sign_for_the_public_name_or_for_the_names_given(
    config: dict[str, Any], edge: dict[str, Any], authorities: str
) -> None:
    program = run_program(overlay(config, {"edge": edge}))
    for workload in (program.find("Deployment", "web4-identity"), program.job("web4-identity-migrate")):
        (container,) = workload.inputs["spec"]["template"]["spec"]["containers"]
        values = {each["name"]: each.get("value") for each in container["env"]}
        assert values["PUBLIC_AUTHORITIES"] == authorities


def test_the_service_logs_in_as_its_own_role_and_the_migration_as_the_owner(
    container: dict[str, Any], program: Program
) -> None:
    values = {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert values["DATABASE_URL"] == "postgresql://web4_identity_app@web4-identity-db-rw:5432/web4_identity_db"
    assert values["PGPASSWORD"] == {"name": "web4-identity-db-service", "key": "password"}
    job = program.job("web4-identity-migrate")
    (migrate,) = job.inputs["spec"]["template"]["spec"]["containers"]
    (reference,) = [each for each in migrate["env"] if each["name"] == "DATABASE_URL"]
    assert reference["valueFrom"] == {"secretKeyRef": {"name": "web4-identity-db-app", "key": "uri"}}
    assert "PGPASSWORD" not in {each["name"] for each in migrate["env"]}


def test_a_setting_reaches_the_service(otherwise: Program) -> None:
    (container,) = otherwise.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert values["RATE_LIMIT_MAX_REQUESTS_PER_IP"] == "50"
    assert values["ATP_MINT_SCALE_FACTOR"] == "1.25"


def test_names_port_and_resources_are_the_guides(deployment: dict[str, Any], container: dict[str, Any]) -> None:
    assert deployment["selector"]["matchLabels"] == {"app": "web4-identity"}
    assert deployment["template"]["metadata"]["labels"]["app"] == "web4-identity"
    assert container["name"] == "identity-service"
    assert container["command"] == ["web4-identity", "serve"]
    assert [port["containerPort"] for port in container["ports"]] == [8001]
    assert container["resources"] == {
        "requests": {"memory": "512Mi", "cpu": "250m"},
        "limits": {"memory": "1Gi", "cpu": "500m"},
    }


def test_probes_keep_the_guides_timing_and_only_readiness_asks_the_database(container: dict[str, Any]) -> None:
    liveness, readiness = container["livenessProbe"], container["readinessProbe"]
    assert (liveness["initialDelaySeconds"], liveness["periodSeconds"]) == (10, 30)
    assert (readiness["initialDelaySeconds"], readiness["periodSeconds"]) == (5, 10)
    assert liveness["httpGet"] == {"path": "/livez", "port": 8001}
    assert readiness["httpGet"] == {"path": "/readyz", "port": 8001}
    startup = container["startupProbe"]
    assert startup["httpGet"]["path"] == "/livez"
    assert startup["periodSeconds"] * startup["failureThreshold"] == 180


def test_a_rollout_loses_no_request(deployment: dict[str, Any], container: dict[str, Any]) -> None:
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    # The service itself goes on serving for so long after SIGTERM, and gives requests under way 20 s after that.
    (drain,) = [int(each["value"]) for each in container["env"] if each["name"] == "SHUTDOWN_DRAIN_SECONDS"]
    assert drain >= 5 and "lifecycle" not in container
    assert drain + 20 < deployment["template"]["spec"]["terminationGracePeriodSeconds"]


def test_the_service_is_inside_the_cluster_only(program: Program) -> None:
    spec = program.find("Service", "web4-identity-service").inputs["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["selector"] == {"app": "web4-identity"}
    assert [(port["port"], port["targetPort"]) for port in spec["ports"]] == [(80, 8001)]


def test_a_disruption_takes_one_of_several_pods_and_never_blocks(program: Program, config: dict[str, Any]) -> None:
    assert {each.name for each in program.of_kind("PodDisruptionBudget")} == {"web4-identity", "web4-edge"}
    for budget in program.of_kind("PodDisruptionBudget"):
        spec = budget.inputs["spec"]
        assert (spec["maxUnavailable"], spec["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
        assert spec["selector"] == program.find("Deployment", budget.name).inputs["spec"]["selector"]
    single = run_program(overlay(config, {"identity": {"replicas": 1}, "edge": {"replicas": 1}}))
    assert single.of_kind("PodDisruptionBudget") == []
    assert single.find("Deployment", "web4-identity").inputs["spec"]["replicas"] == 1
    assert program.of_kind("HorizontalPodAutoscaler") == []
