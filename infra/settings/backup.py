"""Where the database's backups go, how long they stay, and how often it is proved that they can be restored."""

from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from infra.frozen import Frozen
from infra.settings.kinds import DnsLabel, ExistingFile, Quantity
from infra.settings.stores import require_password

_FIELD = r"[0-9*/,-]+"
CRON = rf"^{_FIELD}( {_FIELD}){{4}}$"
"""Five fields, as in a crontab."""

_BUCKET = r"[a-z0-9][a-z0-9._-]{2,62}"
_DESTINATION = (
    rf"^((s3|gs)://{_BUCKET}|https://[a-z0-9]{{3,24}}\.blob\.core\.windows\.net/{_BUCKET})(/[A-Za-z0-9._/-]+)?$"
)

_ACCESS = {
    "s3": ("credentials_secret_name", "iam_role"),
    "gs": ("google_service_account",),
    "azure": ("azure_client_id",),
}
"""By which of the settings pods are let in to a store of each kind: by one of these alone."""


class LocalStore(Frozen):
    """An S3 gateway on a volume of the same cluster, which is lost with it: for trying backups out."""

    secret_key_file: ExistingFile
    """A file that holds the store's secret access key and nothing else."""
    certificate_file: ExistingFile
    """Its certificate chain, PEM, for the name web4-object-store."""
    private_key_file: ExistingFile
    """The certificate's private key."""
    ca_file: ExistingFile
    """The CA that its clients believe."""
    storage: Quantity = "5Gi"
    """The size of its volume."""

    @model_validator(mode="after")
    def _a_key(self) -> "LocalStore":
        require_password(self.secret_key_file)
        return self


class RecoverySettings(Frozen):
    """Backups that a new database begins with (docs/operations.md, Restore); one that is there stays as it is."""

    server_name: DnsLabel
    """The folder below `destination` of the database whose backups are restored."""
    target_time: AwareDatetime | None = None
    """The time to restore, with its zone; none is the end of what was archived."""


class BackupSettings(Frozen):
    """Base backups and archived WAL in a bucket, the stack's configuration beside them, and the restore drill."""

    destination: str | None = Field(None, pattern=_DESTINATION)
    """The bucket, and a folder in it that is this stack's alone: s3://bucket/folder, gs://bucket/folder, or on Azure
    `https://account.blob.core.windows.net/container/folder`."""
    endpoint: str | None = Field(None, pattern=r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?$")
    """The URL of an S3 store; none is AWS's own."""
    endpoint_ca_secret_name: DnsLabel | None = None
    """A Secret whose key ca.crt is the CA of the endpoint's certificate; none believes the CAs in the image."""
    credentials_secret_name: DnsLabel | None = None
    """The Secret with the keys ACCESS_KEY_ID and ACCESS_SECRET_KEY of an S3 store."""
    iam_role: str | None = Field(None, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$")
    """The AWS role that the pods take on in place of credentials (IAM roles for service accounts)."""
    google_service_account: str | None = Field(None, pattern=r"^[a-z0-9-]+@[a-z0-9-]+\.iam\.gserviceaccount\.com$")
    """The Google service account that the pods act as, with a destination gs:// (Workload Identity Federation)."""
    azure_client_id: str | None = Field(None, pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    """The client id of the managed identity that the pods act as, with a destination on Azure (Workload ID)."""
    server_name: DnsLabel | None = None
    """The folder below `destination` that this database archives to, and none before it did; none is
    web4-identity-db."""
    recovery: RecoverySettings | None = None
    """The backups that the database begins with; none begins with an empty one."""
    local_store: LocalStore | None = None
    """A store that the stack makes for itself, in place of all the above."""
    retention: str = Field("30d", pattern=r"^[1-9][0-9]*[dwm]$")
    """How far back a restore can go: days, weeks or months."""
    base_schedule: str = Field("0 2 * * *", pattern=CRON)
    """When a base backup is made, in UTC; the first is made at once."""
    archive_seconds: int = Field(60, ge=10, le=3600)
    """A write is on its way to the store after at most so many seconds: what a lost database may lose."""
    compression: Literal["gzip", "bzip2", "snappy", "none"] = "gzip"
    """How backups and WAL are packed."""
    encryption: Literal["AES256", "aws:kms"] | None = None
    """The encryption asked of an S3 store for each object; none leaves it to the bucket's own default."""
    configuration_schedule: str = Field("30 2 * * *", pattern=CRON)
    """When the stack's settings, which hold no secret, are copied there."""
    drill_schedule: str = Field("0 4 1 * *", pattern=CRON)
    """When a second cluster is restored and compared; the default is monthly."""
    drill_minutes: int = Field(60, ge=1)
    """How long a restore may take before the drill has failed."""

    @property
    def cloud(self) -> Literal["s3", "gs", "azure"]:
        """Whose protocol the store speaks."""
        scheme = (self.destination or "s3://").partition("://")[0]
        clouds: dict[str, Literal["s3", "gs", "azure"]] = {"s3": "s3", "gs": "gs", "https": "azure"}
        return clouds[scheme]

    @model_validator(mode="after")
    def _a_folder_of_its_own(self) -> "BackupSettings":
        if self.recovery and self.server_name in (None, self.recovery.server_name):
            raise ValueError("recovery needs server_name, another folder than recovery.server_name: that one is full")
        return self

    @model_validator(mode="after")
    def _one_store(self) -> "BackupSettings":
        elsewhere = (self.destination, self.endpoint, self.endpoint_ca_secret_name)
        if self.local_store:
            if any(elsewhere) or any(getattr(self, name) for names in _ACCESS.values() for name in names):
                raise ValueError("local_store is the whole target: leave out the keys of one that is elsewhere")
            return self
        if self.destination is None:
            raise ValueError("give destination, s3://bucket/folder, or local_store")
        if self.cloud != "s3":
            for name in ("endpoint", "endpoint_ca_secret_name", "encryption"):
                if getattr(self, name):
                    raise ValueError(f"{name} is for a destination s3://, and it is {self.destination}")
        given = [name for names in _ACCESS.values() for name in names if getattr(self, name)]
        if len(given) != 1 or given[0] not in _ACCESS[self.cloud]:
            raise ValueError(f"for {self.destination} give {' or '.join(_ACCESS[self.cloud])}, and no other access")
        return self
