"""The node's isolation: a network, a mount and a cgroup that hold everything the cluster does.

The machine's own containerd, iptables rules, interfaces, /var/lib and /run are not touched:
- a network namespace, joined to the host by one veth pair, holds kube-proxy's and Calico's rules;
- a mount namespace has its own /var/lib, /var/log and /run, so that every component can keep its upstream paths;
- one cgroup per controller holds every pod.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from ipaddress import ip_address, ip_network
from pathlib import Path

from local.cluster import layout
from local.cluster.process import Process, alive, end
from local.console import capture
from local.errors import UserError
from local.paths import CACHE, CLUSTER

NETNS = Path("/run/netns") / layout.NAME
CGROUPS = Path("/sys/fs/cgroup")
PRIVATE = ("/var/lib", "/var/log", "/run")  # each is a folder of ours inside the node's mount namespace
HOLDER = Process("node", ("sleep", "infinity"))
# What a cgroup weighs unless told otherwise (v1, v2): as much as one process. All pods together would get no more of a
# busy machine than one compiler does, and be killed for answering their probes too late.
WEIGHTS = {"cpu.shares": 1024, "cpu.weight": 100}
PROCESSES_A_CORE = 8


def exists() -> bool:
    """Return whether both namespaces are there for components to join."""
    return NETNS.exists() and alive(HOLDER)


def enter() -> list[str]:
    """Return the command prefix that runs a program inside the node."""
    # Not `ip netns exec`: it remounts /sys, which hides the cgroup mounts from the kubelet.
    return ["nsenter", f"--net={NETNS}", f"--mount=/proc/{_holder()}/ns/mnt", "--"]


def inside(path: str) -> Path:
    """Return where this machine sees a path of the node's."""
    return Path(f"/proc/{_holder()}/root{path}")


def check() -> None:
    """Raise UserError if the node cannot be made: the cache folder is where it hides it, or its subnet is taken."""
    hiding = next((path for path in PRIVATE if CACHE.is_relative_to(path)), None)
    if hiding:
        raise UserError(f"the cache folder {CACHE} is under {hiding}, which the node hides: set WEB4_CACHE elsewhere.")
    for interface in json.loads(capture(["ip", "-json", "-4", "address"])):
        addresses = [entry["local"] for entry in interface["addr_info"]]
        taken = [address for address in addresses if ip_address(address) in ip_network(layout.SUBNET)]
        if taken and interface["ifname"] != layout.HOST_LINK:
            raise UserError(
                f"{layout.SUBNET} is taken: interface {interface['ifname']} has {taken[0]}. Remove it, or use "
                "KUBE_CONTEXT=… with a cluster of your own."
            )


def make() -> None:
    """Make the namespaces, the link to the host and the cgroups; what is there already stays."""
    if not NETNS.exists():
        capture(["ip", "netns", "add", layout.NAME])
    if not Path("/sys/class/net", layout.HOST_LINK).exists():
        _link()
    for controller in _controllers():
        (controller / layout.NAME).mkdir(exist_ok=True)
        _copy_cpuset(controller)
        _weigh(controller)
    if not alive(HOLDER):
        _hold_mounts()


def remove(patience: float) -> None:
    """End every process inside the node, then remove its namespaces, link and cgroups. Data in the cache stays.

    Args:
        patience: seconds that processes have to end by themselves before they are killed.
    """
    _end_members(patience)
    if alive(HOLDER):
        end(HOLDER, patience)
    if NETNS.exists():
        capture(["ip", "netns", "delete", layout.NAME])
        _drop_netns_folder()
    if Path("/sys/class/net", layout.HOST_LINK).exists():
        subprocess.run(["ip", "link", "delete", layout.HOST_LINK], check=False, capture_output=True)
    for controller in _controllers():
        _remove_cgroup(controller / layout.NAME)
    for mount in sorted(_mounts(), reverse=True):  # an image build that was interrupted leaves some
        capture(["umount", mount])


def leftovers() -> list[str]:
    """Return what of the node is still on the machine: processes, namespaces, interfaces, mounts, cgroups."""
    found = [f"process {pid}" for pid in members()]
    found += [f"network namespace {layout.NAME}"] if NETNS.exists() else []
    found += [f"interface {layout.HOST_LINK}"] if Path("/sys/class/net", layout.HOST_LINK).exists() else []
    found += [f"cgroup {path / layout.NAME}" for path in _controllers() if (path / layout.NAME).exists()]
    found += [f"mount {place}" for place in _mounts()]
    return found


