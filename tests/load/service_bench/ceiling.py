"""The ceiling: the SQL of a mint as the service sends it, run by pgbench on the same Postgres without the service.

One real mint for each society is recorded as SQLAlchemy sends it, and written down as a pgbench script. What must
differ from mint to mint is made new by an expression; every other value is the recorded one.
"""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from mint_parts import new_key, proof_of
from pydantic import SecretStr
from service_servers import PASSWORD, Postgres, binary
from sqlalchemy import event
from sqlalchemy.engine import Engine
from web4_identity.db.engine import Database
from web4_identity.db.idempotency import Attempt
from web4_identity.db.minting import MintOrder, MintPolicy, mint
from web4_identity.db.witnesses import WitnessPolicy
from web4_identity.domain.entities import EntityType

from service_bench.orders import founder, society

_POLICY = MintPolicy(100, Fraction(1), 10_000, timedelta(seconds=300), WitnessPolicy(Decimal(0), timedelta(0), 0))
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
# Unlike in two mints with all but no chance of being the same.
_UNIQUE = r"\set n random(1, 9000000000000000000)"


def record(url: str, societies: int, folder: str) -> list[Path]:
    """Write the script of each society into `folder` and give their paths."""
    paths = []
    for number, script in enumerate(asyncio.run(_scripts(url, societies))):
        paths.append(Path(folder) / f"mint-{number}.sql")
        paths[-1].write_text(script)
    return paths


def ceiling(postgres: Postgres, url: str, connections: int, seconds: int, scripts: Iterable[Path]) -> float:
    """Transactions a second over so many `connections`, each taking any of the `scripts` at random."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    command = [binary("pgbench", "postgresql", *folders), "--no-vacuum", "-M", "prepared"]
    command += ["-c", str(connections), "-j", "1", "-T", str(seconds), *(f"--file={path}" for path in scripts)]
    command += ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", "owner", url.rpartition("/")[2]]
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = _TPS.search(done.stdout)
    assert found, done.stdout
    return float(found[1])


async def _scripts(url: str, societies: int) -> list[str]:
    """One script for each society."""
    sent = []

    def keep(
        connection: object,
        cursor: object,
        statement: str,
        parameters: Sequence[object],
        context: object,
        executemany: bool,
    ) -> None:
        sent.append((statement, parameters))

    database = Database(SecretStr(url), 1)
    event.listen(Engine, "before_cursor_execute", keep)
    try:
        scripts = []
        for number in range(societies):
            sent.clear()
            unique = await _one_mint(database, number)
            statements = [_inlined(statement, parameters, unique) for statement, parameters in sent]
            scripts.append("\n".join([_UNIQUE, "BEGIN;", *(f"{each};" for each in statements), "COMMIT;", ""]))
        return scripts
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
        await database.close()


async def _one_mint(database: Database, number: int) -> set[str]:
    """Mint once in society `number`; give the texts that another mint must not repeat."""
    key, payer = new_key(), founder(number)
    order = MintOrder(
        EntityType.DEVICE,
        f"device-{key.lct_id[-20:]}",
        society(number),
        key.public_key,
        proof_of({"entity_type": "device", "public_key": key.public_key}),
        datetime.now(UTC).isoformat(),
    )
    attempt = Attempt(payer.lct_id, key.lct_id[-32:], os.urandom(32))
    await mint(database, order, _POLICY, attempt)
    return {key.lct_id, key.public_key, order.entity_identifier, attempt.key}


def _inlined(statement: str, parameters: Iterable[object], unique: Collection[str]) -> str:
    """The statement with values in place of $1, $2 ..."""
    values = [_literal(value, unique) for value in parameters]
    return re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], statement).replace("\n", " ")


def _literal(value: object, unique: Collection[str]) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, UUID):
        # The same in both entries of a transfer.
        return f"md5('{value.hex}' || :n)"
    if isinstance(value, bytes):
        return f"decode('{value.hex()}', 'hex')"
    text = value.isoformat() if isinstance(value, datetime) else value if isinstance(value, str) else json.dumps(value)
    # As long as the real one, with the number in place of its end.
    if text in unique:
        return f"({_quoted(text[:-19])} || lpad(:n, 19, '0'))"
    return _quoted(text)


def _quoted(text: str) -> str:
    # pgbench would take :word for one of its variables, inside of quotes too.
    return "U&'" + text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\003a") + "'"
