"""The security gate: a version is attacked before it serves (guide, Security Validation; decision 20)."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes import batch, core, meta

from infra import database_access
from infra.components import identity
from infra.identity_environment import PORT, ServiceArgs, plain_variables
from infra.kube import content_hash, metadata
from infra.pods import hardened_pod, resources
from infra.priorities import Priority

APP = "web4-identity-gate"
SCHEMA = "web4_security_gate"
"""Beside the registry's schema in the same database; each run drops what the one before left."""

SOCIETY = "security-gate"
CALLER_KEY = "/tmp/caller.pem"
ADDRESSES = "127.77.0.0/26"
"""Where the attacks come from: the limit for one address stays as it is, and no client has one of these."""

PAYER_LIMIT = "1000"
"""What one payer may ask while it is attacked: all of it is signed by one, and 20 a minute would take it 10 minutes."""

SECONDS = 600

VALIDATION = {"web4.io/security-validation": "true"}
"""On each pod that attacks the service; the policy pack looks for it."""


class Gate(pulumi.ComponentResource):
    """A Job in which no attack got through: Pulumi waits for it, and fails without going on when one did.

    Its pod runs the version as the Deployment will, beside the attacks and out of clients' reach. As the migrations'
    Job, it runs once for one content. One that failed is run again by the next `pulumi up`, and one that passed stays
    until another version has passed, so that going back to what it passed needs no second run.
    """

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Gate", name, None, opts)
        changes = {"DATABASE_SCHEMA": SCHEMA, "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": PAYER_LIMIT}
        variables = {**plain_variables(args), **changes}
        prepare = {
            **setup_container(args, SOCIETY, "--scratch", *database_access.wait_for_roles(args.database)),
            "env": [
                *(core.v1.EnvVarArgs(name=key, value=value) for key, value in variables.items()),
                *database_access.owner_variables(args.database),
            ],
        }
        attack = attack_container(
            args,
            *("--url", f"http://127.0.0.1:{PORT}", "--society", SOCIETY),
            *("--source-address", ADDRESSES, "--max-seconds", str(SECONDS - 60)),
            *(("--authority", args.authorities[0]) if args.authorities else ()),
        )
        elsewhere = args.database.external.model_dump() if args.database.external else None
        content = content_hash(args.image, variables, prepare["command"], attack["command"], elsewhere)
        # Another name for Pulumi too: the Job before goes when this one has passed, and not before it is made.
        batch.v1.Job(
            f"{APP}-{content}",
            metadata=metadata(
                f"{APP}-{content}", args.namespace, APP, annotations={"pulumi.com/replaceUnready": "true"}
            ),
            spec=batch.v1.JobSpecArgs(
                backoff_limit=0,  # an attack that gets through at the first try has got through
                active_deadline_seconds=SECONDS,
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": APP, **VALIDATION}),
                    spec=hardened_pod(
                        attack,
                        args=args,
                        priority=Priority.SERVING,
                        writable={"/tmp": "64Mi"},
                        before=[prepare, {**identity.service_container(args, **changes), "restart_policy": "Always"}],
                        volumes=identity.service_volumes(args),
                        restart_policy="Never",
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(create="15m")),
        )
        self.register_outputs({})


def setup_container(args: ServiceArgs, society: str, *words: str) -> dict[str, Any]:
    """Makes a key and founds `society` for the attacks; `env` is for the caller to add."""
    return {
        "name": "prepare",
        "image": args.image,
        "command": ["web4-identity", "validate-setup", "--caller-key", CALLER_KEY, "--society", society, *words],
        "volume_mounts": database_access.ca_mounts(args.database),
        "termination_message_policy": "FallbackToLogsOnError",
        "resources": resources(cpu="100m", memory="128Mi", cpu_limit="1", memory_limit="512Mi"),
    }


def attack_container(args: ServiceArgs, *words: str, mounts: Sequence[core.v1.VolumeMountArgs] = ()) -> dict[str, Any]:
    """Runs the attacks, and ends well only when none got through; its last lines are what Kubernetes tells of it."""
    limits = ["--rate-limit", str(args.identity.rate_limit_per_ip)]
    limits += ["--rate-window", str(args.identity.rate_limit_window)]
    return {
        "name": "attack",
        "image": args.image,
        "command": ["web4-identity", "validate", "--caller-key", CALLER_KEY, *limits, *words],
        "volume_mounts": mounts,
        "termination_message_policy": "FallbackToLogsOnError",
        "resources": resources(cpu="100m", memory="128Mi", cpu_limit="1", memory_limit="512Mi"),
    }
