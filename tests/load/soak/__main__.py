"""`make soak`: steady load, the memory of every pod meanwhile, and an audit of every answer."""

import signal
import sys
import time
from typing import Annotated
from urllib.parse import quote

import page
import typer
from chaos.traffic_process import TrafficProcess
from cluster_stack import Kubectl
from live_prometheus import Prometheus
from running import Running
from traffic.audit import audit

from local import stack
from local.errors import UserError
from local.paths import REPO
from local.progress import LINE_SECONDS, say
from local.target import target
from soak.memory import Memory
from soak.report import Soak

RUNS = REPO / "build" / "soak"
STEP_SECONDS = 30
# What the processes hold. In the working set is also the kernel's cache of files, which Postgres fills with what it
# writes until something else wants the memory.
_MEMORY = 'sum by (pod) (max by (pod, container) (container_memory_rss{container!=""}))'


def main(minutes: Annotated[int, typer.Option(min=3, help="How long the load lasts.")] = 30) -> None:
    """Load the stack and write docs/reliability.md; exits with 1 if memory grows, or the audit finds something."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the load ends with it
    try:
        soak = _soak(minutes * 60)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    text = soak.text(page.when("make soak" + (f" MINUTES={minutes}" if minutes != 30 else "")))
    print(f"\n{text}")
    page.put(page.RELIABILITY, "make soak", text)
    if soak.problems:
        raise typer.Exit(1)


def _soak(seconds: int) -> Soak:
    stack.require()
    where, run = target(), f"soak-{int(time.time()):x}"
    folder = RUNS / run
    folder.mkdir(parents=True)
    kubectl = Kubectl(where)
    url = f"https://{where.address()}:{stack.outputs()['edge_node_port']}"
    with TrafficProcess(where, url, run, folder) as traffic:
        traffic.wait_for_all_clients()
        began, before = time.time(), _restarts(kubectl)
        say(f"soak: {url}, societies {run}-…, every answer in {folder.relative_to(REPO)}/requests.jsonl")
        while (left := began + seconds - time.time()) > 0:
            time.sleep(min(left, LINE_SECONDS))
            traffic.check()
            sent = traffic.sent()
            say(f"soak: {len(sent)} requests, {sum(not each.ok for each in sent)} failed, {max(left, 0):.0f} s left")
        traffic.end()
        lasted, sent = time.time() - began, traffic.sent()
    after = _restarts(kubectl)
    changed = sorted(pod for pod in before.keys() | after.keys() if before.get(pod) != after.get(pod))
    memories = [each for each in _memories(kubectl, began, lasted) if each.pod in before.keys() & after.keys()]
    return Soak(lasted, memories, sent, audit(sent, Running(kubectl, run).registry()), changed)


def _restarts(kubectl: Kubectl) -> dict[str, int]:
    """How often each pod's containers were restarted so far; a Job's pods, which come and go, are left out."""
    return {
        pod["metadata"]["name"]: sum(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))
        for pod in kubectl.json("get", "pods")["items"]
        if not any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", ()))
    }


def _memories(kubectl: Kubectl, began: float, seconds: float) -> list[Memory]:
    """Of every pod of the stack, as it was each STEP_SECONDS."""
    period = f"start={began:.0f}&end={began + seconds:.0f}&step={STEP_SECONDS}"
    found = Prometheus(kubectl).get(f"/api/v1/query_range?query={quote(_MEMORY)}&{period}")["result"]
    return sorted(
        (
            Memory(each["metric"]["pod"], [(float(at) - began, float(size)) for at, size in each["values"]])
            for each in found
        ),
        key=lambda memory: memory.pod,
    )


if __name__ == "__main__":
    typer.run(main)
