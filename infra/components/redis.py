"""Redis, which holds the identity service's rate-limit counters and the nonces of signed requests."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.kube import content_hash, metadata
from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority
from infra.secret_refs import variable_from_secret
from infra.settings import RedisSettings, RedisTls

SERVICE = "redis-service"  # guide, Option 4: REDIS_HOST
PORT = 6379
DATABASE = 0
APP = "redis"
PASSWORD_SECRET = "redis-password"
PASSWORD_KEY = "password"
TLS_SECRET = "redis-tls"
CA_KEY = "ca.crt"
# Not below /etc/redis, which Debian lets its own redis user alone enter.
TLS_FOLDER = "/etc/web4/redis-tls"


class RedisArgs(PodArgs):
    """Where, from which image, and how it is reached."""

    image: str
    redis: RedisSettings


class Redis(pulumi.ComponentResource):
    """One Redis without persistence, at `redis-service:6379`: losing it costs the counters of one minute.

    Full, it forgets what was unused for longest rather than refusing what is new. With an external Redis there is the
    password's Secret at most. Raises OSError when a file of the settings cannot be read.
    """

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("web4:infra:Redis", name, None, opts)
        needed = [*self._password(args), *self._certificate(args)]
        if args.redis.external is None:
            self._server(args, needed)
        self.register_outputs({})

    def _password(self, args: RedisArgs) -> list[pulumi.Resource]:
        if args.redis.password_file is None:
            return []
        password = args.redis.password_file.read_text(encoding="ascii").strip()
        return [self._secret(args, PASSWORD_SECRET, "Opaque", {PASSWORD_KEY: pulumi.Output.secret(password)})]

    def _certificate(self, args: RedisArgs) -> list[pulumi.Resource]:
        tls = args.redis.tls
        if tls is None or tls.secret_name:
            return []
        content = {
            "tls.crt": _certificate_text(tls),
            "tls.key": pulumi.Output.secret(tls.private_key_file.read_text(encoding="ascii")),
            CA_KEY: tls.ca_file.read_text(encoding="ascii"),
        }
        return [self._secret(args, TLS_SECRET, "kubernetes.io/tls", content)]

    def _secret(self, args: RedisArgs, name: str, kind: str, content: dict[str, pulumi.Input[str]]) -> core.v1.Secret:
        return core.v1.Secret(
            name,
            metadata=metadata(name, args.namespace, APP),
            type=kind,
            string_data=content,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _server(self, args: RedisArgs, needed: list[pulumi.Resource]) -> None:
        apps.v1.Deployment(
            "redis",
            metadata=metadata(APP, args.namespace, APP),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": APP}),
                # Never two at once: half of the pods counting here and half there would double every limit.
                strategy=apps.v1.DeploymentStrategyArgs(type="Recreate"),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels={"app": APP},
                        # Redis reads its certificate at its start only, so another one must make a new pod.
                        annotations={"web4.io/content": content_hash(_certificate_text(args.redis.tls))},
                    ),
                    spec=_pod(args),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )
        core.v1.Service(
            SERVICE,
            metadata=metadata(SERVICE, args.namespace, APP),
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector={"app": APP},
                ports=[core.v1.ServicePortArgs(name="redis", port=PORT, target_port="redis")],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def password_variable(name: str, redis: RedisSettings) -> core.v1.EnvVarArgs:
    """The variable `name` with the password, as a reference to its Secret."""
    return variable_from_secret(name, redis.secret_name or PASSWORD_SECRET, PASSWORD_KEY)


def tls_secret(tls: RedisTls) -> str:
    """The Secret with Redis's certificate, its key, and the CA."""
    return tls.secret_name or TLS_SECRET


def _certificate_text(tls: RedisTls | None) -> str:
    """The certificate (public) as far as it is known here."""
    return tls.certificate_file.read_text(encoding="ascii") if tls and tls.certificate_file else ""


def _pod(args: RedisArgs) -> core.v1.PodSpecArgs:
    tls = args.redis.tls
    port = ["--port", str(PORT)]
    client = ["redis-cli", "-p", str(PORT)]
    volumes, mounts = [], []
    if tls:
        port = ["--port", "0", "--tls-port", str(PORT), "--tls-auth-clients", "no"]
        port += ["--tls-cert-file", f"{TLS_FOLDER}/tls.crt", "--tls-key-file", f"{TLS_FOLDER}/tls.key"]
        client += ["--tls", "--cacert", f"{TLS_FOLDER}/{CA_KEY}"]
        source = core.v1.SecretVolumeSourceArgs(secret_name=tls_secret(tls), default_mode=0o440)
        volumes = [core.v1.VolumeArgs(name="tls", secret=source)]
        mounts = [core.v1.VolumeMountArgs(name="tls", mount_path=TLS_FOLDER, read_only=True)]
    memory = args.redis.max_memory_mib
    container = {
        "name": "redis",
        "image": args.image,
        "command": ["redis-server"],
        "args": [
            *port,
            *("--requirepass", "$(REDISCLI_AUTH)"),  # filled in by the kubelet
            *("--dir", "/data", "--save", "", "--appendonly", "no"),
            # When full, what would be forgotten first anyway goes first: a flood of clients pushes out no young nonce.
            *("--maxmemory", f"{memory}mb", "--maxmemory-policy", "volatile-ttl"),
        ],
        "env": [password_variable("REDISCLI_AUTH", args.redis)],  # redis-cli's own variable
        "ports": [core.v1.ContainerPortArgs(name="redis", container_port=PORT)],
        # Half as much again as the counters: clients' buffers and fragmentation come on top of maxmemory.
        "resources": resources(cpu="50m", memory="64Mi", cpu_limit="250m", memory_limit=f"{memory * 3 // 2}Mi"),
        # -e: a refused password makes it not ready. It is alive as long as it answers anything: a restart mends no
        # password, and forgets every counter.
        "readiness_probe": _ping([*client, "-e"], period_seconds=5),
        "liveness_probe": _ping(client, period_seconds=20),
        "volume_mounts": mounts,
    }
    return hardened_pod(container, args=args, priority=Priority.STATE, writable={"/data": "16Mi"}, volumes=volumes)


def _ping(client: list[str], **timing: int) -> core.v1.ProbeArgs:
    """A question with the password, in TLS if Redis speaks it: an open port alone would prove neither."""
    return core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=[*client, "ping"]), timeout_seconds=5, failure_threshold=3, **timing
    )
