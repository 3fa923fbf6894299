"""The weekly security scan: the gate's attacks on the version that serves (guide, Post-Deployment; decision 20)."""

import pulumi
from pulumi_kubernetes import core

from infra import database_access
from infra.components import edge
from infra.components.edge_certificate import tls_secret
from infra.components.gate import VALIDATION, attack_container, setup_container
from infra.cron import cron_job
from infra.identity_environment import ServiceArgs, plain_variables
from infra.pods import hardened_pod
from infra.priorities import Priority
from infra.secret_refs import file_mounts, file_volumes
from infra.settings import EdgeSettings

APP = "web4-identity-scan"
SECONDS = 2 * 3600
"""The attacks come from one address, at the pace the edge lets one have: 40 minutes at the guide's rate."""

_CERTIFICATE, _FOLDER, _FILE = "edge-certificate", "/etc/web4/edge", "tls.crt"


class ScanArgs(ServiceArgs):
    """The service, the edge in front of it, when, and who is told."""

    edge: EdgeSettings
    schedule: str
    push_gateway: str
    """The Pushgateway's URL."""


class Scan(pulumi.ComponentResource):
    """A CronJob that attacks the service through its edge, as from outside, and pushes how it ended.

    Each run founds a society in the registry, called after its pod: prices grow with a society, so none serves twice.
    """

    def __init__(self, name: str, args: ScanArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Scan", name, None, opts)
        society = "$(POD_NAME)"
        pod_name = core.v1.EnvVarArgs(
            name="POD_NAME",
            value_from=core.v1.EnvVarSourceArgs(field_ref=core.v1.ObjectFieldSelectorArgs(field_path="metadata.name")),
        )
        prepare = {
            **setup_container(args, society),
            "env": [
                pod_name,
                *(core.v1.EnvVarArgs(name=key, value=value) for key, value in plain_variables(args).items()),
                *database_access.app_variables(args.database),
            ],
        }
        secret = tls_secret(args.edge.tls)
        attack = {
            **attack_container(
                args,
                *("--url", f"https://{edge.NAME}", "--society", society, "--max-seconds", str(SECONDS - 300)),
                *("--authority", args.authorities[0] if args.authorities else args.edge.server_name),
                *("--ca-file", f"{_FOLDER}/{_FILE}", "--push-gateway", args.push_gateway),
                mounts=file_mounts(_CERTIFICATE, secret, _FOLDER),
            ),
            "env": [pod_name],
        }
        pod = hardened_pod(
            attack,
            args=args,
            priority=Priority.WATCHING,
            writable={"/tmp": "64Mi"},
            before=[prepare],
            volumes=[
                *database_access.ca_volumes(args.database),
                *file_volumes(_CERTIFICATE, secret, _FILE),
            ],
            restart_policy="Never",
        )
        cron_job(
            APP,
            args.namespace,
            args.schedule,
            pod,
            pulumi.ResourceOptions(parent=self),
            labels=VALIDATION,
            cron={"successful_jobs_history_limit": 1, "failed_jobs_history_limit": 1},
            backoff_limit=0,
            active_deadline_seconds=SECONDS,
        )
        self.register_outputs({})
