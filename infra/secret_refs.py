"""Values that a Secret holds, by reference: none is in a manifest, nor in Pulumi's state."""

from collections.abc import Mapping
from pathlib import Path

import pulumi
from pulumi_kubernetes import core

VERSIONS = "web4.io/secrets"
"""The annotation that says which versions of its Secrets a pod began with."""


def versions(*secrets: core.v1.Secret | None) -> dict[str, pulumi.Output[str]]:
    """The annotation that gives a pod a successor when one of these Secrets changes, as a variable never does.

    A Secret's version is Kubernetes' count of its changes: unlike a hash it says nothing of what is in it. Secrets that
    the stack does not make (None) have none that it could know, nor has one that is only rendered.
    """
    made = [secret.metadata.resource_version for secret in secrets if secret]
    return (
        {VERSIONS: pulumi.Output.all(*made).apply(lambda all_of_them: ",".join(filter(None, all_of_them)))}
        if made
        else {}
    )


def text_of(file: Path | None) -> str:
    """The text of a file that the settings have checked to be named. Raises OSError when it cannot be read."""
    assert file is not None, "the settings let a missing file through"
    return file.read_text(encoding="ascii")


def secret_words(files: Mapping[str, Path | None]) -> dict[str, pulumi.Output[str]]:
    """What a Secret holds under each key: the file's text without the line's end; where there is no file, no key.

    Raises OSError when a file cannot be read.
    """
    return {key: pulumi.Output.secret(file.read_text(encoding="ascii").strip()) for key, file in files.items() if file}


def variable_from_secret(name: str, secret: str, key: str, *, optional: bool = False) -> core.v1.EnvVarArgs:
    """The environment variable `name` with the value of a Secret's key; `optional`: not set where that is missing."""
    selector = core.v1.SecretKeySelectorArgs(name=secret, key=key, optional=optional or None)
    return core.v1.EnvVarArgs(name=name, value_from=core.v1.EnvVarSourceArgs(secret_key_ref=selector))


def file_volumes(name: str, secret: str | None, key: str) -> list[core.v1.VolumeArgs]:
    """The volume `name` with that one key as a file, whatever else the Secret holds; none without a Secret."""
    if secret is None:
        return []
    items = [core.v1.KeyToPathArgs(key=key, path=key)]
    source = core.v1.SecretVolumeSourceArgs(secret_name=secret, items=items, default_mode=0o440)
    return [core.v1.VolumeArgs(name=name, secret=source)]


def file_mounts(name: str, secret: str | None, folder: str) -> list[core.v1.VolumeMountArgs]:
    """Where a container finds it; none without a Secret."""
    return [core.v1.VolumeMountArgs(name=name, mount_path=folder, read_only=True)] if secret else []
