"""Where state lives."""

from pathlib import Path

from pydantic import Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import DnsLabel, ExistingFile, Quantity, SecretKey


def require_password(file: Path | None) -> None:
    """Raise ValueError if there is a file and nothing in it."""
    if file and not file.read_text(encoding="ascii").strip():
        raise ValueError(f"no password in {file}")


class ExternalDatabase(Frozen):
    """A Postgres that is elsewhere; the stack then has none of its own. Each DSN, postgresql://…, is a Secret's key."""

    secret_name: DnsLabel
    """The Secret with the DSNs."""
    key: SecretKey
    """The key of the service's DSN."""
    owner_key: SecretKey | None = None
    """The key of the DSN of the tables' owner, whom the migrations need; none lets them log in as the service does."""
    port: int = Field(5432, ge=1, le=65535)
    """The port in the DSNs, which the network lets through."""
    ca_secret_name: DnsLabel | None = None
    """A Secret whose key ca.crt is the CA of the server's certificate, which is then verified; none leaves it to the
    DSNs' sslmode."""


class DatabaseSettings(Frozen):
    """The LCT registry's Postgres, with the password of the service's role from a file or a Secret in the namespace.

    A Secret of a role is of type kubernetes.io/basic-auth, with the role's name as its `username`; the label
    cnpg.io/reload=true makes the operator take up another password.
    """

    instances: int = Field(1, ge=1)
    """One primary and, with more, replicas that one of them replaces it from."""
    storage: Quantity = "1Gi"
    """The size of each instance's volume."""
    storage_class: str | None = None
    """The volumes' StorageClass; none takes the cluster's default."""
    uid: int = Field(26, ge=1)
    """The number of the image's postgres user and group; 26 in the images CloudNativePG publishes."""
    max_connections: int = Field(100, ge=30, le=1000)
    """Connections that each instance takes; another number restarts them one by one."""
    app_password_file: ExistingFile | None = None
    """A file that holds the password of the service's role and nothing else."""
    app_other_password_file: ExistingFile | None = None
    """While the password changes: a file with the one that the service tries besides; docs/operations.md, Rotation."""
    app_secret_name: DnsLabel | None = None
    """The Secret of the service's role, web4_identity_app."""
    reader_secret_name: DnsLabel | None = None
    """The Secret of the role that reads alone, web4_identity_read; none lets nobody log in as it."""

    external: ExternalDatabase | None = None
    """A Postgres that is elsewhere; none makes one."""

    @model_validator(mode="after")
    def _one_password_and_one_postgres(self) -> "DatabaseSettings":
        if self.external:
            if self.app_password_file or self.app_secret_name or self.reader_secret_name:
                raise ValueError(
                    "app_password_file, app_secret_name and reader_secret_name are for the stack's own Postgres; "
                    "another one's passwords are in the DSNs of external.secret_name"
                )
            return self
        if bool(self.app_password_file) == bool(self.app_secret_name):
            raise ValueError("give either app_password_file or app_secret_name")
        if self.app_other_password_file and not self.app_password_file:
            raise ValueError("app_other_password_file is for app_password_file; a Secret has the key other_password")
        require_password(self.app_password_file)
        require_password(self.app_other_password_file)
        return self


class RedisTls(Frozen):
    """Redis's certificate, for the name redis-service: three PEM files, or a Secret that is in the namespace."""

    certificate_file: ExistingFile | None = None
    """The certificate chain."""
    private_key_file: ExistingFile | None = None
    """Its private key."""
    ca_file: ExistingFile | None = None
    """The CA that the service believes."""
    secret_name: DnsLabel | None = None
    """The Secret, with the keys tls.crt, tls.key and ca.crt, as cert-manager makes it."""

    @model_validator(mode="after")
    def _one_source(self) -> "RedisTls":
        files = (self.certificate_file, self.private_key_file, self.ca_file)
        if all(files) if not self.secret_name else not any(files):
            return self
        raise ValueError("give either certificate_file, private_key_file and ca_file, or secret_name")


class ExternalRedis(Frozen):
    """A Redis that is elsewhere; the stack then has none of its own."""

    host: str = Field(min_length=1, pattern=r"^[a-zA-Z0-9.:-]+$")
    """Its host name or address."""
    port: int = Field(6379, ge=1, le=65535)
    """Its port."""
    tls: bool = True
    """Whether it is spoken to in TLS."""
    ca_secret_name: DnsLabel | None = None
    """A Secret whose key ca.crt is the CA of its certificate; none believes the CAs in the service's image."""


class RedisSettings(Frozen):
    """The Redis of the rate limits and nonces, with a password from a file or from a Secret in the namespace."""

    password_file: ExistingFile | None = None
    """A file that holds the password and nothing else."""
    other_password_file: ExistingFile | None = None
    """While the password changes: a file with the one that Redis accepts besides; docs/operations.md, Rotation."""
    secret_name: DnsLabel | None = None
    """The Secret whose key `password` is the password."""
    max_memory_mib: int = Field(128, ge=16)
    """MiB that the stack's own Redis may fill."""
    tls: RedisTls | None = None
    """The certificate of the stack's own Redis; none leaves the way to it inside the cluster unencrypted."""
    external: ExternalRedis | None = None
    """A Redis that is elsewhere; none makes one."""

    @model_validator(mode="after")
    def _one_password_and_one_redis(self) -> "RedisSettings":
        if bool(self.password_file) == bool(self.secret_name):
            raise ValueError("give either password_file or secret_name")
        if self.tls and self.external:
            raise ValueError("tls is for the stack's own Redis; for another, external.tls and external.ca_secret_name")
        if self.other_password_file and not self.password_file:
            raise ValueError("other_password_file is for password_file; a Secret has the key other_password")
        require_password(self.password_file)
        require_password(self.other_password_file)
        return self
