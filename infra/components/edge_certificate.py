"""Where the edge's certificate comes from: files, a Secret that is there, or cert-manager; decision 18."""

import pulumi
from pulumi_kubernetes import core

from infra.kube import PART_OF, custom_resource, metadata
from infra.secret_refs import text_of
from infra.settings import EdgeSettings, TlsSettings
from infra.settings.edge import IssuerSettings

SECRET = "web4-edge-tls"
ISSUED = "web4-edge-issued"
"""Another name than that of the files' Secret, which Pulumi would delete when a stack goes over to an issuer."""
LIFETIME, RENEWAL = "2160h", "720h"
"""90 days, of which the last 30 are for as many attempts to renew it as are needed."""


def tls_secret(tls: TlsSettings) -> str:
    """The TLS Secret's name."""
    return tls.secret_name or (ISSUED if tls.issuer else SECRET)


def certificate(namespace: str, edge: EdgeSettings, app: str, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """What has to be there before a pod can mount the TLS Secret.

    Raises OSError when the certificate's files cannot be read.
    """
    if edge.tls.secret_name:
        return []
    if edge.tls.issuer:
        return [_issued(namespace, edge, edge.tls.issuer, app, opts)]
    return [_from_files(namespace, edge, app, opts)]


def _from_files(namespace: str, edge: EdgeSettings, app: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    key = pulumi.Output.secret(text_of(edge.tls.private_key_file))
    return core.v1.Secret(
        SECRET,
        metadata=metadata(SECRET, namespace, app),
        type="kubernetes.io/tls",
        string_data={"tls.crt": text_of(edge.tls.certificate_file), "tls.key": key},
        opts=opts,
    )


def _issued(
    namespace: str, edge: EdgeSettings, issuer: IssuerSettings, app: str, opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    spec = {
        "secretName": ISSUED,
        "secretTemplate": {"labels": {**PART_OF, "app": app}},
        "issuerRef": {"group": "cert-manager.io", "kind": issuer.kind, "name": issuer.name},
        "dnsNames": list(edge.hosts),
        "duration": LIFETIME,
        "renewBefore": RENEWAL,
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
    }
    # The pods could not start before; and an issuer that refuses says so here, not in a pod's events.
    return custom_resource(
        "cert-manager.io/v1", "Certificate", ISSUED, namespace, spec, opts, app=app, wait_for="Ready"
    )
