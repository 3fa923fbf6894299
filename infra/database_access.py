"""How the service and its migration reach Postgres: by which DSN, and believing which CA."""

from pulumi_kubernetes import core

from infra.components import database
from infra.settings import DatabaseSettings

CA_FOLDER = "/etc/web4/postgres-ca"


def owner_variables() -> list[core.v1.EnvVarArgs]:
    """For the migrations: the owner's DSN, by reference to the operator's Secret, and how the server is verified."""
    return [_from_secret("DATABASE_URL", database.SECRET, database.SECRET_URI), *_verification()]


def app_variables(settings: DatabaseSettings) -> list[core.v1.EnvVarArgs]:
    """For the service: a DSN without a password, which libpq's variable holds and no URL would have to escape."""
    dsn = f"postgresql://{database.APP_ROLE}@{database.HOST}:{database.PORT}/{database.DATABASE}"
    return [
        core.v1.EnvVarArgs(name="DATABASE_URL", value=dsn),
        _from_secret("PGPASSWORD", database.app_secret(settings), database.PASSWORD_KEY),
        *_verification(),
    ]


def ca_volumes() -> list[core.v1.VolumeArgs]:
    """The CA's certificate alone: its key is in the same Secret."""
    source = core.v1.SecretVolumeSourceArgs(
        secret_name=database.CA_SECRET,
        items=[core.v1.KeyToPathArgs(key=database.CA_KEY, path=database.CA_KEY)],
        default_mode=0o440,
    )
    return [core.v1.VolumeArgs(name="postgres-ca", secret=source)]


def ca_mounts() -> list[core.v1.VolumeMountArgs]:
    """Where the clients find it. The operator renews it; every new connection reads it again."""
    return [core.v1.VolumeMountArgs(name="postgres-ca", mount_path=CA_FOLDER, read_only=True)]


def _verification() -> list[core.v1.EnvVarArgs]:
    """libpq's own variables, which asyncpg reads where the DSN is silent, as the operator's is."""
    return [
        core.v1.EnvVarArgs(name="PGSSLMODE", value="verify-full"),
        core.v1.EnvVarArgs(name="PGSSLROOTCERT", value=f"{CA_FOLDER}/{database.CA_KEY}"),
    ]


def _from_secret(name: str, secret: str, key: str) -> core.v1.EnvVarArgs:
    """A variable whose value is never in a manifest, nor in Pulumi's state."""
    selector = core.v1.SecretKeySelectorArgs(name=secret, key=key)
    return core.v1.EnvVarArgs(name=name, value_from=core.v1.EnvVarSourceArgs(secret_key_ref=selector))
