"""Runs in a pod of the service (payers.py sends it there): found the societies that standard input lists, as JSON.

Over HTTP a society is founded by an operator, who may ask 20 times a minute like everybody else.
"""

import asyncio
import json
import sys

from web4_identity.cli.common import with_database
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.settings import load_settings


async def _found(database: Database) -> None:
    for name, public_key in json.load(sys.stdin):
        await found_society(database, name=name, founder_public_key=public_key, grant=_SETTINGS.initial_grant)


_SETTINGS = load_settings()
asyncio.run(with_database(_SETTINGS, _found))
