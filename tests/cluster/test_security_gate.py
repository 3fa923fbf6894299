"""A version that lets an attack through is refused by the gate, while the version before goes on serving."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cluster_stack import Kubectl, Society, pulumi_up
from web4_identity.validation.craft import MINT_PATH, Party, Signing, signed_headers

from local import credentials, stack
from local.images import build as images
from local.images.catalogue import REPOSITORY
from local.paths import REPO

society = Society()

GATE = "web4-identity-gate"
CHECK = "        verify_signature(request, claim, public_key, self._skew)\n"
FILE = "web4_identity/http/payer_proof.py"
VARIANT = "identity-unchecked:test"


@pytest.fixture(scope="module")
def unchecked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of a service that believes any signature."""
    folder = tmp_path_factory.mktemp("unchecked")
    text = (REPO / "service" / FILE).read_text()
    assert text.count(CHECK) == 1
    (folder / "payer_proof.py").write_text(text.replace(CHECK, ""))
    recipe = folder / "Containerfile"
    place = f"/opt/web4/lib/python3.11/site-packages/{FILE}"
    recipe.write_text(f"FROM {images.references()['identity']}\nCOPY payer_proof.py {place}\n")
    images.add(VARIANT, recipe)
    return f"{REPOSITORY}/{VARIANT}"


def with_image(image: str, folder: Path) -> Path:
    """The stack's configuration with another image of the service."""
    document = yaml.safe_load(stack.CONFIG.read_text())
    document["config"][f"{stack.PROJECT}:images"]["identity"] = image
    changed = folder / stack.CONFIG.name
    changed.write_text(yaml.safe_dump(document))
    return changed


class Traffic:
    """Reads and forged mints through the edge, until it is left; what was answered is in `statuses`."""

    def __init__(self, clients: list[httpx.Client]) -> None:
        self._clients, self._done = clients, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.statuses: list[tuple[str, int | str]] = []

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        # One address asks every 8 s: under the edge's 10 requests a minute.
        while not self._done.wait(0.5):
            client = self._clients[turn % len(self._clients)]
            kind, ask = (("read", self._read), ("forged", self._forge))[turn % 2]
            try:
                self.statuses.append((kind, ask(client).status_code))
            except httpx.HTTPError as error:
                self.statuses.append((kind, repr(error)))
            turn += 1

    @staticmethod
    def _read(client: httpx.Client) -> httpx.Response:
        return client.get(f"/v1/lct/{credentials.founder().lct_id}")

    @staticmethod
    def _forge(client: httpx.Client) -> httpx.Response:
        """A mint in the founder's name with another's signature: the version with the check removed would take it."""
        request = client.build_request("POST", MINT_PATH, json=society.mint_body())
        forged = Signing(key_id=credentials.founder().lct_id)
        request.headers.update(
            signed_headers(Party.new(), request.content, request.headers["host"], os.urandom(8).hex(), forged)
        )
        return client.send(request)


@pytest.fixture
def traffic(new_client: Callable[[], httpx.Client]) -> Iterator[Traffic]:
    with Traffic([new_client() for _ in range(17)]) as running:
        yield running


def pulumi_up_under(traffic: Traffic, config: Path) -> subprocess.CompletedProcess[str]:
    """`pulumi up` during which every read was answered and every forged mint refused, and there were some of each."""
    before = len(traffic.statuses)
    done = pulumi_up(config)
    assert set(traffic.statuses[before:]) == {("read", 200), ("forged", 401)}
    return done


def gate_jobs(kubectl: Kubectl) -> dict[str, Any]:
    """The gates' Jobs by name: a CronJob's may come and go meanwhile."""
    jobs = {each["metadata"]["name"]: each for each in kubectl.json("get", "jobs")["items"]}
    return {name: job for name, job in jobs.items() if name.startswith(f"{GATE}-")}


def gate_messages(kubectl: Kubectl) -> list[str]:
    """What the attacks of each gate that failed ended with."""
    pods = kubectl.json("get", "pods", f"--selector=app={GATE}", "--field-selector=status.phase=Failed")["items"]
    statuses = [status for pod in pods for status in pod["status"]["containerStatuses"]]
    return [status["state"]["terminated"].get("message", "") for status in statuses]


def test_the_serving_version_has_passed_the_gate(kubectl: Kubectl) -> None:
    (job,) = gate_jobs(kubectl).values()
    assert job["status"]["succeeded"] == 1
    images_of = {each["image"] for each in job["spec"]["template"]["spec"]["initContainers"]}
    assert images_of == {images.references()["identity"]}


def test_a_version_with_a_check_removed_is_refused_while_the_one_before_answers_everything(
    kubectl: Kubectl, unchecked: str, traffic: Traffic, tmp_path: Path
) -> None:
    pods = kubectl.identity_pods()
    (gate,) = gate_jobs(kubectl)
    config = with_image(unchecked, tmp_path)
    for _ in ("first", "again"):
        refused = pulumi_up_under(traffic, config)
        assert refused.returncode != 0, refused.stdout
        assert f"{GATE}-" in refused.stdout + refused.stderr
        (message,) = gate_messages(kubectl)
        assert "got through: " in message and "forged signature" in message.rpartition("got through: ")[2]
    # Neither a pod of the service nor its schema has changed, and the gate passed before is still there.
    assert kubectl.identity_pods() == pods
    found = gate_jobs(kubectl)
    assert gate in found and len(found) == 2

    repaired = pulumi_up_under(traffic, stack.CONFIG)
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert list(gate_jobs(kubectl)) == [gate]
    assert kubectl.identity_pods() == pods


def test_the_gate_leaves_the_registry_as_it_was(kubectl: Kubectl) -> None:
    names = "SELECT string_agg(name, ' ') FROM {}.societies"
    query = ("exec", "web4-identity-db-1", "--container=postgres", "--", "psql", "--tuples-only", "web4_identity_db")
    assert kubectl(*query, "--command", names.format("web4_security_gate")).split() == ["security-gate"]
    assert "security-gate" not in kubectl(*query, "--command", names.format("public")).split()
    assert "the ledger is sound" in kubectl(
        "exec", "deployment/web4-identity", "--", "web4-identity", "ledger", "verify"
    )
