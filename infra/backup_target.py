"""Where backups go, in the words of CloudNativePG and of a container of ours: a store elsewhere or the stack's own.

A store lets pods in by credentials in a Secret, or by who they are: then their ServiceAccounts carry an annotation of
the cloud's, and on Azure the pods a label (CloudNativePG 1.27, Appendix A).
"""

from typing import Any
from urllib.parse import urlsplit

from pulumi_kubernetes import core

from infra.components import object_store
from infra.frozen import Frozen
from infra.secret_refs import variable_from_secret
from infra.settings import BackupSettings

ACCESS_KEY, SECRET_KEY, CA_KEY = "ACCESS_KEY_ID", "ACCESS_SECRET_KEY", "ca.crt"
"""Keys of the credentials' Secret, CloudNativePG's own names, and of the CA's."""

CA_FOLDER = "/etc/web4/backup-ca"

METADATA_SERVER = ("169.254.169.252/32", "169.254.169.254/32")
METADATA_PORTS = (80, 988)
"""Where pods on GKE get their tokens: the second address and port 80 with Dataplane V2, else the first and 988
(Google's how-to of Workload Identity Federation, on network policies)."""


class Target(Frozen):
    """A bucket, and how to reach it."""

    destination: str
    endpoint: str | None
    ca_secret: str | None
    credentials: str | None


def target(backup: BackupSettings) -> Target:
    """The target of these settings."""
    if backup.local_store:
        return Target(
            destination=object_store.DESTINATION,
            endpoint=object_store.ENDPOINT,
            ca_secret=object_store.TLS_SECRET,
            credentials=object_store.CREDENTIALS_SECRET,
        )
    return Target(
        destination=backup.destination or "",
        endpoint=backup.endpoint,
        ca_secret=backup.endpoint_ca_secret_name,
        credentials=backup.credentials_secret_name,
    )


def port(backup: BackupSettings) -> int:
    """The port at which the store listens."""
    parts = urlsplit(target(backup).endpoint or "https://s3.amazonaws.com")
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def barman_object_store(backup: BackupSettings) -> dict[str, Any]:
    """The `barmanObjectStore` of a Cluster."""
    to = target(backup)
    packing = {} if backup.compression == "none" else {"compression": backup.compression}
    if backup.encryption:
        packing["encryption"] = backup.encryption
    return {
        "destinationPath": to.destination,
        **({"endpointURL": to.endpoint} if to.endpoint else {}),
        **({"endpointCA": {"name": to.ca_secret, "key": CA_KEY}} if to.ca_secret else {}),
        **({"serverName": backup.server_name} if backup.server_name else {}),
        **_access(backup, to),
        "wal": packing,
        # Without it a base backup waits for the next checkpoint, minutes on an idle database.
        "data": {**packing, "immediateCheckpoint": True},
    }


def _access(backup: BackupSettings, to: Target) -> dict[str, Any]:
    """How barman is let in."""
    if backup.google_service_account:
        return {"googleCredentials": {"gkeEnvironment": True}}
    if backup.azure_client_id:
        return {"azureCredentials": {"inheritFromAzureAD": True}}
    if backup.iam_role:
        return {"s3Credentials": {"inheritFromIAMRole": True}}
    references = {"accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY}
    return {"s3Credentials": {kind: {"name": to.credentials, "key": key} for kind, key in references.items()}}


def service_account_annotations(backup: BackupSettings) -> dict[str, str]:
    """What a ServiceAccount needs for its pods to be let in as somebody; nothing with credentials."""
    identities = {
        "eks.amazonaws.com/role-arn": backup.iam_role,
        "iam.gke.io/gcp-service-account": backup.google_service_account,
        "azure.workload.identity/client-id": backup.azure_client_id,
    }
    return {annotation: identity for annotation, identity in identities.items() if identity}


def pod_labels(backup: BackupSettings) -> dict[str, str]:
    """What those pods need besides."""
    return {"azure.workload.identity/use": "true"} if backup.azure_client_id else {}


def aws_variables(backup: BackupSettings) -> list[core.v1.EnvVarArgs]:
    """The variables that AWS's libraries read, for a container that has the CA at `CA_FOLDER`."""
    to = target(backup)
    variables = []
    if to.ca_secret:
        variables.append(core.v1.EnvVarArgs(name="AWS_CA_BUNDLE", value=f"{CA_FOLDER}/{CA_KEY}"))
    if to.credentials:
        variables += [
            variable_from_secret("AWS_ACCESS_KEY_ID", to.credentials, ACCESS_KEY),
            variable_from_secret("AWS_SECRET_ACCESS_KEY", to.credentials, SECRET_KEY),
        ]
    return variables
