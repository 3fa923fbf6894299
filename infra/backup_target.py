"""Where backups go, in the words of CloudNativePG and of a container of ours: a store elsewhere or the stack's own."""

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
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"


class Target(Frozen):
    """A bucket, and how to reach it."""

    destination: str
    endpoint: str | None
    ca_secret: str | None
    credentials: str | None
    iam_role: str | None


def target(backup: BackupSettings) -> Target:
    """The target of these settings."""
    if backup.local_store:
        return Target(
            destination=object_store.DESTINATION,
            endpoint=object_store.ENDPOINT,
            ca_secret=object_store.TLS_SECRET,
            credentials=object_store.CREDENTIALS_SECRET,
            iam_role=None,
        )
    return Target(
        destination=backup.destination or "",
        endpoint=backup.endpoint,
        ca_secret=backup.endpoint_ca_secret_name,
        credentials=backup.credentials_secret_name,
        iam_role=backup.iam_role,
    )


def port(backup: BackupSettings) -> int:
    """The port at which the store listens."""
    parts = urlsplit(target(backup).endpoint or "https://s3.amazonaws.com")
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def barman_object_store(backup: BackupSettings) -> dict[str, Any]:
    """The `barmanObjectStore` of a Cluster."""
    to = target(backup)
    packing: dict[str, str] = {} if backup.compression == "none" else {"compression": backup.compression}
    if backup.encryption:
        packing["encryption"] = backup.encryption
    references = {"accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY}
    credentials = {kind: {"name": to.credentials, "key": key} for kind, key in references.items()}
    return {
        "destinationPath": to.destination,
        **({"endpointURL": to.endpoint} if to.endpoint else {}),
        **({"endpointCA": {"name": to.ca_secret, "key": CA_KEY}} if to.ca_secret else {}),
        "s3Credentials": {"inheritFromIAMRole": True} if to.iam_role else credentials,
        "wal": packing,
        # Without it a base backup waits for the next checkpoint, minutes on an idle database.
        "data": {**packing, "immediateCheckpoint": True},
    }


def service_account_annotations(backup: BackupSettings) -> dict[str, str]:
    """What a ServiceAccount needs for its pods to take on the role; nothing with credentials."""
    return {ROLE_ANNOTATION: backup.iam_role} if backup.iam_role else {}


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
