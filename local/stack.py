"""The Pulumi stack `local`: its backend, passphrase and machine-made configuration, and the commands run on it."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import yaml

from local import credentials, restored
from local.console import capture
from local.errors import UserError
from local.paths import BIN, MANIFESTS, PULUMI_HOME, REPO, STATE, private_dir, write_private
from local.progress import say
from local.target import Target

STACK = "local"
PROJECT = "web4-identity"
BACKEND = STATE / "pulumi"
PASSPHRASE = STATE / "passphrase"
CONFIG = STATE / f"Pulumi.{STACK}.yaml"  # the committed file plus what belongs to this machine
# What this stack may not contain; the file makes some rules warnings, or drops them, where they are for production.
POLICIES = ("--policy-pack=infra/policy", "--policy-pack-config=infra/policy/relaxed.json")


def check_passphrase() -> None:
    """Raise UserError if the stack exists but the passphrase that its secrets need is gone."""
    if exists() and not PASSPHRASE.exists() and not _given_passphrase():
        raise UserError(
            f"the stack's passphrase is missing ({PASSPHRASE}): put it back, set PULUMI_CONFIG_PASSPHRASE, or start "
            "over with `make down YES=1`."
        )


def environment() -> dict[str, str]:
    """Return the variables with which `pulumi` runs by hand on this stack.

    Raises:
        UserError: the stack exists but its passphrase is gone.
    """
    check_passphrase()
    given = _given_passphrase()
    if not given:
        if not PASSPHRASE.exists():
            private_dir(STATE)
            write_private(PASSPHRASE, secrets.token_urlsafe(32))
        given = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(PASSPHRASE)}
    backend = {
        "PULUMI_BACKEND_URL": f"file://{BACKEND}",
        # Its history has the same file, 11 MB of each update.
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    }
    return {**tools(), **backend, **given}


def tools() -> dict[str, str]:
    """Return the variables with which the built `pulumi` runs on any stack, wherever its state is kept."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PULUMI_HOME": str(PULUMI_HOME),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
    }


def configure(where: Target, images: Mapping[str, str]) -> None:
    """Write the stack's configuration.

    Args:
        where: the cluster.
        images: image names by key.
    """
    cluster = {"kubeconfig": str(where.kubeconfig), "context": where.context}
    document = configuration(cluster, where.address(), images)
    if CONFIG.exists():
        document["encryptionsalt"] = yaml.safe_load(CONFIG.read_text()).get("encryptionsalt")
    write_private(CONFIG, yaml.safe_dump(document, sort_keys=False))


def configuration(cluster: dict[str, str], address: str, images: Mapping[str, str]) -> dict[str, Any]:
    """Return the committed file, and over it what belongs to this machine and cluster.

    Args:
        cluster: the setting `cluster`.
        address: the node's.
        images: image names by key.
    """
    certificate, key = credentials.edge_certificate(address)
    first = credentials.founder()
    machine = {
        "cluster": cluster,
        "images": {name.replace("-", "_"): images[name] for name in _PULUMI_IMAGES},
        "platform": {"manifests": str(MANIFESTS)},
        "edge": {"tls": {"certificate_file": str(certificate), "private_key_file": str(key)}},
        "database": credentials.database_access(),
        "backup": {"local_store": credentials.store_access(), **restored.settings()},
        "redis": credentials.redis_access(),
        # On a laptop one key does everything.
        "identity": {"operator_lct_ids": [first.lct_id]},
        "genesis": {
            "society": credentials.SOCIETY,
            "public_key": first.public_key,
            "binding_proof": first.binding_proof,
        },
    }
    document: dict[str, Any] = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    config = document.setdefault("config", {})
    for name, value in machine.items():
        config[f"{PROJECT}:{name}"] = _merge(config.get(f"{PROJECT}:{name}"), value)
    return document


def exists() -> bool:
    """Return whether the stack was made on this machine."""
    return (BACKEND / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json").exists()


def require() -> None:
    """Raise UserError unless the stack was made on this machine."""
    if not exists():
        raise UserError("there is no stack on this machine: run `make up` first.")


def up(*, refresh: bool = True) -> None:
    """Run `pulumi up` on the stack, made if absent.

    Args:
        refresh: look at everything first, so that what was changed or deleted by hand comes back too.

    Raises:
        UserError: it failed; Pulumi's own output above says why.
    """
    if not exists():
        _init()
    _unlock()
    look = f"--refresh={str(refresh).lower()}"
    _pulumi("up", "--yes", "--skip-preview", look, "--suppress-outputs", *POLICIES)


def destroy() -> None:
    """Run `pulumi destroy` on the stack, for a cluster that goes on."""
    if exists():
        _unlock()
        _pulumi("destroy", "--yes", "--skip-preview")


def outputs() -> dict[str, Any]:
    """Return the stack's outputs by name."""
    words = ["stack", "output", "--json", f"--stack={STACK}"]
    read: dict[str, Any] = json.loads(capture([BIN / "pulumi", "--cwd", REPO, *words], env=environment()))
    return read


def forget() -> None:
    """Drop the stack's state, configuration, passphrase, keys and certificates."""
    shutil.rmtree(STATE, ignore_errors=True)


_PASSPHRASE_NAMES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_PULUMI_IMAGES = (
    "identity",
    "postgres",
    "redis",
    "nginx",
    "prometheus",
    "alertmanager",
    "pushgateway",
    "redis-exporter",
    "nginx-exporter",
    "blackbox-exporter",
    "cloudnative-pg",
    "prometheus-operator",
    "config-reloader",
    "object-store",
)


def _given_passphrase() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSPHRASE_NAMES if os.environ.get(name)}


def _init() -> None:
    """Make the stack. Pulumi writes its encryption salt beside Pulumi.yaml: here, beside a copy of it."""
    BACKEND.mkdir(parents=True, exist_ok=True)
    folder = STATE / "init"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(REPO / "Pulumi.yaml", folder / "Pulumi.yaml")
    say(f"pulumi: making the stack {STACK}")
    capture([BIN / "pulumi", "--cwd", folder, "stack", "init", STACK], env=environment())
    salt = yaml.safe_load((folder / CONFIG.name).read_text())["encryptionsalt"]
    shutil.rmtree(folder)
    write_private(
        CONFIG, yaml.safe_dump(yaml.safe_load(CONFIG.read_text()) | {"encryptionsalt": salt}, sort_keys=False)
    )


def _unlock() -> None:
    """Drop the lock of an update that was killed. Only one of our commands runs at a time (`local.__main__`)."""
    if any((BACKEND / ".pulumi" / "locks").rglob("*.json")):
        say("pulumi: an earlier update was interrupted; going on from there")
        capture([BIN / "pulumi", "--cwd", REPO, "cancel", "--yes", f"--stack={STACK}"], env=environment())


def _pulumi(command: str, *words: str) -> None:
    say(f"pulumi {command} --stack {STACK}")
    result = subprocess.run(
        [
            BIN / "pulumi",
            "--cwd",
            REPO,
            "--non-interactive",
            "--color",
            "never",
            command,
            f"--stack={STACK}",
            f"--config-file={CONFIG}",
            *words,
        ],
        env={**os.environ, **environment()},
        check=False,
    )
    if result.returncode != 0:
        raise UserError(f"`pulumi {command}` failed (above). Mend that and run it again: it goes on where it stopped.")


def _merge(under: object, over: object) -> object:
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{name: _merge(under.get(name), value) for name, value in over.items()}}
    return over
