"""What stack `local` keeps secret: keys, passwords and certificates of this machine, each made once."""

from dataclasses import dataclass
from pathlib import Path

from local import pki
from local.console import capture
from local.passwords import Password, made_once
from local.paths import REPO, STATE, private_dir, write_private

FOUNDER_KEY = STATE / "founder.pem"
FOUNDER_PROOF = STATE / "founder.proof"  # kept, as every proof made is another one, and so another migration Job
SOCIETY = "web4-local"
EDGE_CA = STATE / "edge-ca.crt"
SERVER_NAMES = ("identity.web4.local", "localhost", "127.0.0.1")
DATABASE_PASSWORD = Password(STATE / "database-password")
REDIS_PASSWORD = Password(STATE / "redis-password")
REDIS_NAME = "redis-service"
STORE_KEY = STATE / "object-store-key"
STORE_NAME = "web4-object-store"


@dataclass(frozen=True)
class Founder:
    """The LCT that genesis registers and that pays for the first mints.

    Attributes:
        lct_id: its LCT id.
        public_key: its Multikey, `z6Mk…`.
        binding_proof: what the key signed to say that it is an organization's, `cose:…`.
    """

    lct_id: str
    public_key: str
    binding_proof: str


def founder() -> Founder:
    """Return the founder whose key and proof are kept in the state folder, each made when it is not there."""
    private_dir(STATE)
    if not FOUNDER_KEY.exists():
        FOUNDER_PROOF.unlink(missing_ok=True)
        capture([service_cli(), "keygen", "--out", FOUNDER_KEY])
    words = capture([service_cli(), "keygen", "--show", FOUNDER_KEY, "--binding", "organization"]).split()
    if not FOUNDER_PROOF.exists():
        write_private(FOUNDER_PROOF, next(word for word in words if word.startswith("cose:")))
    return Founder(
        lct_id=next(word for word in words if word.startswith("lct:web4:")),
        public_key=next(word for word in words if word.startswith("z6Mk")),
        binding_proof=FOUNDER_PROOF.read_text(),
    )


def service_cli() -> Path:
    """Return the service's own command, installed beside the Python that runs this."""
    return REPO / ".venv" / "bin" / "web4-identity"


def edge_certificate(address: str) -> tuple[Path, Path]:
    """Return the edge's certificate and key, issued by a CA of this machine that is made at the first call.

    Args:
        address: the node's address, one of the names it is for.
    """
    private_dir(STATE)
    names = (*SERVER_NAMES, address)
    return pki.issue(pki.authority(STATE, "edge-ca"), STATE, "edge", SERVER_NAMES[0], names=names)


def database_access() -> dict[str, str]:
    """Return the setting `database`: the password of the service's role, of this machine's own and made once."""
    private_dir(STATE)
    return DATABASE_PASSWORD.settings("app_password_file", "app_other_password_file")


def redis_access() -> dict[str, object]:
    """Return the setting `redis`: a password and a certificate of this machine's own, made at the first call."""
    private_dir(STATE)
    return {
        **REDIS_PASSWORD.settings("password_file", "other_password_file"),
        "tls": _certificate("redis", REDIS_NAME),
    }


def store_access() -> dict[str, object]:
    """Return the setting `backup.local_store`, likewise."""
    private_dir(STATE)
    return {"secret_key_file": made_once(STORE_KEY), **_certificate("object-store", STORE_NAME)}


def _certificate(name: str, host: str) -> dict[str, str]:
    """The paths of a certificate for `host`, its key and a CA of its own, each made if absent."""
    ca = pki.authority(STATE, f"{name}-ca")
    certificate, key = pki.issue(ca, STATE, name, host, names=(host,))
    files = {"certificate_file": certificate, "private_key_file": key, "ca_file": ca.certificate}
    return {key: str(path) for key, path in files.items()}
