"""An S3 gateway over a volume, where a stack has no object store: versitygw, TLS alone, one account."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.kube import content_hash, inner_service, metadata, volume_claim
from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority
from infra.secret_refs import variable_from_secret
from infra.settings import LocalStore

SERVICE = APP = "web4-object-store"
PORT = 7070
BUCKET = "web4-backup"
DESTINATION, ENDPOINT = f"s3://{BUCKET}", f"https://{SERVICE}:{PORT}"
"""The bucket is made by the first who writes to it, as barman-cloud does."""

CREDENTIALS_SECRET, TLS_SECRET = "web4-object-store-credentials", "web4-object-store-tls"
ACCESS_KEY = "web4"
_TLS_FOLDER, _DATA, _HEALTH = "/etc/web4/object-store-tls", "/data", "/health"


class ObjectStoreArgs(PodArgs):
    """Where, from which image, and whose credentials and certificate."""

    image: str
    store: LocalStore | None


class ObjectStore(pulumi.ComponentResource):
    """One gateway at `https://web4-object-store:7070`, its objects as files of a volume.

    With a store that is elsewhere, or without backups, there is none of this. Raises OSError when a file of the
    settings cannot be read.
    """

    def __init__(self, name: str, args: ObjectStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:ObjectStore", name, None, opts)
        if args.store:
            self._gateway(args, args.store)
        self.register_outputs({})

    def _gateway(self, args: ObjectStoreArgs, store: LocalStore) -> None:
        child = pulumi.ResourceOptions(parent=self)
        certificate = store.certificate_file.read_text(encoding="ascii")
        secrets: dict[str, dict[str, str | pulumi.Output[str]]] = {
            CREDENTIALS_SECRET: {
                "ACCESS_KEY_ID": ACCESS_KEY,
                "ACCESS_SECRET_KEY": pulumi.Output.secret(store.secret_key_file.read_text(encoding="ascii").strip()),
            },
            TLS_SECRET: {
                "tls.crt": certificate,
                "tls.key": pulumi.Output.secret(store.private_key_file.read_text(encoding="ascii")),
                "ca.crt": store.ca_file.read_text(encoding="ascii"),
            },
        }
        needed: list[pulumi.Resource] = [
            core.v1.Secret(each, metadata=metadata(each, args.namespace, APP), string_data=content, opts=child)
            for each, content in secrets.items()
        ]
        needed.append(volume_claim(APP, args.namespace, store.storage, child))
        apps.v1.Deployment(
            APP,
            metadata=metadata(APP, args.namespace, APP),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": APP}),
                strategy=apps.v1.DeploymentStrategyArgs(type="Recreate"),  # the volume has one user
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels={"app": APP},
                        # It reads its certificate at its start only, so another one must make a new pod.
                        annotations={"web4.io/content": content_hash(certificate)},
                    ),
                    spec=_pod(args),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )
        inner_service(SERVICE, APP, args.namespace, "https", PORT, child)


def _pod(args: ObjectStoreArgs) -> core.v1.PodSpecArgs:
    options = ["--port", f":{PORT}", "--health", _HEALTH, "--quiet"]
    options += ["--cert", f"{_TLS_FOLDER}/tls.crt", "--key", f"{_TLS_FOLDER}/tls.key"]
    health = core.v1.HTTPGetActionArgs(path=_HEALTH, port=PORT, scheme="HTTPS")
    return hardened_pod(
        {
            "name": "object-store",
            "image": args.image,
            "args": [*options, "posix", _DATA],
            "env": [
                variable_from_secret("ROOT_ACCESS_KEY", CREDENTIALS_SECRET, "ACCESS_KEY_ID"),
                variable_from_secret("ROOT_SECRET_KEY", CREDENTIALS_SECRET, "ACCESS_SECRET_KEY"),
            ],
            "ports": [core.v1.ContainerPortArgs(name="https", container_port=PORT)],
            "volume_mounts": [
                core.v1.VolumeMountArgs(name="tls", mount_path=_TLS_FOLDER, read_only=True),
                core.v1.VolumeMountArgs(name="data", mount_path=_DATA),
            ],
            "resources": resources(cpu="25m", memory="32Mi", cpu_limit="1", memory_limit="256Mi"),
            "readiness_probe": core.v1.ProbeArgs(http_get=health, period_seconds=2),
            "liveness_probe": core.v1.ProbeArgs(http_get=health, period_seconds=30, failure_threshold=5),
        },
        args=args,
        priority=Priority.STATE,
        writable={"/tmp": "64Mi"},
        volumes=[
            core.v1.VolumeArgs(
                name="tls", secret=core.v1.SecretVolumeSourceArgs(secret_name=TLS_SECRET, default_mode=0o440)
            ),
            core.v1.VolumeArgs(
                name="data",
                persistent_volume_claim=core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=APP),
            ),
        ],
    )
