"""The controls of the Pod Security Standard `restricted`, one rule each.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ as of Kubernetes 1.34; the controls of
`baseline` that `restricted` has in a stricter form stand here in that form alone.
"""

from collections.abc import Iterator

from infra.policy.kubernetes import Manifest, containers, pod, security_context
from infra.policy.rule import object_rule, pod_rule

VOLUME_TYPES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"),
}
SECCOMP_TYPES = {"RuntimeDefault", "Localhost"}
APPARMOR_TYPES = {"RuntimeDefault", "Localhost"}
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    *(f"net.ipv4.ip_{name}" for name in ("local_port_range", "local_reserved_ports", "unprivileged_port_start")),
    "net.ipv4.ping_group_range",
    *(f"net.ipv4.tcp_{name}" for name in ("syncookies", "fin_timeout")),
    *(f"net.ipv4.tcp_keepalive_{name}" for name in ("time", "intvl", "probes")),
}


def _holders(spec: Manifest) -> Iterator[tuple[str, Manifest]]:
    """The pod itself and each container, each with its security context."""
    yield "pod", security_context(spec)
    for container in containers(spec):
        yield f"container {container['name']}", security_context(container)


@pod_rule("restricted-host-process")
def host_process(spec: Manifest) -> Iterator[str]:
    """Remove windowsOptions.hostProcess: no pod is a process of its node."""
    for where, context in _holders(spec):
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield f"{where}: windowsOptions.hostProcess is true"


@pod_rule("restricted-host-namespaces")
def host_namespaces(spec: Manifest) -> Iterator[str]:
    """Remove hostNetwork, hostPID and hostIPC: a pod shares nothing of its node."""
    yield from (f"{key} is true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))


@pod_rule("restricted-privileged")
def privileged(spec: Manifest) -> Iterator[str]:
    """Remove securityContext.privileged: a privileged container is root on its node."""
    for where, context in _holders(spec):
        if context.get("privileged"):
            yield f"{where}: privileged is true"


@pod_rule("restricted-capabilities-dropped")
def capabilities_dropped(spec: Manifest) -> Iterator[str]:
    """Give each container securityContext.capabilities.drop: [ALL]."""
    for container in containers(spec):
        capabilities = security_context(container).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            yield f"container {container['name']}: capabilities.drop lacks ALL"


@pod_rule("restricted-capabilities-added")
def capabilities_added(spec: Manifest) -> Iterator[str]:
    """Add no capability but NET_BIND_SERVICE."""
    for container in containers(spec):
        capabilities = security_context(container).get("capabilities") or {}
        if added := sorted(set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}):
            yield f"container {container['name']}: capabilities.add has {', '.join(added)}"


@pod_rule("restricted-host-path")
def host_path(spec: Manifest) -> Iterator[str]:
    """Use emptyDir or a PersistentVolumeClaim: hostPath opens the node's files."""
    yield from (
        f"volume {volume['name']} is a hostPath" for volume in spec.get("volumes") or () if "hostPath" in volume
    )


@pod_rule("restricted-volume-types")
def volume_types(spec: Manifest) -> Iterator[str]:
    """Use configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected or secret."""
    for volume in spec.get("volumes") or ():
        if not VOLUME_TYPES & set(volume):
            yield f"volume {volume['name']} is a {next((key for key in volume if key != 'name'), 'volume of no type')}"


@pod_rule("restricted-host-ports")
def host_ports(spec: Manifest) -> Iterator[str]:
    """Remove hostPort: a Service leads to a pod, the node's port does not."""
    for container in containers(spec):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield f"container {container['name']}: hostPort is {port['hostPort']:g}"


