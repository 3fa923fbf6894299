"""Turn the text of one setting into its exact, typed value."""

import os
import re
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from web4_identity.domain.keys import is_lct_id

MAX_LCT_IDS = 100
_AUTHORITY = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?")


def exact_factor(text: object) -> Fraction:
    """Read a decimal such as "1.5" exactly, from 1 to 1000 with at most four decimals.

    Source: guide, ATP Configuration. Four decimals keep a price computable: with a finer factor the numbers behind
    an exact price grow to millions of digits.

    Raises ValueError for anything else, exponents and signs included.
    """
    if isinstance(text, Fraction):
        return text
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text.strip()):
        raise ValueError("not a plain decimal")
    factor = Fraction(text.strip())
    if not 1 <= factor <= 1000:
        raise ValueError("out of range")
    return factor


def networks(text: object) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read comma-separated CIDRs ("10.0.0.0/8, ::1/128"); empty text gives none.

    Raises ValueError for an entry that is no network, host bits set included.
    """
    if isinstance(text, tuple):
        return text
    return tuple(ip_network(part.strip()) for part in str(text).split(",") if part.strip())


def authorities(text: object) -> tuple[str, ...]:
    """Read comma-separated authorities ("id.example.com, 10.0.0.1:8443"), lower case; empty text gives none.

    Raises ValueError for an entry with anything but a host and perhaps a port.
    """
    if isinstance(text, tuple):
        return text
    found = tuple(part.strip().lower() for part in str(text).split(",") if part.strip())
    if not all(_AUTHORITY.fullmatch(part) for part in found):
        raise ValueError("not host or host:port")
    return found


def lct_ids(text: object) -> tuple[str, ...]:
    """Read at most MAX_LCT_IDS comma-separated LCT ids; empty text gives none.

    Raises ValueError for more, and for an entry that is no LCT id.
    """
    if isinstance(text, tuple):
        return text
    found = tuple(part.strip() for part in str(text).split(",") if part.strip())
    if len(found) > MAX_LCT_IDS or not all(is_lct_id(part) for part in found):
        raise ValueError("not so many LCT ids")
    return found


def database_url(text: object) -> object:
    """Check a database URL, and return it unchanged: postgresql://user:password@host:port/name, or sqlite:///FILE.

    The file, or the folder for it to be made in, must be there and writable: else the service would start and could
    store nothing. Raises ValueError without quoting the URL: it may hold a password.
    """
    try:
        url = make_url(str(text))
    except (ArgumentError, ValueError):
        raise ValueError("not a URL") from None
    if url.drivername == "sqlite":
        _require_database_file(url)
    elif url.drivername not in ("postgresql", "postgres") or not url.host or not url.database:
        raise ValueError("not a postgresql URL with host and database name")
    return text


def _require_database_file(url: URL) -> None:
    if url.host or url.query or url.database in (None, "", ":memory:"):
        raise ValueError("not a sqlite URL with only a path")
    path = Path(url.database)
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise ValueError("not a file, or not writable")
    # SQLite keeps its log beside the file, so that the folder must be writable in any case.
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError("no such folder, or not writable")
