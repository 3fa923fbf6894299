"""The one place where a pod of ours gets its security context.

A component describes what its containers run; what they may do is decided here and cannot be set by the component:
`hardened_pod` raises TypeError when a container tries. The pod-security level `restricted`, which the namespace
enforces, accepts every pod made here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes import core

from infra.frozen import Frozen
from infra.priorities import Priority, priority_class
from infra.settings import PodSettings

DEFAULT_UID = 10001
"""Above 10000, so that it is nobody's user on a node (the guide's image has a user of its own for the same reason)."""


DISK_REQUEST, DISK_LIMIT = "16Mi", "256Mi"
"""What a container of ours may write into its scratch folders and its log: none of them keeps anything there."""


class PodArgs(Frozen):
    """What every component that runs pods is told: where, and by which rules."""

    namespace: str
    pods: PodSettings


def hardened_pod(
    *containers: Mapping[str, Any],
    args: PodArgs,
    priority: Priority,
    writable: Mapping[str, str],
    volumes: Sequence[core.v1.VolumeArgs] = (),
    before: Sequence[Mapping[str, Any]] = (),
    uid: int = DEFAULT_UID,
    **pod: Any,
) -> core.v1.PodSpecArgs:
    """A pod that runs as a plain user on a read-only file system, with no capability and no API token.

    In: each container as the keyword arguments of ContainerArgs; the component's arguments; how much it matters;
    `writable`, the folders every container may write, each with the size limit of its emptyDir; further volumes; the
    containers `before` the others, which end, or begin to answer and stay (`restart_policy="Always"`), one by one; the
    user's number; further PodSpecArgs arguments.
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
        priority_class_name=priority_class(args.namespace, priority),
        init_containers=[_hardened_container(mounts, args.pods, **container) for container in before] or None,
        containers=[_hardened_container(mounts, args.pods, **container) for container in containers],
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
    rules: PodSettings,
    resources: Mapping[str, Mapping[str, str]],
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
        resources=core.v1.ResourceRequirementsArgs(**with_disk(resources, rules, DISK_REQUEST, DISK_LIMIT)),
        **container,
    )


def resources(*, cpu: str, memory: str, cpu_limit: str, memory_limit: str) -> dict[str, dict[str, str]]:
    """Requests and limits, as Kubernetes quantities."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu_limit, "memory": memory_limit}}


def with_disk(
    resources: Mapping[str, Mapping[str, str]], rules: PodSettings, request: str, limit: str
) -> dict[str, Any]:
    """`resources` with a request for disk and a limit on it, where the nodes keep account of that."""
    disk = {"requests": request, "limits": limit} if rules.ephemeral_storage else {}
    return {
        kind: {**amounts, **({"ephemeral-storage": disk[kind]} if disk else {})} for kind, amounts in resources.items()
    }


def http_get(path: str, port: int, **timing: Any) -> core.v1.ProbeArgs:
    """A probe that wants a 2xx or 3xx answer from `path`; `timing` in seconds, as ProbeArgs names it."""
    return core.v1.ProbeArgs(http_get=core.v1.HTTPGetActionArgs(path=path, port=port), **timing)


def tcp_connect(port: int, **timing: Any) -> core.v1.ProbeArgs:
    """A probe that wants a connection taken: for liveness, where an answer that is slow is no reason for a restart."""
    return core.v1.ProbeArgs(tcp_socket=core.v1.TCPSocketActionArgs(port=port), **timing)
