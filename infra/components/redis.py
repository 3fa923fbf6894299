"""Redis, which holds the identity service's rate-limit counters and the nonces of signed requests."""

from typing import Any

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.kube import inner_service, metadata
from infra.pods import PodArgs, hardened_pod, resources
from infra.priorities import Priority
from infra.secret_refs import secret_words, text_of, variable_from_secret, versions
from infra.settings import RedisSettings, RedisTls

SERVICE = "redis-service"  # guide, Option 4: REDIS_HOST
PORT = 6379
DATABASE = 0
APP = "redis"
PASSWORD_SECRET = "redis-password"
PASSWORD_KEY = "password"
OTHER_PASSWORD_KEY = "other_password"
"""The password, and while it changes another that opens as well; docs/operations.md, Rotation."""
TLS_SECRET = "redis-tls"
CA_KEY = "ca.crt"
DRAIN_SECONDS = 5
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
        self.password = self._password(args)
        """The password's Secret, where the stack makes it."""
        if args.redis.external is None:
            self._server(args, versions(self.password, self._certificate(args)))
        self.register_outputs({})

    def _password(self, args: RedisArgs) -> core.v1.Secret | None:
        file, other = args.redis.password_file, args.redis.other_password_file
        if file is None:
            return None
        return self._secret(
            args, PASSWORD_SECRET, "Opaque", secret_words({PASSWORD_KEY: file, OTHER_PASSWORD_KEY: other})
        )

    def _certificate(self, args: RedisArgs) -> core.v1.Secret | None:
        tls = args.redis.tls
        if tls is None or tls.secret_name:
            return None
        content = {
            "tls.crt": text_of(tls.certificate_file),
            "tls.key": pulumi.Output.secret(text_of(tls.private_key_file)),
            CA_KEY: text_of(tls.ca_file),
        }
        return self._secret(args, TLS_SECRET, "kubernetes.io/tls", content)

    def _secret(self, args: RedisArgs, name: str, kind: str, content: dict[str, Any]) -> core.v1.Secret:
        return core.v1.Secret(
            name,
            metadata=metadata(name, args.namespace, APP),
            type=kind,
            string_data=content,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _server(self, args: RedisArgs, secrets: dict[str, pulumi.Output[str]]) -> None:
        apps.v1.Deployment(
            "redis",
            metadata=metadata(APP, args.namespace, APP),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels={"app": APP}),
                # The new one answers before the old one goes, or mints would be refused between them. A client that
                # counts in both gets what it gets of one that forgets at a restart: at most twice its limit, once.
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=core.v1.PodTemplateSpecArgs(
                    # Redis reads its passwords and its certificate at its start only.
                    metadata=meta.v1.ObjectMetaArgs(labels={"app": APP}, annotations=secrets or None),
                    spec=_pod(args),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        inner_service(SERVICE, APP, args.namespace, "redis", PORT, pulumi.ResourceOptions(parent=self))


def password_variable(name: str, redis: RedisSettings) -> core.v1.EnvVarArgs:
    """The variable `name` with the password, as a reference to its Secret."""
    return variable_from_secret(name, _secret_name(redis), PASSWORD_KEY)


def _secret_name(redis: RedisSettings) -> str:
    return redis.secret_name or PASSWORD_SECRET


def tls_secret(tls: RedisTls) -> str:
    """The Secret with Redis's certificate, its key, and the CA."""
    return tls.secret_name or TLS_SECRET


# One user, as with `requirepass`, which takes one password only. An empty variable adds none.
_START = """exec redis-server "$@" --user default on '~*' '&*' +@all ">$REDISCLI_AUTH" \
  ${REDIS_OTHER_PASSWORD:+">$REDIS_OTHER_PASSWORD"}"""


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
        "command": ["sh", "-c", _START, "redis-server"],
        "args": [
            *port,
            *("--dir", "/data", "--save", "", "--appendonly", "no"),
            # When full, what would be forgotten first anyway goes first: a flood of clients pushes out no young nonce.
            *("--maxmemory", f"{memory}mb", "--maxmemory-policy", "volatile-ttl"),
        ],
        "env": [
            password_variable("REDISCLI_AUTH", args.redis),  # redis-cli's own variable
            variable_from_secret("REDIS_OTHER_PASSWORD", _secret_name(args.redis), OTHER_PASSWORD_KEY, optional=True),
        ],
        # Still answering while the Service's address stops leading here, so that who is cut off finds the next one.
        "lifecycle": core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(exec_=core.v1.ExecActionArgs(command=["sleep", str(DRAIN_SECONDS)]))
        ),
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


def _ping(client: list[str], **timing: Any) -> core.v1.ProbeArgs:
    """A question with the password, in TLS if Redis speaks it: an open port alone would prove neither."""
    return core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=[*client, "ping"]), timeout_seconds=5, failure_threshold=3, **timing
    )
