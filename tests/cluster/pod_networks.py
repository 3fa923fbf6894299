"""Connections from a running pod's own network, whatever programs its image has. Of the embedded cluster only."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

# "open", "refused" by a machine that was reached, or "shut": a policy drops without a word.
CONNECT = """
import asyncio, json, sys
async def state(address, port):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 3)
    except ConnectionRefusedError:
        return "refused"
    except (TimeoutError, asyncio.TimeoutError):
        return "shut"
    writer.close()
    return "open"
async def main():
    print(json.dumps(await asyncio.gather(*(state(*each) for each in json.loads(sys.argv[1])))))
asyncio.run(main())
"""
Address = tuple[str, int]


def networks() -> dict[str, Path]:
    """The file of each pod's network namespace, by the pod's address."""
    files = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files[os.stat(process / "ns" / "net").st_ino] = process / "ns" / "net"
        except OSError:
            continue  # ended meanwhile, or not ours
    found: dict[str, Path] = {}
    for file in files.values():
        shown = subprocess.run([*_inside(file), "ip", "-json", "address", "show", "dev", "eth0"], capture_output=True)
        if shown.returncode == 0:
            (interface,) = json.loads(shown.stdout)
            found |= {each["local"]: file for each in interface["addr_info"]}
    return found


def connect(network: Path, addresses: Iterable[Address]) -> dict[Address, str]:
    """Open a connection from that network to each address, all at once; what came of each."""
    wanted = list(addresses)
    command = [*_inside(network), "python3", "-c", CONNECT, json.dumps(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(wanted, json.loads(done.stdout), strict=True))


def _inside(network: Path) -> list[str]:
    return ["nsenter", f"--net={network}"]
