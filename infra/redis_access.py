"""How the service reaches Redis: the stack's own, or one that is elsewhere."""

from pulumi_kubernetes import core

from infra.components import redis
from infra.settings import RedisSettings

CA_FOLDER = "/etc/web4/redis-ca"


def plain_redis_variables(settings: RedisSettings) -> dict[str, str]:
    """The variables that are no secret."""
    external = settings.external
    return {
        "REDIS_HOST": external.host if external else redis.SERVICE,
        "REDIS_PORT": str(external.port if external else redis.PORT),
        "REDIS_DB": str(redis.DATABASE),
        "REDIS_TLS": str(external.tls if external else settings.tls is not None).lower(),
    }


def redis_client_variables(settings: RedisSettings) -> list[core.v1.EnvVarArgs]:
    """The password's reference, and where the CA is if Redis has one of its own."""
    variables = [redis.password_variable("REDIS_PASSWORD", settings)]
    if _ca_secret(settings):
        # OpenSSL's own variable: the service's only other TLS connection, to Postgres, names its own CA.
        variables.append(core.v1.EnvVarArgs(name="SSL_CERT_FILE", value=f"{CA_FOLDER}/{redis.CA_KEY}"))
    return variables


def ca_volumes(settings: RedisSettings) -> list[core.v1.VolumeArgs]:
    """The CA's certificate alone, though its Secret may hold Redis's private key as well."""
    secret = _ca_secret(settings)
    if secret is None:
        return []
    source = core.v1.SecretVolumeSourceArgs(
        secret_name=secret, items=[core.v1.KeyToPathArgs(key=redis.CA_KEY, path=redis.CA_KEY)], default_mode=0o440
    )
    return [core.v1.VolumeArgs(name="redis-ca", secret=source)]


def ca_mounts(settings: RedisSettings) -> list[core.v1.VolumeMountArgs]:
    """Where the service finds it."""
    mount = core.v1.VolumeMountArgs(name="redis-ca", mount_path=CA_FOLDER, read_only=True)
    return [mount] if _ca_secret(settings) else []


def _ca_secret(settings: RedisSettings) -> str | None:
    if settings.external:
        return settings.external.ca_secret_name if settings.external.tls else None
    return redis.tls_secret(settings.tls) if settings.tls else None
