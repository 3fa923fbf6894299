"""How the service reaches Redis: the stack's own, or one that is elsewhere."""

from pulumi_kubernetes import core

from infra.components import redis
from infra.secret_refs import file_mounts, file_volumes
from infra.settings import RedisSettings

CA_VOLUME = "redis-ca"
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
    return file_volumes(CA_VOLUME, _ca_secret(settings), redis.CA_KEY)


def ca_mounts(settings: RedisSettings) -> list[core.v1.VolumeMountArgs]:
    """Where the service finds it."""
    return file_mounts(CA_VOLUME, _ca_secret(settings), CA_FOLDER)


def _ca_secret(settings: RedisSettings) -> str | None:
    if settings.external:
        return settings.external.ca_secret_name if settings.external.tls else None
    return redis.tls_secret(settings.tls) if settings.tls else None
