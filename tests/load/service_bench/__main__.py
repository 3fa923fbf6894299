"""Measure mints through the whole service, beside the same SQL without it, and reads: `make bench-service`."""

import argparse
import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from service_servers import Postgres, RedisServer, Service, stop

from service_bench.ceiling import ceiling, record
from service_bench.load import send
from service_bench.orders import GOOD_FOR_SECONDS, reads, signed
from service_bench.processes import cpu_seconds, memory_mb
from service_bench.service import environment, faults, prepare
from service_bench.table import Measured, heading, row

# On a disk, where /tmp may be memory. Full durability: a commit has reached the disk before it is answered.
DISK = "/var/tmp"
DURABLE: dict[str, str | int] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": 120,
    "shared_buffers": "256MB",
}
MOST_SECONDS = 170
ROUNDS = 3


def main() -> None:
    """Measure each number of societies, one after the other, and print a line for each."""
    options = _options()
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(MOST_SECONDS)
    postgres, redis = Postgres(DISK, **DURABLE), RedisServer()
    try:
        print(heading(options, os.cpu_count()))
        for societies in options.societies:
            print(row(*_measure(options, postgres, redis, societies)), flush=True)
    finally:
        redis.close()
        postgres.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="service_bench", description=__doc__)
    parser.add_argument("--societies", type=int, nargs="+", default=[1, 64], help="how many societies mint at once")
    parser.add_argument("--connections", type=int, default=16, help="HTTP connections, and as many to Postgres")
    parser.add_argument("--seconds", type=int, default=12, help="of each measurement, in 3 rounds")
    parser.add_argument("--requests", type=int, default=4000, help="signed before each measurement; none is sent twice")
    options = parser.parse_args()
    if options.seconds * 2 > GOOD_FOR_SECONDS:
        parser.error(f"--seconds must be at most {GOOD_FOR_SECONDS // 2}: the signatures would expire")
    return options


def _too_long(*_: object) -> None:
    raise TimeoutError(f"not done within {MOST_SECONDS} s: take fewer --societies, --seconds or --requests")


def _measure(
    options: argparse.Namespace, postgres: Postgres, redis: RedisServer, societies: int
) -> tuple[Measured, Measured]:
    raw = asyncio.run(prepare(postgres, f"raw{societies}", societies))
    url = asyncio.run(prepare(postgres, f"service{societies}", societies))
    redis.client.flushall()
    with tempfile.TemporaryDirectory(dir=DISK) as folder:
        scripts = record(raw, societies, folder)
        service = Service(environment(url, redis.port, options.connections), Path(folder))
        try:
            done, read = Measured(societies), Measured(societies)
            authority = f"127.0.0.1:{service.port}"
            requests = signed(authority, societies, options.requests)
            documents = reads(authority, societies, options.requests)
            processes = {"service": service.process, "Postgres": postgres.process, "Redis": redis.process}
            share = options.seconds / ROUNDS
            for number in range(ROUNDS):
                # In turn, so that whatever else the machine does meets both.
                done.ceilings.append(ceiling(postgres, raw, options.connections, round(share), scripts))
                _load(service.port, options.connections, share, requests[number::ROUNDS], processes, done)
            # After the mints, whose signatures would expire.
            _load(service.port, options.connections, share, documents, processes, read)
            done.memory = memory_mb(service.process.pid)
        finally:
            stop(service.process)
    wrong = asyncio.run(faults(url))
    if wrong or set(done.statuses) != {201} or set(read.statuses) != {200}:
        raise SystemExit(f"not a measurement: answers {dict(done.statuses + read.statuses)}, ledger {wrong}")
    return done, read


def _load(
    port: int,
    connections: int,
    seconds: float,
    requests: list[bytes],
    processes: Mapping[str, subprocess.Popen[bytes]],
    done: Measured,
) -> None:
    """Send a part of the requests; add what came of it, and the CPU time of all that shared the cores."""
    pids = {name: process.pid for name, process in processes.items()}
    with ProcessPoolExecutor(1) as generator:
        # The first submission starts the process, whose imports are not the load's.
        pids["load"] = generator.submit(os.getpid).result()
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        done.add(generator.submit(send, port, connections, seconds, requests).result())
        for name, pid in pids.items():
            done.used[name] += cpu_seconds(pid) - before[name]


if __name__ == "__main__":
    main()