def members() -> set[int]:
    """Return the ids of all processes that are in the node's network namespace or in its pods' cgroups."""
    found: set[int] = set()
    for controller in _controllers():
        for folder, _, _ in os.walk(controller / layout.NAME):  # unlike rglob it bears what vanishes meanwhile
            found.update(int(pid) for pid in _read(Path(folder, "cgroup.procs")).split())
    if NETNS.exists():
        inode = NETNS.stat().st_ino
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "ns" / "net").stat().st_ino == inode:
                    found.add(int(process.name))
            except OSError:
                continue  # it ended meanwhile
    return found - {os.getpid()}


def _holder() -> int:
    return int(json.loads(HOLDER.pid_file.read_text())["pid"])


def _mounts() -> list[str]:
    """Return the mounts under the cache folder, as the machine sees them."""
    places = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [place for place in places if place.startswith(f"{CACHE}/")]


def _link() -> None:
    for words in (
        f"ip link add {layout.HOST_LINK} type veth peer name {layout.NODE_LINK} netns {layout.NAME}",
        f"ip address add {layout.HOST_IP}/{layout.PREFIX} dev {layout.HOST_LINK}",
        f"ip link set {layout.HOST_LINK} up",
        f"ip -n {layout.NAME} address add {layout.NODE_IP}/{layout.PREFIX} dev {layout.NODE_LINK}",
        f"ip -n {layout.NAME} link set {layout.NODE_LINK} up",
        f"ip -n {layout.NAME} link set lo up",
        f"ip -n {layout.NAME} route add default via {layout.HOST_IP}",
        f"nsenter --net={NETNS} sysctl -qw net.ipv4.ip_forward=1",
    ):
        capture(words.split())


def _hold_mounts() -> None:
    """Start the process that keeps the mount namespace, with the node's own folders mounted."""
    root = CLUSTER / "root"
    script = ["set -e", "mount --make-rshared /"]
    for path in PRIVATE:
        own = root / path.strip("/").replace("/", "-")
        own.mkdir(parents=True, exist_ok=True)
        if path == "/run":
            # Sockets and pod network namespaces do not outlive the node: memory, and /var/run leads here too.
            script += [f"mount -t tmpfs -o mode=755 tmpfs {path}", f"mkdir -p {path}/lock {path}/netns"]
        else:
            script += [f"mount --bind {own} {path}"]
    script += ["exec sleep infinity"]
    HOLDER.spawn(
        [
            "nsenter",
            f"--net={NETNS}",
            "--",
            "unshare",
            "--mount",
            "--propagation",
            "slave",
            "--",
            "sh",
            "-c",
            "\n".join(script),
        ]
    )
    deadline = time.monotonic() + 10
    while not _mounted(HOLDER):
        if time.monotonic() > deadline or not alive(HOLDER):
            raise UserError(f"the node's mount namespace could not be made: {_read(HOLDER.log).strip()}")
        time.sleep(0.05)


def _mounted(holder: Process) -> bool:
    """Tell whether the holder has come to its last line, past the mounts."""
    pid = json.loads(holder.pid_file.read_text())["pid"]
    return _read(Path(f"/proc/{pid}/cmdline")).startswith("sleep")


def _controllers() -> list[Path]:
    """Return the cgroup hierarchies: one per controller (v1, with v2's `unified` beside them), or the one of v2."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return sorted({path.resolve() for path in CGROUPS.iterdir() if path.is_dir()})


def _copy_cpuset(controller: Path) -> None:
    """Give our cpuset cgroup (v1) its parent's processors and memory: an empty set takes no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = controller / layout.NAME / name
        if file.exists() and not _read(file).strip():
            file.write_text(_read(controller / name))


def _weigh(controller: Path) -> None:
    """Give our cpu cgroup the weight of several busy processes on each core."""
    for name, one in WEIGHTS.items():
        file = controller / layout.NAME / name
        if file.exists():
            file.write_text(str(min(one * PROCESSES_A_CORE * (os.cpu_count() or 1), 10_000)))


def _end_members(patience: float) -> None:
    holder = {json.loads(HOLDER.pid_file.read_text())["pid"]} if HOLDER.pid_file.exists() else set()
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10)):
        deadline = time.monotonic() + seconds
        for pid in members() - holder:
            _signal(pid, sign)
        while members() - holder and time.monotonic() < deadline:
            time.sleep(0.2)


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def _drop_netns_folder() -> None:
    """Undo what `ip netns add` leaves where no other namespace uses it: a folder mounted on itself."""
    folder = NETNS.parent
    if folder.exists() and not any(folder.iterdir()):
        subprocess.run(["umount", str(folder)], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_cgroup(path: Path) -> None:
    for folder, _, _ in os.walk(path, topdown=False):
        for _ in range(50):  # the kernel lets go of an ended process's cgroup a moment later
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.1)


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
