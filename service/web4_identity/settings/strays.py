"""Environment variables that look like settings and are none."""

import difflib
import os
import re
from collections.abc import Collection

from web4_identity.settings.ini import CONFIG_PATH_VARIABLE

PREFIXES = ("WEB4_", "RATE_LIMIT_", "ATP_", "MIN_WITNESS_")
# Not settings, but no mistakes: the second is the folder of the tools that start a cluster on a laptop.
_EXPECTED = (CONFIG_PATH_VARIABLE, "WEB4_CACHE")
# What Kubernetes and Docker put beside the variables of a pod for each Service near it (enableServiceLinks).
_LINK_NAME = re.compile(r".+_SERVICE_HOST|.+_SERVICE_PORT(_.+)?|.+_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")


def stray_variables(names: Collection[str]) -> list[str]:
    """One line for each variable with a prefix of ours that is none of `names`, with the one that may be meant."""
    return [
        f"{name} in the environment is not a setting and has no effect{_meant(name, names)}"
        for name, value in sorted(os.environ.items())
        if name.startswith(PREFIXES) and name not in names and name not in _EXPECTED and not _is_link(name, value)
    ]


def _is_link(name: str, value: str) -> bool:
    return bool(_LINK_NAME.fullmatch(name) or _LINK_VALUE.match(value))


def _meant(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.8)
    return f"; did you mean {close[0]}?" if close else ""
