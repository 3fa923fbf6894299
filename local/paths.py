"""Where everything made on this machine lives: one cache folder, so that removing it removes all of it.

`WEB4_CACHE` names another folder than `~/.cache/web4-identity`.
"""

import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent


def _cache() -> Path:
    """The cache folder, which need not exist; ends the command where it could not be one."""
    named = os.environ.get("WEB4_CACHE")
    try:
        folder = Path(named or "~/.cache/web4-identity").expanduser().resolve()
        above = next(path for path in (folder, *folder.parents) if path.exists())
    except (OSError, RuntimeError) as error:  # a name too long, `~` of a user that does not exist
        sys.exit(f"error: WEB4_CACHE is {named!r}, which can be no folder ({error}): name another.")
    if not above.is_dir():
        sys.exit(f"error: WEB4_CACHE is {named!r}, and {above} is no folder: name another.")
    return folder


CACHE = _cache()

BIN = CACHE / "bin"  # built tools
BUILD = CACHE / "build"  # Go's caches and staging folders; can be removed once everything is built
MANIFESTS = CACHE / "manifests"  # the operators' manifests, from the same modules as their binaries
IMAGES = CACHE / "images"  # image archives, by content hash
CLUSTER = CACHE / "cluster"  # certificates, etcd, containerd, kubelet, volumes of the embedded cluster
PULUMI_HOME = CACHE / "pulumi"  # Pulumi's plugins and credentials file
STATE = CACHE / "state"  # Pulumi's file backend, its passphrase, the edge's local CA, the founder's key
LOGS = CACHE / "logs"  # one file for each long step and each cluster component

KUBECONFIG = CLUSTER / "admin.kubeconfig"


def private_dir(path: Path) -> Path:
    """Make `path` (and its parents) if absent, readable by this user only, and return it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str | bytes) -> None:
    """Write a file that is 0600 from its first byte on (keys, passphrases, kubeconfigs)."""
    data = text.encode() if isinstance(text, str) else text
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
