"""A stack's configuration with files of its own, and the program's resources for it."""

import functools
from pathlib import Path
from typing import Any

import pytest
from infra_recording import (
    DATABASE_PASSWORD,
    PRIVATE_KEY,
    REDIS_KEY,
    REDIS_PASSWORD,
    STORE_KEY,
    Program,
    ProgramOf,
    run_program,
)
from infra_stacks import EDITED, example

from infra.environments import overlay

MANIFESTS = Path(__file__).parent / "manifests"
OTHERWISE: dict[str, Any] = {
    "backup": {"archive_seconds": 300, "base_schedule": "30 1 * * 0"},
    "database": {"instances": 3, "storage": "20Gi", "storage_class": "fast", "uid": 26, "max_connections": 140},
    "identity": {"max_replicas": 4, "db_pool_size": 15, "rate_limit_per_ip": 50, "atp_mint_scale_factor": 1.25},
    "images": {"postgres": "localhost/postgres:1"},
    "monitoring": {
        "storage": "5Gi",
        "remote_write": {"url": "https://mimir.web4.io/api/v1/push", "secret_name": "mimir"},
        "runbook_url": "https://git.web4.io/runbooks/",
        "grafana_url": "https://grafana.web4.io",
        "alerts": {
            "HighRejectionRate": {"threshold": 25, "patience": "10m", "severity": "critical"},
            "RestoreDrillTooOld": {"threshold": 2678400},
            "MintLatencyBurn": {"off": True},
        },
    },
    "quota": {"cpu": "2", "memory": "6Gi", "pods": 20},
}
_NO_FILES = {"certificate_file": None, "private_key_file": None}
BY_HAND: dict[str, Any] = {
    "database": {"app_password_file": None, "app_secret_name": "by-hand", "reader_secret_name": "for-people"},
    "redis": {
        "password_file": None,
        "secret_name": "by-hand",
        "tls": {**_NO_FILES, "ca_file": None, "secret_name": "by-cert-manager"},
    },
    "edge": {"tls": {**_NO_FILES, "secret_name": "from-elsewhere"}},
}


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The smallest configuration of stack local: what `make up` adds to Pulumi.local.yaml."""
    folder = tmp_path_factory.mktemp("machine")
    files = {"kubeconfig": "", "tls.crt": "-----BEGIN CERTIFICATE-----\n", "tls.key": PRIVATE_KEY}
    files |= {"redis.key": REDIS_KEY, "redis-password": f"{REDIS_PASSWORD}\n"}
    files |= {"database-password": f"{DATABASE_PASSWORD}\n", "store-key": f"{STORE_KEY}\n"}
    for name, text in files.items():
        (folder / name).write_text(text)
    tls = {"certificate_file": "tls.crt", "private_key_file": "redis.key", "ca_file": "tls.crt"}
    certificate = {name: str(folder / file) for name, file in tls.items()}
    return {
        "environment": "local",
        "cluster": {"kubeconfig": str(folder / "kubeconfig"), "context": "local"},
        "images": {"nginx": "localhost/web4/nginx:0123"},
        "platform": {"manifests": str(MANIFESTS)},
        "database": {"app_password_file": str(folder / "database-password")},
        "redis": {
            "password_file": str(folder / "redis-password"),
            "tls": certificate,
        },
        "backup": {"local_store": {"secret_key_file": str(folder / "store-key"), **certificate}},
        "edge": {"tls": {"certificate_file": str(folder / "tls.crt"), "private_key_file": str(folder / "tls.key")}},
    }


@pytest.fixture(scope="session")
def program(config: dict[str, Any]) -> Program:
    return run_program(config)


@pytest.fixture(scope="session")
def again(config: dict[str, Any]) -> Program:
    """A second run of what `program` is: what differs between both differs for no reason."""
    return run_program(config)


@pytest.fixture(scope="session")
def otherwise(config: dict[str, Any]) -> Program:
    """The program with other sizes, times and limits than the defaults, none of which has to do with another.

    One run of it serves all who want to see that such a setting gets where it belongs.
    """
    return run_program(overlay(config, OTHERWISE))


@pytest.fixture(scope="session")
def by_hand(config: dict[str, Any]) -> Program:
    """The program with the names of Secrets that somebody else makes, in place of each file."""
    return run_program(overlay(config, BY_HAND))


@pytest.fixture(scope="session")
def program_of(config: dict[str, Any]) -> ProgramOf:
    """The program with an environment's committed example, prod's edited so that it is not refused; one run of each."""

    @functools.cache
    def run(environment: str) -> Program:
        stack = example(environment, Path(config["cluster"]["kubeconfig"]))
        return run_program(overlay(stack, EDITED if environment == "prod" else {}))

    return run
