"""`make bench`: mints and reads a second through the TLS edge, at several numbers of replicas of the service."""

import asyncio
import itertools
import os
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import page
import typer
from cluster_stack import Kubectl
from live_prometheus import Prometheus
from running import Running
from service_bench import ceiling as sql
from service_bench.__main__ import DISK, DURABLE
from service_bench.service import prepare
from service_servers import Postgres
from traffic.parties import MINTS_EACH, Society

from bench import load, payers
from bench.addresses import REQUESTS_EACH, addresses
from bench.figures import Measured, rows
from local import credentials, stack
from local.errors import UserError
from local.progress import say
from local.target import target

SOCIETIES = 64
"""Of the ceiling, so that no lock is what is measured."""
MOST_MINTS_A_SECOND = 200
"""More than two cores mint; so many are signed for each second."""
WARM_SECONDS = 3
_MEMORY = 'max by (pod) (container_memory_working_set_bytes{{container="identity-service", pod=~"{pods}"}})'


def main(
    replicas: Annotated[str, typer.Argument(help="Numbers of the service's pods, with commas between.")] = "1,2,4",
    seconds: Annotated[int, typer.Option(min=5, max=15, help="Of each measurement; signatures live for 30.")] = 12,
) -> None:
    """Measure, restore the number of pods, and write docs/benchmarks.md; exits with 1 if a request failed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the pods are put back
    try:
        counts = [int(each) for each in replicas.split(",")]
        say("bench: the SQL alone, on a Postgres of its own")
        ceiling = _ceiling(seconds)
        measured = list(_edge_and_service(counts, seconds))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    text = _section(replicas, seconds, measured, ceiling)
    print(f"\n{text}")
    page.put(page.BENCHMARKS, "make bench", text)
    if any(each.failed for each in measured):
        raise typer.Exit(1)


def _ceiling(seconds: int) -> float:
    """Mints a second of the same SQL by pgbench, as `make bench-service` measures it."""
    postgres = Postgres(DISK, **DURABLE)
    try:
        url = asyncio.run(prepare(postgres, "raw", SOCIETIES))
        with tempfile.TemporaryDirectory(dir=DISK) as folder:
            return sql.ceiling(postgres, url, load.CLIENTS, seconds, sql.record(url, SOCIETIES, folder))
    finally:
        postgres.close()


def _edge_and_service(counts: list[int], seconds: int) -> Iterator[Measured]:
    stack.require()
    where = target()
    kubectl, edge = Kubectl(where), (where.address(), int(stack.outputs()["edge_node_port"]))
    url, trust = f"https://{edge[0]}:{edge[1]}", ssl.create_default_context(cafile=str(credentials.EDGE_CA))
    running = Running(kubectl, f"bench-{int(time.time()):x}")
    before = kubectl.json("get", "deployment/web4-identity")["spec"]["replicas"]
    with addresses(where) as own:

        def measure(what: str, replicas: int, requests: Iterable[bytes], status: int) -> Measured:
            sent = load.send(edge, trust, own, requests, seconds)
            bad = sum(count for each, count in sent.statuses.items() if each != status)
            say(f"bench: {what}, {replicas} replicas: {dict(sent.statuses)} in {sent.seconds:.1f} s")
            memory = _memory(kubectl) if replicas else ()
            return Measured(what, replicas, sent.seconds, sent.latencies, bad, memory, sent.cpu, sent.opening)

        minted = 0
        try:
            yield measure("nginx alone", 0, itertools.repeat(payers.static(url)), 404)
            for count in counts:
                say(f"bench: {count} replicas of the service")
                kubectl.scale_service(count)
                societies = payers.found(kubectl, running.run, seconds * MOST_MINTS_A_SECOND // MINTS_EACH)
                asked = payers.reads(url, societies)
                load.send(edge, trust, own, itertools.cycle(asked), WARM_SECONDS)
                yield measure("reads", count, itertools.cycle(asked), 200)
                mints = measure("mints", count, _signed(url, societies), 201)
                minted += len(mints.latencies) - mints.failed
                yield mints
        finally:
            kubectl.scale_service(before)
    _audit(running, minted)


def _signed(url: str, societies: list[Society]) -> list[bytes]:
    """All of them now, so that no client's cryptography competes with the service's."""
    return list(payers.mints(url, societies))


def _memory(kubectl: Kubectl) -> list[float]:
    """Bytes that each of the service's pods holds, as the kubelet tells Prometheus."""
    found = Prometheus(kubectl).query(_MEMORY.format(pods="|".join(kubectl.identity_pods())))
    return sorted(float(each["value"][1]) for each in found)


def _audit(running: Running, minted: int) -> None:
    """Raise UserError unless each mint that was acknowledged is registered, and paid for once."""
    held = running.registry()
    say(f"bench: {minted} mints acknowledged, {len(held.lcts)} registered, {len(held.charges)} charged")
    # One whose answer came after the clock had run out, or was lost, is registered too.
    if len(held.lcts) < minted or len(held.charges) != len(held.lcts) or held.violations:
        raise UserError(f"not a measurement: {minted} acknowledged, {len(held.lcts)} registered, {held.violations}")


def _section(replicas: str, seconds: int, measured: list[Measured], ceiling: float) -> str:
    nginx = measured[0].rate
    busy = sum(each.cpu for each in measured) / sum(each.seconds for each in measured)
    opening = sorted(each for one in measured for each in one.opening)
    return "\n".join(
        [
            f"{page.when('make bench' + (f' REPLICAS={replicas}' if replicas != '1,2,4' else ''))}: {os.cpu_count()} "
            f"cores for everything, {load.CLIENTS} clients, {seconds} s each. The load itself took {busy:.2f} cores; a "
            f"TCP connection and TLS handshake, one in {REQUESTS_EACH} requests and not in the latencies, "
            f"{opening[len(opening) // 2] * 1000:.0f} ms (median). The SQL alone: {ceiling:.0f} mints/s.",
            "",
            rows(measured, nginx, ceiling),
        ]
    )


if __name__ == "__main__":
    typer.run(main)
