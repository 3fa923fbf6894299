"""`make render`: every object of a stack as a YAML file, from the real program and provider, without a cluster."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pulumi
import yaml

from infra.configuration import build_settings
from infra.environments import DEFAULTS
from local import stack, stack_file
from local.cluster import layout
from local.errors import UserError
from local.images import build as images
from local.paths import BIN, REPO
from local.tools.catalogue import BUILDS, RENDERERS, Build

RENDERED = REPO / "build" / "rendered"


def tools(name: str) -> tuple[Build, ...]:
    """Return the builds that rendering the stack needs: stack local's images are named after what is in them.

    Raises:
        UserError: there is no such stack.
    """
    if name not in DEFAULTS:
        raise UserError(f"STACK is {name!r}: give one of {', '.join(DEFAULTS)}.")
    return BUILDS if name == stack.STACK else RENDERERS


def configuration(name: str, file: Path | None = None) -> dict[str, Any]:
    """Return a stack's configuration, a plain value for each key, from its committed file or another.

    Raises:
        UserError: there is no such stack, or no such file of one.
    """
    tools(name)
    if file is None and name == stack.STACK:
        config = stack.configuration({}, layout.NODE_IP, images.references())["config"]
        return {key.removeprefix(f"{stack.PROJECT}:"): value for key, value in config.items()}
    return stack_file.read(file or REPO / f"Pulumi.{name}.yaml")


def render(name: str, values: Mapping[str, Any], folder: Path) -> None:
    """Write the objects into `folder`, emptied first: those under `0-crd` are to be applied before `1-manifest`.

    Secrets are written as they are, so every file is this user's alone.

    Args:
        name: the stack.
        values: its configuration, a plain value for each key.
        folder: where to.

    Raises:
        UserError: a setting is wrong, or Pulumi failed.
    """
    with project(name, values, folder) as run:
        shutil.rmtree(folder, ignore_errors=True)
        run("up", "--yes", "--skip-preview", "--suppress-outputs")


@contextmanager
def project(name: str, values: Mapping[str, Any], folder: Path) -> Iterator[Callable[..., None]]:
    """Give a stack without a cluster, whose provider writes into `folder`; it is gone with the block.

    Args:
        name: the stack.
        values: its configuration, a plain value for each key.
        folder: where `up` writes to.

    Returns:
        Runs `pulumi` on it, with a command and its words; raises UserError if it fails.

    Raises:
        UserError: a setting is wrong, or Pulumi failed.
    """
    cluster = values.get("cluster") or {}
    if isinstance(cluster, dict):  # else the settings refuse it
        kept = {key: value for key, value in cluster.items() if key not in {"kubeconfig", "context"}}
        values = {**values, "cluster": {**kept, "render_to": str(folder)}}
    try:
        build_settings(values)  # here too, so that a mistake is a line and not a page of Pulumi's
    except pulumi.RunError as error:
        raise UserError(f"stack {name} is not one to render:\n{error}") from None
    with TemporaryDirectory(prefix="web4-render-") as scratch:
        place = Path(scratch)
        shutil.copyfile(REPO / "Pulumi.yaml", place / "Pulumi.yaml")
        _pulumi(place, "--cwd", place, "stack", "init", name)
        # `init` wrote the key that this state's secrets are encrypted with; it goes with the folder.
        config = place / f"Pulumi.{name}.yaml"
        document = yaml.safe_load(config.read_text())
        document["config"] = {f"{stack.PROJECT}:{key}": value for key, value in values.items()}
        config.write_text(yaml.safe_dump(document, sort_keys=False))

        def run(command: str, *words: str) -> None:
            _pulumi(place, "--cwd", REPO, command, *words, f"--stack={name}", f"--config-file={config}")

        yield run


def _pulumi(scratch: Path, *words: str | Path) -> None:
    """Run pulumi on a backend in `scratch`."""
    environment = {
        **stack.tools(),
        "PULUMI_BACKEND_URL": f"file://{scratch}",
        # One write of the state, at the end: after each of a hundred objects it is megabytes each time.
        "PULUMI_EXPERIMENTAL": "true",
        "PULUMI_SKIP_CHECKPOINTS": "true",
        "PULUMI_CONFIG_PASSPHRASE": "of a state that lives for seconds, in a folder of this user's",
    }
    result = subprocess.run(
        [BIN / "pulumi", "--non-interactive", "--color", "never", *words],
        # Of KUBECONFIG, as `web4ctl env` sets it, the provider would make a setting beside the folder, and refuse both.
        env={name: value for name, value in os.environ.items() if name != "KUBECONFIG"} | environment,
        umask=0o077,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise UserError(f"`pulumi {' '.join(map(str, words))}` failed:\n{result.stdout.strip()}")
