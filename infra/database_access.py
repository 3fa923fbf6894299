"""How the service and its migration reach Postgres: by which DSN, and believing which CA."""

from pulumi_kubernetes import core

from infra.components import database
from infra.secret_refs import file_mounts, file_volumes, variable_from_secret
from infra.settings import DatabaseSettings

CA_VOLUME = "postgres-ca"
CA_FOLDER = "/etc/web4/postgres-ca"


def owner_variables(settings: DatabaseSettings) -> list[core.v1.EnvVarArgs]:
    """For the migrations: the DSN of the tables' owner, and how the server is verified."""
    external = settings.external
    if external:
        dsn = variable_from_secret("DATABASE_URL", external.secret_name, external.owner_key or external.key)
    else:
        dsn = variable_from_secret("DATABASE_URL", database.SECRET, database.SECRET_URI)
    return [dsn, *_verification(settings)]


def wait_for_roles(settings: DatabaseSettings) -> list[str]:
    """Options of a command that gives roles their rights: the operator makes them after its Cluster is ready."""
    if settings.external:
        return []
    return [word for role in (database.APP_ROLE, database.READER_ROLE) for word in ("--wait-for-role", role)]


def app_variables(settings: DatabaseSettings) -> list[core.v1.EnvVarArgs]:
    """For the service: the DSN of its role, and how the server is verified."""
    external = settings.external
    if external:
        return [variable_from_secret("DATABASE_URL", external.secret_name, external.key), *_verification(settings)]
    # Without the password, which libpq's variable holds as it is: in a URL it would have to be escaped.
    secret = database.app_secret(settings)
    dsn = f"postgresql://{database.APP_ROLE}@{database.HOST}:{database.PORT}/{database.DATABASE}"
    return [
        core.v1.EnvVarArgs(name="DATABASE_URL", value=dsn),
        variable_from_secret("PGPASSWORD", secret, database.PASSWORD_KEY),
        # While the password changes: the role has one at a time, and whoever connects tries both.
        variable_from_secret("DATABASE_OTHER_PASSWORD", secret, database.OTHER_PASSWORD_KEY, optional=True),
        *_verification(settings),
    ]


def ca_volumes(settings: DatabaseSettings) -> list[core.v1.VolumeArgs]:
    """The CA's certificate alone: its key may be in the same Secret."""
    return file_volumes(CA_VOLUME, _ca_secret(settings), database.CA_KEY)


def ca_mounts(settings: DatabaseSettings) -> list[core.v1.VolumeMountArgs]:
    """Where the clients find it. The operator renews its own; every new connection reads it again."""
    return file_mounts(CA_VOLUME, _ca_secret(settings), CA_FOLDER)


def _ca_secret(settings: DatabaseSettings) -> str | None:
    return settings.external.ca_secret_name if settings.external else database.CA_SECRET


def _verification(settings: DatabaseSettings) -> list[core.v1.EnvVarArgs]:
    """libpq's own variables, which asyncpg reads where the DSN is silent, as the operator's is."""
    if _ca_secret(settings) is None:
        return []
    return [
        core.v1.EnvVarArgs(name="PGSSLMODE", value="verify-full"),
        core.v1.EnvVarArgs(name="PGSSLROOTCERT", value=f"{CA_FOLDER}/{database.CA_KEY}"),
    ]
