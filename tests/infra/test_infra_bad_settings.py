"""Each bad setting ends the program with a line of its own that names the key, before anything is registered."""

from typing import Any

import pulumi
import pytest
from infra_recording import Resource, run_program

from infra.environments import overlay

pytestmark = pytest.mark.infra

PLAIN_NGINX = "docker.io/library/nginx:1.28"
EXTERNAL_POSTGRES = {"secret_name": "dsns", "key": "service"}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an environment that does not exist": (
        {"environment": "production"},
        "environment: got 'production', want one of local, dev, staging, prod",
    ),
    "an unknown section": (
        {"egde": {}},
        "egde: unknown key; allowed here: backup, cluster, ",
    ),
    "a section that is no section": (
        {"identity": "{replicas: 2"},
        "identity: Input should be a valid dictionary or instance of IdentitySettings",
    ),
    "an unknown key": (
        {"pods": {"sprad": "DoNotSchedule"}},
        "pods.sprad: unknown key; allowed here: ephemeral_storage, spread",
    ),
    "an unknown key two sections deep": (
        {"edge": {"tls": {"cert": "x"}}},
        "edge.tls.cert: unknown key; allowed here: certificate_file, ",
    ),
    "a namespace in capitals": (
        {"namespace": "Web4"},
        "namespace: String should match pattern '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'",
    ),
    "a kubeconfig that is not there": (
        {"cluster": {"kubeconfig": "/nowhere/kubeconfig"}},
        "cluster.kubeconfig: no such file: /nowhere/kubeconfig",
    ),
    "no context": (
        {"cluster": {"context": None}},
        "cluster: give kubeconfig and context, or render_to alone",
    ),
    "a cluster and a folder": (
        {"cluster": {"render_to": "build/x"}},
        "cluster: give kubeconfig and context, or render_to alone",
    ),
    "an address without its length": (
        {"cluster": {"pod_cidr": "10.244.0.0"}},
        "cluster.pod_cidr: String should match pattern '^[0-9.]+/[0-9]{1,2}$'",
    ),
    "a network with host bits": (
        {"cluster": {"api_server_cidrs": ["10.0.0.1/8"]}},
        "cluster.api_server_cidrs.0: 10.0.0.1/8 has host bits set",
    ),
    "operators without manifests": (
        {"platform": {"manifests": None}},
        "platform: install is true, so manifests must name the folder of ",
    ),
    "manifests that are not there": (
        {"platform": {"manifests": "/nowhere"}},
        "platform: no such file: /nowhere/cloudnative-pg.yaml",
    ),
    "an image with a space": (
        {"images": {"redis": "redis: 7.4"}},
        "images.redis: String should match pattern '^\\S+$'",
    ),
    "another way to spread": (
        {"pods": {"spread": "Sometimes"}},
        "pods.spread: Input should be 'ScheduleAnyway' or 'DoNotSchedule'",
    ),
    "a yes that is none": (
        {"pods": {"ephemeral_storage": "perhaps"}},
        "pods.ephemeral_storage: Input should be a valid boolean, unable to interpret input",
    ),
    "too few pods for the stack": (
        {"quota": {"pods": 5}},
        "quota.pods: Input should be greater than or equal to 10",
    ),
    "an amount that is none": (
        {"quota": {"memory": "8 GB"}},
        "quota.memory: String should match pattern '^[0-9]+(\\.[0-9]+)?(m|[kMGT]i?)?$'",
    ),
    "no instance": (
        {"database": {"instances": 0}},
        "database.instances: Input should be greater than or equal to 1",
    ),
    "an amount in words": (
        {"database": {"storage": "much"}},
        "database.storage: String should match pattern '^[0-9]+(\\.[0-9]+)?(m|[kMGT]i?)?$'",
    ),
    "too few connections for Postgres": (
        {"database": {"max_connections": 10}},
        "database.max_connections: Input should be greater than or equal to 30",
    ),
    "too few connections for the service": (
        {"database": {"max_connections": 40}, "identity": {"replicas": 6}},
        "database.max_connections: 40, fewer than 80: 60 for the service ",
    ),
    "two passwords for the service's role": (
        {"database": {"app_secret_name": "db"}},
        "database: give either app_password_file or app_secret_name",
    ),
    "no password for the service's role": (
        {"database": {"app_password_file": None}},
        "database: give either app_password_file or app_secret_name",
    ),
    "passwords for an external Postgres": (
        {"database": {"external": EXTERNAL_POSTGRES}},
        "database: app_password_file, app_secret_name and reader_secret_name are for the stack's own",
    ),
    "two passwords for Redis": (
        {"redis": {"secret_name": "redis"}},
        "redis: give either password_file or secret_name",
    ),
    "no password for Redis": (
        {"redis": {"password_file": None}},
        "redis: give either password_file or secret_name",
    ),
    "half a certificate for Redis": (
        {"redis": {"tls": {"ca_file": None}}},
        "redis.tls: give either certificate_file, private_key_file and ca_file, or secret_name",
    ),
    "a certificate for an external Redis": (
        {"redis": {"external": {"host": "redis.web4.io"}}},
        "redis: tls is for the stack's own Redis; for another, external.tls and external.ca_secret_name",
    ),
    "too little memory for Redis": (
        {"redis": {"max_memory_mib": 8}},
        "redis.max_memory_mib: Input should be greater than or equal to 16",
    ),
    "no replica": (
        {"identity": {"replicas": 0}},
        "identity.replicas: Input should be greater than or equal to 1",
    ),
    "fewer replicas at most than at least": (
        {"identity": {"replicas": 3, "max_replicas": 2}},
        "identity: max_replicas is 2, fewer than replicas, 3",
    ),
    "a reputation over one": (
        {"identity": {"min_witness_reputation": 2}},
        "identity.min_witness_reputation: Input should be less than or equal to 1",
    ),
    "an operator without an LCT id": (
        {"identity": {"operator_lct_ids": ["somebody"]}},
        "identity.operator_lct_ids.0: String should match pattern '^lct:web4:[A-Za-z0-9_:-]+$'",
    ),
    "another answer to a lost Redis": (
        {"identity": {"mints_without_redis": "maybe"}},
        "identity.mints_without_redis: Input should be 'refuse' or 'allow'",
    ),
    "a proof that is none": (
        {"genesis": {"binding_proof": "trust me"}},
        "genesis.binding_proof: String should match pattern '^cose:[A-Za-z0-9_-]+$'",
    ),
    "a host name with a scheme": (
        {"edge": {"server_name": "https://identity.web4.io"}},
        "edge.server_name: String should match pattern '^[a-z0-9.-]+$'",
    ),
    "an authority with a path": (
        {"edge": {"public_authorities": ["identity.web4.io/v1"]}},
        "edge.public_authorities.0: String should match pattern '^[a-z0-9.-]+(:[1-9][0-9]{0,4})?$'",
    ),
    "a rate that nginx does not know": (
        {"edge": {"rate_limit": {"rate": "ten a minute"}}},
        "edge.rate_limit.rate: String should match pattern '^[1-9][0-9]*r/[sm]$'",
    ),
    "a port below the nodes'": (
        {"edge": {"node_port": 443}},
        "edge.node_port: Input should be greater than or equal to 30000",
    ),
    "another kind of Service": (
        {"edge": {"service_type": "ExternalName"}},
        "edge.service_type: Input should be 'LoadBalancer', 'NodePort' or 'ClusterIP'",
    ),
    "two certificates for the edge": (
        {"edge": {"tls": {"secret_name": "edge-tls"}}},
        "edge.tls: give one of: certificate_file and private_key_file; secret_name; issuer",
    ),
    "half a certificate for the edge": (
        {"edge": {"tls": {"certificate_file": None}}},
        "edge.tls: give one of: certificate_file and private_key_file; secret_name; issuer",
    ),
    "a firewall without ModSecurity": (
        {"edge": {"waf": {"mode": "blocking"}}, "images": {"nginx": PLAIN_NGINX}},
        "edge.waf.mode: blocking needs an nginx with ModSecurity, and images.nginx is docker.io",
    ),
    "a firewall level that does not exist": (
        {"edge": {"waf": {"paranoia_level": 5}}},
        "edge.waf.paranoia_level: Input should be less than or equal to 4",
    ),
    "a time in words": (
        {"monitoring": {"retention": "2 days"}},
        "monitoring.retention: String should match pattern '^([0-9]+(ms|[smhdwy]))+$'",
    ),
    "a pager that Alertmanager does not know": (
        {"monitoring": {"pager": {"kind": "smoke", "secret_name": "pager"}}},
        "monitoring.pager.kind: Input should be 'pagerduty', 'opsgenie', 'slack', 'email' or 'webhook'",
    ),
    "a pager for an old Alertmanager": (
        {"monitoring": {"pager": {"kind": "webhook", "secret_name": "pager"}, "alertmanager_version": "0.25.0"}},
        "monitoring: pager needs Alertmanager 0.26.0 or newer, alertmanager_version is 0.25.0",
    ),
}
"""A change to a good configuration, and what the one line begins with after `web4-identity:`."""


