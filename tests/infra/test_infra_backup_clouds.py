"""Backups to each cloud's own store: how pods are let in, by which network, and what the copy of the settings does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest
from infra_recording import ROOT, Program, pod_template, run_program

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

AWS_ROLE = "arn:aws:iam::123456789012:role/web4-backup"
GOOGLE_ACCOUNT = "web4-backup@a-project.iam.gserviceaccount.com"
AZURE_IDENTITY = "01234567-89ab-cdef-0123-456789abcdef"
STORES: dict[str, dict[str, Any]] = {
    "s3": {"destination": "s3://web4-backups/prod", "iam_role": AWS_ROLE},
    "gs": {"destination": "gs://web4-backups/prod", "google_service_account": GOOGLE_ACCOUNT},
    "azure": {
        "destination": "https://web4backups.blob.core.windows.net/backups/prod",
        "azure_client_id": AZURE_IDENTITY,
    },
}
ACCESS = {
    "s3": ("s3Credentials", {"inheritFromIAMRole": True}, "eks.amazonaws.com/role-arn", AWS_ROLE),
    "gs": ("googleCredentials", {"gkeEnvironment": True}, "iam.gke.io/gcp-service-account", GOOGLE_ACCOUNT),
    "azure": ("azureCredentials", {"inheritFromAzureAD": True}, "azure.workload.identity/client-id", AZURE_IDENTITY),
}


@pytest.fixture(scope="module", params=STORES)
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def program(config: dict[str, Any], cloud: str) -> Program:
    return run_program(overlay(config, {"backup": {"local_store": None, **STORES[cloud]}}))


def problem(config: dict[str, Any], change: dict[str, Any]) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"backup": {"local_store": None, **change}}))
    return str(caught.value)


def test_who_archives_and_who_copies_are_let_in_as_the_same_identity_without_a_key(
    program: Program, cloud: str
) -> None:
    kind, words, annotation, identity = ACCESS[cloud]
    spec = program.find("Cluster", "web4-identity-db").inputs["spec"]
    store = spec["backup"]["barmanObjectStore"]
    assert store["destinationPath"] == STORES[cloud]["destination"]
    assert {key: value for key, value in store.items() if key.endswith("Credentials")} == {kind: words}
    assert spec["serviceAccountTemplate"]["metadata"]["annotations"] == {annotation: identity}
    account = program.find("ServiceAccount", "web4-configuration-copy")
    assert account.inputs["metadata"]["annotations"] == {annotation: identity}
    template = pod_template(program.find("CronJob", "web4-configuration-copy"))
    assert template["spec"]["serviceAccountName"] == account.name
    assert not [each for each in template["spec"]["containers"][0]["env"] if "valueFrom" in each]


def test_on_azure_alone_the_pods_are_labelled_too(program: Program, cloud: str) -> None:
    label = {"azure.workload.identity/use": "true"} if cloud == "azure" else {}
    spec = program.find("Cluster", "web4-identity-db").inputs["spec"]
    assert spec.get("inheritedMetadata", {}).get("labels", {}) == label
    labels = pod_template(program.find("CronJob", "web4-configuration-copy"))["metadata"]["labels"]
    assert labels == {"app": "web4-configuration-copy", **label}


def test_on_gke_alone_they_reach_the_metadata_server(program: Program, cloud: str) -> None:
    found = {each.name for each in program.of_kind("NetworkPolicy") if "metadata-server" in each.name}
    who = {"postgres", "restored", "configuration-copy"} if cloud == "gs" else set()
    assert found == {f"{each}-to-metadata-server-out" for each in who}
    for name in found:
        (rule,) = program.find("NetworkPolicy", name).inputs["spec"]["egress"]
        blocks = {peer["ipBlock"]["cidr"] for peer in rule["to"]}
        assert blocks == {"169.254.169.252/32", "169.254.169.254/32"}
        assert {int(port["port"]) for port in rule["ports"]} == {80, 988}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"destination": "gs://web4-backups", "iam_role": AWS_ROLE}, "give google_service_account, and no other"),
        ({"destination": "gs://web4-backups"}, "for gs://web4-backups give google_service_account"),
        ({**STORES["azure"], "google_service_account": GOOGLE_ACCOUNT}, "give azure_client_id, and no other access"),
        ({**STORES["s3"], "azure_client_id": AZURE_IDENTITY}, "give credentials_secret_name or iam_role, and no other"),
        ({**STORES["gs"], "endpoint": "https://s3.web4.io"}, "endpoint is for a destination s3://, and it is gs://"),
        ({**STORES["azure"], "encryption": "AES256"}, "encryption is for a destination s3://, and it is https://"),
        ({**STORES["gs"], "google_service_account": "somebody@gmail.com"}, ".google_service_account: String should"),
        ({**STORES["azure"], "azure_client_id": "web4-backup"}, ".azure_client_id: String should match pattern"),
        ({**STORES["azure"], "destination": "https://web4.io/backups"}, ".destination: String should match pattern"),
    ],
)
def test_what_cannot_be_is_told(config: dict[str, Any], change: dict[str, Any], line: str) -> None:
    assert line in problem(config, change)


FAKES = {
    "boto3": """
def client(service, endpoint_url=None): return Client()
class Client:
    def put_object(self, Bucket, Key, Body): Client.kept = (Bucket, Key, Body)
    def get_object(self, Bucket, Key):
        assert Client.kept[:2] == (Bucket, Key)
        import io; return {"Body": io.BytesIO(Client.kept[2] + EXTRA)}
""",
    "google.cloud.storage": """
class Client:
    def bucket(self, name): self.bucket = name; return self
    def blob(self, key): assert self.bucket == "web4-backups", self.bucket; return self
    def upload_from_string(self, content): self.kept = content
    def download_as_bytes(self): return self.kept + EXTRA
""",
    "azure.identity": "class DefaultAzureCredential: pass",
    "azure.storage.blob": """
class BlobServiceClient:
    def __init__(self, account_url, credential): assert account_url == "https://web4backups.blob.core.windows.net"
    def get_blob_client(self, container, key):
        assert container == "backups" and key.startswith("prod/configuration/"), (container, key)
        return self
    def upload_blob(self, content): self.kept = content
    def download_blob(self): return self
    def readall(self): return self.kept + EXTRA
""",
}
"""What the script asks of each library, and no more: the libraries are in Postgres's image, not here."""


def copied(folder: Path, destination: str, extra: bytes) -> subprocess.CompletedProcess[str]:
    """Runs the script beside the made-up libraries, which give back `extra` bytes more than they were given."""
    for name, text in FAKES.items():
        file = folder.joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"EXTRA = {extra!r}\n{text}")
    (folder / "settings.yaml").write_text("config: {}\n")
    return subprocess.run(
        [sys.executable, ROOT / "infra" / "copy_configuration.py", folder / "settings.yaml"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "DESTINATION": destination},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_settings_are_copied_and_read_back(cloud: str, tmp_path: Path) -> None:
    destination = STORES[cloud]["destination"]
    done = copied(tmp_path, destination, b"")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"copied to {destination}/configuration/")
    assert copied(tmp_path, destination, b"!").stderr.endswith("does not read back as it was written\n")
