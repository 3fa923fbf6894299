"""The registry through the TLS edge, on the running cluster."""

import re
import socket
import ssl
import time
from collections.abc import Callable

import httpx
import pytest
from cluster_stack import Kubectl, Society

society = Society()

REQUESTS_PER_MINUTE = 20  # guide, Configuration: RATE_LIMIT_MAX_REQUESTS_PER_IP

NewClient = Callable[[], httpx.Client]


def served(kubectl: Kubectl, pod: str, pattern: str) -> float:
    """Sum the pod's series that match."""
    text = kubectl.proxy("pods", pod, "8001", "/metrics")
    return sum(float(line.split()[-1]) for line in text.splitlines() if re.match(pattern, line))


def minted(kubectl: Kubectl) -> dict[str, float]:
    pattern = r"web4_identity_lct_minted_total\{"
    return {pod: served(kubectl, pod, pattern) for pod in kubectl.identity_pods()}


def reads(kubectl: Kubectl) -> dict[str, float]:
    pattern = r'web4_identity_http_request_duration_seconds_count\{.*"/v1/lct/\{'
    return {pod: served(kubectl, pod, pattern) for pod in kubectl.identity_pods()}


def wait_until_each_replica_answers(client: httpx.Client, path: str, kubectl: Kubectl) -> None:
    """A pod is in the endpoints a second or more before kube-proxy sends it anything."""
    before = reads(kubectl)
    assert len(before) >= 2
    for _ in range(REQUESTS_PER_MINUTE):
        client.get(path)
        after = reads(kubectl)
        if all(after[pod] > before[pod] for pod in before):
            return
        time.sleep(1)
    raise AssertionError(f"a replica gets no requests: {before} {after}")


def test_mint_answers_201_with_its_cost(new_client: NewClient) -> None:
    answer = society.mint(new_client())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert re.fullmatch(r"lct:web4:mb32:b[a-z2-7]{52}", body["data"]["lct_id"])
    assert body["atp_cost"] >= 100
    assert "private" not in answer.text


def test_an_unsigned_mint_is_401(new_client: NewClient) -> None:
    answer = new_client().post("/v1/lct/mint", json=society.mint_body())
    assert (answer.status_code, answer.json()["code"]) == (401, "W4_ERR_SIGNATURE_MISSING")


def test_the_lct_outlives_the_pod_that_minted_it(new_client: NewClient, kubectl: Kubectl) -> None:
    client = new_client()
    before = minted(kubectl)
    answer = society.mint(client)
    assert answer.status_code == 201, answer.text
    (pod,) = [pod for pod, count in minted(kubectl).items() if count == before[pod] + 1]
    kubectl("delete", "pod", pod, "--wait=true")
    assert pod not in kubectl.identity_pods()
    found = client.get(f"/v1/lct/{answer.json()['data']['lct_id']}")
    assert found.status_code == 200
    assert found.json()["binding"]["public_key"] == answer.json()["data"]["public_key"]
    kubectl.wait_for_replicas(2)


def test_an_unknown_lct_is_404(new_client: NewClient) -> None:
    answer = new_client().get("/v1/lct/lct:web4:mb32:b" + "a" * 52)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_21st_request_in_a_minute_is_429_whichever_replica_answers(new_client: NewClient, kubectl: Kubectl) -> None:
    path = "/v1/lct/lct:web4:mb32:b" + "a" * 52
    wait_until_each_replica_answers(new_client(), path, kubectl)
    client = new_client()
    before = reads(kubectl)
    # A client that names another address for itself each time gains nothing by it.
    answers = [client.get(path, headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(REQUESTS_PER_MINUTE + 1)]
    assert [answer.status_code for answer in answers] == [404] * REQUESTS_PER_MINUTE + [429]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    after = reads(kubectl)
    assert all(after[pod] > before[pod] for pod in before), f"one replica answered all: {before} {after}"
    assert new_client().get(path).status_code == 404  # another address has a limit of its own


def test_health_is_the_guides_document(new_client: NewClient) -> None:
    body = new_client().get("/health").json()
    assert body.keys() == {"status", "timestamp", "version", "security_level"}
    assert (body["status"], body["version"]) == ("healthy", "3.0.0-phase2")
    assert body["security_level"] == "phase2_attack_resistance"


def test_the_guides_headers_are_on_answers_and_on_errors(new_client: NewClient) -> None:
    client = new_client()
    for path in ("/health", "/nowhere"):
        headers = client.get(path).headers
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"


def test_metrics_are_not_for_the_internet(new_client: NewClient) -> None:
    answer = new_client().get("/metrics")
    assert answer.status_code == 404
    assert "web4_identity" not in answer.text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_later_are_spoken(edge: tuple[str, int], tls: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    assert handshake(edge, version) == version.name.replace("_", ".")


def test_tls_1_1_is_refused(edge: tuple[str, int]) -> None:
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(edge, ssl.TLSVersion.TLSv1_1)


def handshake(edge: tuple[str, int], version: ssl.TLSVersion) -> str | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # or the client would refuse the old version, not the edge
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(edge, timeout=5) as plain, context.wrap_socket(plain) as secured:
        return secured.version()


def test_a_body_over_10_kib_is_413(new_client: NewClient) -> None:
    answer = new_client().post("/v1/lct/mint", json={**society.mint_body(), "metadata": {"x": "y" * 11_000}})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_refused_mint_costs_nothing(new_client: NewClient) -> None:
    client = new_client()
    first = society.mint(client)
    refused = society.mint(client, entity_type="human")  # no witnesses
    assert refused.status_code == 409, refused.text
    second = society.mint(client)
    assert second.status_code == 201, second.text
    spent = first.json()["caller_atp_remaining"] - second.json()["caller_atp_remaining"]
    assert spent == second.json()["atp_cost"]


def test_both_replicas_are_ready(kubectl: Kubectl) -> None:
    kubectl.wait_for_replicas(2)