@pod_rule("restricted-probe-hosts")
def probe_hosts(spec: Manifest) -> Iterator[str]:
    """Remove `host` from probes and lifecycle hooks: the kubelet asks the pod itself."""
    for container in containers(spec):
        lifecycle = container.get("lifecycle") or {}
        handlers = {key: container.get(key) for key in ("livenessProbe", "readinessProbe", "startupProbe")}
        handlers |= {key: lifecycle.get(key) for key in ("preStop", "postStart")}
        for key, handler in handlers.items():
            for action in ("httpGet", "tcpSocket"):
                if host := ((handler or {}).get(action) or {}).get("host"):
                    yield f"container {container['name']}: {key}.{action}.host is {host}"


@object_rule("restricted-apparmor")
def apparmor(manifest: Manifest) -> Iterator[str]:
    """Leave the AppArmor profile out, or set RuntimeDefault or Localhost."""
    found = pod(manifest)
    if found is None:
        return
    for where, context in _holders(found["spec"]):
        profile = context.get("appArmorProfile")
        if profile and profile["type"] not in APPARMOR_TYPES:
            yield f"{where}: appArmorProfile.type is {profile['type']}"
    for name, value in ((found.get("metadata") or {}).get("annotations") or {}).items():
        if name.startswith(APPARMOR_ANNOTATION) and value != "runtime/default" and not value.startswith("localhost/"):
            yield f"annotation {name} is {value}"


@pod_rule("restricted-selinux")
def selinux(spec: Manifest) -> Iterator[str]:
    """Leave seLinuxOptions out, or set nothing but a type that is for containers."""
    for where, context in _holders(spec):
        options = context.get("seLinuxOptions") or {}
        if options.get("type", "") not in SELINUX_TYPES:
            yield f"{where}: seLinuxOptions.type is {options['type']}"
        yield from (f"{where}: seLinuxOptions.{key} is set" for key in ("user", "role") if options.get(key))


@pod_rule("restricted-proc-mount")
def proc_mount(spec: Manifest) -> Iterator[str]:
    """Remove procMount: the default hides what /proc tells of the node."""
    for where, context in _holders(spec):
        if context.get("procMount", "Default") != "Default":
            yield f"{where}: procMount is {context['procMount']}"


@pod_rule("restricted-seccomp")
def seccomp(spec: Manifest) -> Iterator[str]:
    """Give the pod securityContext.seccompProfile.type RuntimeDefault (or Localhost)."""
    of_pod = (security_context(spec).get("seccompProfile") or {}).get("type")
    if of_pod and of_pod not in SECCOMP_TYPES:
        yield f"pod: seccompProfile.type is {of_pod}"
    for container in containers(spec):
        own = (security_context(container).get("seccompProfile") or {}).get("type", of_pod)
        if own not in SECCOMP_TYPES:
            yield f"container {container['name']}: seccompProfile.type is {own or 'not set'}"


@pod_rule("restricted-sysctls")
def sysctls(spec: Manifest) -> Iterator[str]:
    """Remove the sysctl: it is not one that stays inside the pod."""
    for sysctl in security_context(spec).get("sysctls") or ():
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"


@pod_rule("restricted-privilege-escalation")
def privilege_escalation(spec: Manifest) -> Iterator[str]:
    """Give each container securityContext.allowPrivilegeEscalation: false."""
    for container in containers(spec):
        if security_context(container).get("allowPrivilegeEscalation") is not False:
            yield f"container {container['name']}: allowPrivilegeEscalation is not false"


@pod_rule("restricted-run-as-non-root")
def run_as_non_root(spec: Manifest) -> Iterator[str]:
    """Give the pod securityContext.runAsNonRoot: true, and no container false."""
    of_pod = security_context(spec).get("runAsNonRoot")
    if of_pod is False:
        yield "pod: runAsNonRoot is false"
    for container in containers(spec):
        if security_context(container).get("runAsNonRoot", of_pod) is not True:
            yield f"container {container['name']}: runAsNonRoot is not true"


@pod_rule("restricted-run-as-user")
def run_as_user(spec: Manifest) -> Iterator[str]:
    """Set a runAsUser other than 0, or none where the image has a plain user."""
    for where, context in _holders(spec):
        if context.get("runAsUser") == 0:
            yield f"{where}: runAsUser is 0"