def lines_of(config: dict[str, Any]) -> list[str]:
    """What the program says when it refuses `config`."""
    made: list[Resource] = []
    with pytest.raises(pulumi.RunError) as caught:
        run_program(config, made)
    assert [each.type for each in made if each.type != "pulumi:pulumi:Stack"] == []
    return str(caught.value).splitlines()


@pytest.mark.parametrize(("change", "line"), BAD.values(), ids=BAD)
def test_a_bad_setting_is_refused_before_anything_is_made(
    config: dict[str, Any], change: dict[str, Any], line: str
) -> None:
    (found,) = lines_of(overlay(config, change))
    assert found.startswith(f"web4-identity:{line}")


def test_the_table_is_as_long_as_the_issue_wants_it() -> None:
    assert len(BAD) >= 25


def test_every_mistake_has_a_line_of_its_own(config: dict[str, Any]) -> None:
    change = {"identity": {"replicas": 0, "min_witness_reputation": 2}, "namespace": "Web4"}
    assert [line.split(": ")[0] for line in lines_of(overlay(config, change))] == [
        "web4-identity:namespace",
        "web4-identity:identity.replicas",
        "web4-identity:identity.min_witness_reputation",
    ]


def test_an_environment_that_does_not_exist_hides_no_other_mistake(config: dict[str, Any]) -> None:
    lines = lines_of(overlay(config, {"environment": "production", "identity": {"replicas": 0}}))
    assert [line.split(": ")[0] for line in lines] == ["web4-identity:environment", "web4-identity:identity.replicas"]


def test_a_required_key_is_named(config: dict[str, Any]) -> None:
    without = {key: value for key, value in config.items() if key != "environment"}
    assert lines_of(without) == ["web4-identity:environment: got None, want one of local, dev, staging, prod"]
    edge = {key: value for key, value in config["edge"].items() if key != "tls"}
    assert lines_of({**config, "edge": edge}) == ["web4-identity:edge.tls: required, and not set"]
