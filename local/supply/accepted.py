"""Findings that are known and do no harm here, each with its reason and a last day."""

from local.supply.findings import Accepted

ACCEPTED: tuple[Accepted, ...] = ()
