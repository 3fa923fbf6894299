"""The Secrets that the stack refers to, made by the External Secrets operator from a store; decision 19."""

from typing import Any

import pulumi

from infra.frozen import Frozen
from infra.kube import PART_OF, custom_resource
from infra.referenced_secrets import ReferencedSecret
from infra.settings import ExternalSecretsSettings, SecretsSettings


class ExternalSecretsArgs(Frozen):
    """Where, which Secrets, and what they are made from."""

    namespace: str
    secrets: SecretsSettings
    referenced: tuple[ReferencedSecret, ...]


class ExternalSecrets(pulumi.ComponentResource):
    """An ExternalSecret for each Secret; ready when the operator has made them all. None without a store.

    Only names are here: what is in a Secret goes from the store to the cluster and never through Pulumi.
    """

    def __init__(self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:ExternalSecrets", name, None, opts)
        if external := args.secrets.external:
            for secret in args.referenced:
                custom_resource(
                    "external-secrets.io/v1",
                    "ExternalSecret",
                    secret.name,
                    args.namespace,
                    _spec(external, secret),
                    pulumi.ResourceOptions(parent=self),
                    wait_for="Ready",
                )
        self.register_outputs({})


def _spec(external: ExternalSecretsSettings, secret: ReferencedSecret) -> dict[str, Any]:
    template: dict[str, Any] = {"type": secret.type, "metadata": {"labels": {**PART_OF, **secret.labels}}}
    if secret.role:
        # The role is ours to say: an entry of another user would lock the service out.
        template |= {"mergePolicy": "Merge", "data": {"username": secret.role}}
    return {
        "refreshInterval": external.refresh,
        "secretStoreRef": {"kind": external.store_kind, "name": external.store},
        # Retain: an entry that is gone from the store must not take a running stack's password with it.
        "target": {"name": secret.name, "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": template},
        "dataFrom": [{"extract": {"key": f"{external.prefix}{secret.name}"}}],
    }
