"""Alerts as they arrive: the heartbeat, an attack that raises its own alert only, a service that is gone and back."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from alert_inbox import Inbox, open_inbox, wait_until
from cluster_stack import Kubectl, Society
from live_prometheus import Prometheus

society = Society()

SYMPTOMS = {"EdgeDown", "EdgeAvailabilityBurn", "ServiceNotRedundant"}


@pytest.fixture(scope="module")
def inbox(kubectl: Kubectl) -> Iterator[Inbox]:
    with open_inbox(kubectl) as inbox:
        yield inbox


def firing(prometheus: Prometheus) -> set[str]:
    return {each["metric"]["alertname"] for each in prometheus.query('ALERTS{alertstate="firing"}')}


def suppressed(kubectl: Kubectl) -> set[str]:
    """The alerts that Alertmanager has and keeps to itself."""
    alerts = json.loads(kubectl.proxy("services", "alertmanager-operated", "9093", "/api/v2/alerts"))
    return {each["labels"]["alertname"] for each in alerts if each["status"]["inhibitedBy"]}


def test_the_heartbeat_arrives_each_interval(inbox: Inbox) -> None:
    wait_until("three beats of 30 s", lambda: len(inbox.received("heartbeat", "Watchdog")) >= 3, seconds=150)


def test_300_refused_mints_raise_the_alert_about_them_and_nothing_else(
    inbox: Inbox, prometheus: Prometheus, new_client: Callable[[], httpx.Client]
) -> None:
    before = firing(prometheus)
    assert society.mint(new_client()).status_code == 201
    for _ in range(20):
        client = new_client()
        answers = [society.forge_a_mint(client) for _ in range(15)]
        assert [answer.status_code for answer in answers] == [401] * 15
    wait_until("ForgedMints fires", lambda: "ForgedMints" in firing(prometheus), seconds=240)
    assert firing(prometheus) - before == {"ForgedMints"}
    wait_until("its ticket", lambda: inbox.received("tickets", "ForgedMints"), seconds=60)
    assert not inbox.received("pager", "ForgedMints")


def test_a_service_that_is_gone_calls_once_with_its_runbook_and_resolves(
    inbox: Inbox, kubectl: Kubectl, prometheus: Prometheus
) -> None:
    pods, before = len(kubectl.identity_pods()), inbox.names() | firing(prometheus)
    kubectl("scale", "deployment/web4-identity", "--replicas=0")
    try:
        wait_until("the pager is called", lambda: inbox.received("pager", "ServiceDown"), seconds=120)
        wait_until("a symptom is kept back", lambda: suppressed(kubectl) & SYMPTOMS, seconds=120)
        meanwhile = inbox.names() - before
    finally:
        kubectl("scale", "deployment/web4-identity", f"--replicas={pods}")
    kubectl.wait_for_replicas(pods)
    (alert,) = inbox.received("pager", "ServiceDown")[0]["alerts"]
    assert (alert["status"], alert["labels"]["severity"]) == ("firing", "critical")
    assert alert["annotations"]["runbook_url"].endswith("monitoring/runbooks/ServiceDown.md")
    wait_until(
        "the pager is told that it is over",
        lambda: inbox.received("pager", "ServiceDown")[-1]["status"] == "resolved",
        seconds=240,
    )
    # Of what it spent of an objective somebody may be told once it is over.
    assert not meanwhile & SYMPTOMS
