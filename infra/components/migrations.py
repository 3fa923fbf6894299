"""Brings the registry's schema up to date before the service that needs it starts."""

import pulumi
from pulumi_kubernetes import batch, core, meta

from infra import database_access
from infra.identity_environment import ServiceArgs, plain_variables
from infra.kube import content_hash, metadata
from infra.pods import hardened_pod, resources
from infra.priorities import Priority
from infra.settings import GenesisSettings

APP = "web4-identity-migrate"


class MigrationsArgs(ServiceArgs):
    """Whose migrations run, and the society they found if there is none."""

    genesis: GenesisSettings


class Migrations(pulumi.ComponentResource):
    """A Job that ran to its end: Pulumi waits for it, so whoever depends on this component meets the new schema.

    A finished Job cannot be changed, so its name carries a hash of what it runs: other content, another Job, and
    with the same content no second run. It has no ttlSecondsAfterFinished, as Pulumi would find it missing.
    """

    def __init__(self, name: str, args: MigrationsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Migrations", name, None, opts)
        command = ["web4-identity", "migrate", *database_access.wait_for_roles(args.database)]
        if args.genesis.public_key:
            command += ["--genesis-society", args.genesis.society, "--genesis-public-key", args.genesis.public_key]
            if args.genesis.binding_proof:
                command += ["--genesis-binding-proof", args.genesis.binding_proof]
            for witness in args.genesis.witnesses:
                command += ["--genesis-witness", witness]
        # The whole configuration, not only the DSN: founding a society grants ATP, and how much is a setting.
        variables = plain_variables(args)
        elsewhere = args.database.external.model_dump() if args.database.external else None
        container = {
            "name": "migrate",
            "image": args.image,
            "command": command,
            "env": [
                *(core.v1.EnvVarArgs(name=key, value=value) for key, value in variables.items()),
                *database_access.owner_variables(args.database),
            ],
            "volume_mounts": database_access.ca_mounts(args.database),
            "resources": resources(cpu="100m", memory="128Mi", cpu_limit="500m", memory_limit="512Mi"),
        }
        batch.v1.Job(
            APP,
            metadata=metadata(f"{APP}-{content_hash(args.image, command, variables, elsewhere)}", args.namespace, APP),
            spec=batch.v1.JobSpecArgs(
                backoff_limit=4,
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": APP}),
                    spec=hardened_pod(
                        container,
                        args=args,
                        priority=Priority.SERVING,
                        writable={"/tmp": "64Mi"},
                        volumes=database_access.ca_volumes(args.database),
                        restart_policy="Never",
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(create="10m")),
        )
        self.register_outputs({})
