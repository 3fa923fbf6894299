"""The one place where a pod of ours gets its security context.

A component describes what its containers run; what they may do is decided here and cannot be set by the component:
`hardened_pod` raises TypeError when a container tries. The pod-security level `restricted`, which the namespace
enforces, accepts every pod made here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes import core

DEFAULT_UID = 10001
"""Above 10000, so that it is nobody's user on a node (the guide's image has a user of its own for the same reason)."""


def hardened_pod(
    *containers: Mapping[str, Any],
    writable: Mapping[str, str],
    volumes: Sequence[core.v1.VolumeArgs] = (),
    uid: int = DEFAULT_UID,
    **pod: Any,
) -> core.v1.PodSpecArgs:
    """A pod that runs as a plain user on a read-only file system, with no capability and no API token.

    In: each container as the keyword arguments of ContainerArgs; `writable`, the folders every container may write,
    each with the size limit of its emptyDir; further volumes; the user's number; further PodSpecArgs arguments.
    """
    scratch = {folder: f"scratch{folder.replace('/', '-')}" for folder in writable}
    mounts = [core.v1.VolumeMountArgs(name=name, mount_path=folder) for folder, name in scratch.items()]
    return core.v1.PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,  # no REDIS_SERVICE_PORT=tcp://... beside the variables we mean to set
        security_context=core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=uid,
            run_as_group=uid,
            fs_group=uid,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[_hardened_container(mounts, **container) for container in containers],
        volumes=[
            *(
                core.v1.VolumeArgs(name=name, empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=writable[folder]))
                for folder, name in scratch.items()
            ),
            *volumes,
        ],
        **pod,
    )


def _hardened_container(
    scratch: list[core.v1.VolumeMountArgs],
    volume_mounts: Sequence[core.v1.VolumeMountArgs] = (),
    **container: Any,
) -> core.v1.ContainerArgs:
    return core.v1.ContainerArgs(
        image_pull_policy="IfNotPresent",
        security_context=core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[*scratch, *volume_mounts],
        **container,
    )


def resources(*, cpu: str, memory: str, cpu_limit: str, memory_limit: str) -> core.v1.ResourceRequirementsArgs:
    """Requests and limits, as Kubernetes quantities."""
    return core.v1.ResourceRequirementsArgs(
        requests={"cpu": cpu, "memory": memory}, limits={"cpu": cpu_limit, "memory": memory_limit}
    )


def http_get(path: str, port: int, **timing: int) -> core.v1.ProbeArgs:
    """A probe that wants a 2xx or 3xx answer from `path`; `timing` in seconds, as ProbeArgs names it."""
    return core.v1.ProbeArgs(http_get=core.v1.HTTPGetActionArgs(path=path, port=port), **timing)


def sleep_before_stop(seconds: int) -> core.v1.LifecycleArgs:
    """A pause between being told to stop and the signal, in which endpoints lose the pod and requests stop coming."""
    return core.v1.LifecycleArgs(pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=seconds)))
