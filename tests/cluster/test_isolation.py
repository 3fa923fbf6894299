"""What pods cannot do on the running cluster: speak where no arrow leads, and, the service's own, bend the database."""

import json
from collections.abc import Iterator

import pytest
from cluster_stack import Kubectl

REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
    print("open")
except OSError as error:
    print("shut:", type(error).__name__)
"""
QUERY = """
import asyncio, asyncpg, os, sys
async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        print(await connection.fetchval(sys.argv[1]))
    except asyncpg.PostgresError as error:
        print("refused:", type(error).__name__)
    await connection.close()
asyncio.run(main())
"""


STORES_AND_SERVICE = [
    ("web4-identity-db-rw.web4", "5432"),
    ("web4-identity-db-r.web4", "5432"),
    ("redis-service.web4", "6379"),
    ("web4-identity-service.web4", "80"),
    ("prometheus-operated.web4", "9090"),
    ("alertmanager-operated.web4", "9093"),
]


def in_service(kubectl: Kubectl, script: str, *words: str) -> str:
    return kubectl("exec", "deployment/web4-identity", "--", "python3", "-c", script, *words).strip()


@pytest.fixture(scope="module", params=["web4", "default"])
def stray(request: pytest.FixtureRequest, kubectl: Kubectl) -> Iterator[tuple[str, ...]]:
    """A pod that nobody expects, in our namespace and in one where nothing keeps it from asking; how to run in it."""
    service = kubectl.json("get", "deployment", "web4-identity")["spec"]["template"]["spec"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "stray", "labels": {"app": "stray"}},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": service["securityContext"],
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "stray",
                    "image": service["containers"][0]["image"],
                    "imagePullPolicy": "Never",
                    "command": ["sleep", "3600"],
                    "securityContext": service["containers"][0]["securityContext"],
                }
            ],
        },
    }
    place = f"--namespace={request.param}"
    kubectl(place, "apply", "--filename=-", stdin=json.dumps(pod))
    try:
        kubectl(place, "wait", "pod/stray", "--for=condition=Ready", "--timeout=60s")
        yield (place, "exec", "stray", "--", "python3", "-c", REACH)
    finally:
        kubectl(place, "delete", "pod", "stray")


@pytest.mark.parametrize(("host", "port"), STORES_AND_SERVICE)
def test_a_stray_pod_reaches_nothing_of_ours(kubectl: Kubectl, stray: tuple[str, ...], host: str, port: str) -> None:
    assert kubectl(*stray, host, port).strip() == "shut: TimeoutError"


def test_a_stray_pod_reaches_what_is_for_everybody(kubectl: Kubectl, stray: tuple[str, ...]) -> None:
    assert kubectl(*stray, "kube-dns.kube-system", "53").strip() == "open"


@pytest.mark.parametrize(("host", "port"), [("web4-identity-db-rw", "5432"), ("redis-service", "6379")])
def test_the_service_reaches_its_stores(kubectl: Kubectl, host: str, port: str) -> None:
    assert in_service(kubectl, REACH, host, port) == "open"


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("alertmanager-operated", "9093"),
        ("prometheus-operated", "9090"),
        ("web4-edge", "443"),
        ("kubernetes.default", "443"),
    ],
)
def test_the_service_reaches_nothing_else(kubectl: Kubectl, host: str, port: str) -> None:
    assert in_service(kubectl, REACH, host, port) == "shut: TimeoutError"


def test_the_service_logs_in_over_tls_as_a_role_of_its_own(kubectl: Kubectl) -> None:
    who = "SELECT current_user || ' ' || ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert in_service(kubectl, QUERY, who) == "web4_identity_app true"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "UPDATE ledger_entries SET amount = 1",
        "DELETE FROM audit_entries",
        "DROP TRIGGER ledger_entries_append_only ON ledger_entries",
    ],
)
def test_the_service_cannot_bend_the_books(kubectl: Kubectl, statement: str) -> None:
    assert in_service(kubectl, QUERY, statement) == "refused: InsufficientPrivilegeError"


def test_redis_wants_a_password(kubectl: Kubectl) -> None:
    ping = "unset REDISCLI_AUTH; redis-cli --tls --cacert /etc/web4/redis-tls/ca.crt ping"
    assert "NOAUTH" in kubectl("exec", "deployment/redis", "--", "sh", "-c", ping)
