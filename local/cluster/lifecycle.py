"""Start, stop and look at the embedded cluster. Start repairs whatever it finds; stop leaves nothing running."""

import shutil
import time
from collections.abc import Callable

from local.cluster import addons, files, layout, node
from local.cluster.components import Component, components, felix
from local.cluster.kubectl import kubectl
from local.cluster.process import alive, end
from local.console import tail
from local.errors import UserError
from local.paths import CLUSTER, KUBECONFIG
from local.progress import say

READY_SECONDS = 120
STOP_SECONDS = 20


def start(images: dict[str, str]) -> None:
    """Bring the cluster up, or repair it: start what does not run, and wait until the node is Ready.

    Args:
        images: image names by key (`pause`, `coredns`, …), as `local.images` makes them.

    Raises:
        UserError: a component ended or did not become ready; the message has its log's last lines.
    """
    if not node.exists() and (node.NETNS.exists() or node.members()):
        say("cluster: half-started earlier; ending what is left of it")
        stop()
    if files.write(images["pause"]):
        # It would go on asking for the pause image of before, which is dropped sooner or later. Pods outlive it.
        end(_component("containerd").process)
    node.make()
    for component in components():
        _start(component)
    _wait("the node's registration", _registered)


def finish(images: dict[str, str]) -> None:
    """Install the add-ons (network policy data, DNS, storage, metrics), for which their images must be loaded."""
    addons.apply(images)
    _start(felix())
    _wait("the node to be Ready", _node_ready)
    addons.wait()
    say(f"cluster: ready; export KUBECONFIG={KUBECONFIG}")


def stop(patience: float = STOP_SECONDS) -> None:
    """End every process of the cluster and remove its namespaces, interface and cgroups. Its data stays.

    Args:
        patience: seconds that each has to end by itself (Postgres to write its checkpoint) before it is killed.
    """
    for component in (felix(), *reversed(components())):
        if component.process.name != "containerd":  # pods end first, while containerd can still reap them
            end(component.process, patience)
    node.remove(patience)
    for component in (felix(), *components()):
        component.process.pid_file.unlink(missing_ok=True)
    if left := node.leftovers():
        raise UserError(f"could not remove: {'; '.join(left)}. End what holds them, then run it again.")


def delete() -> None:
    """Stop, then remove the cluster's data: etcd, images in containerd, volumes."""
    stop(patience=0)
    shutil.rmtree(CLUSTER, ignore_errors=True)


def status() -> list[tuple[str, bool]]:
    """Return each part of the cluster and whether it is well, in starting order."""
    rows = [("node namespaces", node.exists())]
    for component in (*components(), felix()):
        well = alive(component.process) and (component.ready is None or component.ready())
        rows.append((component.process.name, well))
    rows.append(("node Ready", _node_ready()))
    return rows


def _start(component: Component) -> None:
    process = component.process
    if not alive(process):
        say(f"cluster: starting {process.name}")
        process.spawn([*node.enter(), *process.argv])
    if component.ready:
        _wait(process.name, component.ready, component)
    else:
        time.sleep(0.3)  # a wrong argument or a taken port ends it at once; say so here
        process.check()


def _wait(what: str, ready: Callable[[], bool], component: Component | None = None) -> None:
    """Wait for `ready`, and raise UserError when what it hangs on ends or takes too long, with its log's last lines."""
    needed = components() if component is None else (component,)
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        for other in needed:
            other.process.check()
        if time.monotonic() > deadline:
            log = (component or _component("kubelet")).process.log
            raise UserError(f"{what}: not there after {READY_SECONDS} s. Last lines of {log}:\n{tail(log)}")
        time.sleep(0.5)


def _component(name: str) -> Component:
    return next(component for component in components() if component.process.name == name)


def _registered() -> bool:
    try:
        return layout.NODE in kubectl("get", "nodes", "--output=name")
    except UserError:
        return False


def _node_ready() -> bool:
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    try:
        return kubectl("get", "node", layout.NODE, f"--output=jsonpath={path}") == "True"
    except UserError:
        return False
