"""Client addresses, as many as a run wants: this machine takes a whole range for its own, for as long as it runs.

Neither the edge's limit for an address nor the service's is lifted: no address comes twice in a run, and each sends
less than both allow.
"""

import ipaddress
import itertools
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from local.console import capture
from local.errors import UserError
from local.target import Target

RANGE = ipaddress.ip_network("198.18.0.0/15")
"""For benchmarks, and on no network (RFC 2544, RFC 6890): 131,072 addresses."""
REQUESTS_EACH = 10
"""What one address sends, over one connection: the edge lets 21 through at once, the service 20 a minute."""
# A whole range is local by one route, and each of its addresses may be bound without being on any interface.
_ROUTE = ("local", str(RANGE), "dev", "lo")


@contextmanager
def addresses(where: Target) -> Iterator[Iterator[str]]:
    """Give addresses one after the other; what is sent from them comes back here while the block runs."""
    if not where.embedded:
        raise UserError("this is for the embedded cluster, whose edge sees a client's own address.")
    capture(["ip", "route", "replace", *_ROUTE])
    try:
        yield map(str, itertools.islice(RANGE, 1, None))
    finally:
        subprocess.run(["ip", "route", "delete", *_ROUTE], capture_output=True, check=False)
