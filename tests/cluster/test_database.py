"""Three Postgres on the running cluster: what was acknowledged is on two disks, and outlives the primary."""

import time
from collections.abc import Callable

import httpx
from cluster_stack import Kubectl, Society

society = Society()

CLUSTER = "web4-identity-db"
INSTANCES = 3
FAILOVER_SECONDS = 180
PAUSE_SECONDS = 5  # under the limit for one client address: 20 requests a minute


NewClient = Callable[[], httpx.Client]


def primary(kubectl: Kubectl) -> str:
    return str(kubectl.json("get", "cluster", CLUSTER)["status"]["currentPrimary"])


def sql(kubectl: Kubectl, statement: str) -> list[str]:
    """The rows that the primary answers, each as one text."""
    psql = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement)
    return kubectl("exec", primary(kubectl), "--container=postgres", "--", *psql).split()


def wait_for_instances(kubectl: Kubectl) -> None:
    """Wait until the primary has all its replicas, which then follow it."""
    deadline = time.monotonic() + FAILOVER_SECONDS
    while True:
        status = kubectl.json("get", "cluster", CLUSTER)["status"]
        if status.get("readyInstances") == INSTANCES and status["phase"] == "Cluster in healthy state":
            return
        assert time.monotonic() < deadline, status["phase"]
        time.sleep(1)


def test_a_commit_waits_for_a_replica(kubectl: Kubectl) -> None:
    wait_for_instances(kubectl)
    assert sql(kubectl, "SHOW synchronous_standby_names")[:2] == ["ANY", "1"]
    assert sql(kubectl, "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'") == ["quorum"] * 2
    assert sql(kubectl, "SHOW synchronous_commit") == ["on"]


def test_replicas_and_the_service_are_connected_in_tls(kubectl: Kubectl) -> None:
    connected = "SELECT DISTINCT usename || ':' || ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
    found = sql(kubectl, connected + "WHERE client_addr IS NOT NULL ORDER BY 1")
    assert "streaming_replica:true" in found and "web4_identity_app:true" in found
    assert [each for each in found if not each.endswith(":true")] == []


def answers(client: httpx.Client, path: str) -> httpx.Response:
    """The answer of a registry that was just without its database, once it is 200."""
    deadline = time.monotonic() + FAILOVER_SECONDS
    while True:
        answer = client.get(path)
        if answer.status_code == 200 or time.monotonic() > deadline:
            return answer
        time.sleep(PAUSE_SECONDS)


def test_a_mint_outlives_the_primary_that_took_it(new_client: NewClient, kubectl: Kubectl) -> None:
    wait_for_instances(kubectl)
    old, client = primary(kubectl), new_client()
    minted = society.mint(client)
    assert minted.status_code == 201, minted.text
    kubectl("delete", "pod", old, "--grace-period=0", "--force")
    deadline = time.monotonic() + FAILOVER_SECONDS
    while primary(kubectl) == old:
        assert time.monotonic() < deadline, "no replica was promoted"
        time.sleep(1)
    found = answers(client, f"/v1/lct/{minted.json()['data']['lct_id']}")
    assert found.status_code == 200, found.text
    assert found.json()["binding"]["public_key"] == minted.json()["data"]["public_key"]
    wait_for_instances(kubectl)  # a commit waits for a replica, and the lost one follows the new primary
    again = society.mint(new_client())
    assert again.status_code == 201, again.text
    assert again.json()["caller_atp_remaining"] == minted.json()["caller_atp_remaining"] - again.json()["atp_cost"]
