"""Values that a Secret holds, by reference: none is in a manifest, nor in Pulumi's state."""

from pulumi_kubernetes import core


def variable_from_secret(name: str, secret: str, key: str) -> core.v1.EnvVarArgs:
    """The environment variable `name` with the value of a Secret's key."""
    selector = core.v1.SecretKeySelectorArgs(name=secret, key=key)
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
