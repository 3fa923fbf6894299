"""`make bench-storage`: what mints leave behind on the running stack."""

import math
import ssl
import sys
import time
from typing import Annotated

import page
import typer
from bench import load, payers
from bench.addresses import addresses
from cluster_stack import Kubectl
from live_prometheus import Prometheus
from running import Running
from traffic.parties import MINTS_EACH, Society

from local import credentials, stack
from local.errors import UserError
from local.progress import say
from local.target import target
from storage.postgres import stored
from storage.redis import keys
from storage.report import Storage
from storage.series import by_workload

BATCHES = 3
BATCH_SECONDS = 25
"""The most that a batch may take: its signatures live for 30."""
_SERIES = 'count by (pod) ({pod!=""})'
_SAMPLES = "sum(rate(prometheus_tsdb_head_samples_appended_total[5m]))"


def main(
    mints: Annotated[int, typer.Option(min=300, max=6000, help="In three batches, at full speed.")] = 2880,
) -> None:
    """Mint, look at Postgres, Redis and Prometheus before and after, and write docs/scale.md."""
    try:
        measured = _measured(math.ceil(mints / BATCHES / MINTS_EACH))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    text = measured.text(page.when("make bench-storage"))
    print(f"\n{text}")
    page.put(page.SCALE, "make bench-storage", text)


def _measured(each: int) -> Storage:
    """With so many societies in each batch."""
    stack.require()
    where = target()
    kubectl, edge = Kubectl(where), (where.address(), int(stack.outputs()["edge_node_port"]))
    running = Running(kubectl, f"storage-{int(time.time()):x}")
    trust, url = ssl.create_default_context(cafile=str(credentials.EDGE_CA)), f"https://{edge[0]}:{edge[1]}"
    societies = payers.found(kubectl, running.run, each * BATCHES)
    running.sql("CHECKPOINT")
    wal, first = [], stored(running)
    before = first
    with addresses(where) as own:

        def mint(batch: list[Society]) -> None:
            sent = load.send(edge, trust, own, list(payers.mints(url, batch)), BATCH_SECONDS)
            say(f"storage: {dict(sent.statuses)} in {sent.seconds:.1f} s")
            if sent.statuses != {201: len(batch) * MINTS_EACH}:
                raise UserError(f"not a measurement: {dict(sent.statuses)}; try fewer --mints")

        for number in range(BATCHES):
            mint(societies[number * each : (number + 1) * each])
            if number == BATCHES - 1:
                redis = keys(kubectl)  # before they expire
            after = stored(running)
            wal.append(after.since(before).wal / (each * MINTS_EACH))
            before = after
    prometheus = Prometheus(kubectl)
    counted = [(found["metric"]["pod"], float(found["value"][1])) for found in prometheus.query(_SERIES)]
    (samples,) = prometheus.query(_SAMPLES)
    grown = after.since(first)
    return Storage(
        len(societies) * MINTS_EACH, grown, tuple(wal), redis, by_workload(counted), float(samples["value"][1])
    )


if __name__ == "__main__":
    typer.run(main)
