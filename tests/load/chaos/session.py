"""A run: the load, and one fault after the other on the running stack."""

import time
from collections.abc import Sequence

from cluster_stack import Kubectl

from chaos.alerts import AlertWatch
from chaos.fault import Fault
from chaos.row import Row
from chaos.run import Run
from chaos.scene import Scene
from chaos.traffic_process import TrafficProcess
from local import stack
from local.errors import UserError
from local.paths import REPO
from local.progress import say
from local.target import target

RUNS = REPO / "build" / "chaos"


def strike_each(faults: Sequence[Fault]) -> tuple[list[Row], float]:
    """Return the rows of the faults that were tried, and how long it took in seconds.

    Fewer rows than faults: after one of them the stack was not whole, and the rest was left out.

    Raises:
        UserError: there is no stack here, or it does not answer the load.
    """
    stack.require()
    where, began, rows = target(), time.time(), []
    run = f"chaos-{int(began):x}"
    folder = RUNS / run
    folder.mkdir(parents=True)
    kubectl = Kubectl(where)
    edge = where.address(), int(stack.outputs()["edge_node_port"])
    url = f"https://{edge[0]}:{edge[1]}"
    with TrafficProcess(where, url, run, folder) as traffic, AlertWatch(kubectl) as alerts:
        traffic.wait_for_all_clients()
        say(f"load: {url}, societies {run}-…, every answer in {folder.relative_to(REPO)}/requests.jsonl")
        striking = Run(Scene(kubectl, run, traffic, edge, folder), alerts)
        try:
            for fault in faults:
                name = fault.name
                rows.append(striking.strike(fault))
        except UserError as error:
            say(f"{name}: {error}; what follows is left out")
    return rows, time.time() - began
