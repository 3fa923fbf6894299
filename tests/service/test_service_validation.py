"""The security gate: nothing gets past the service, and a service with one check removed is found out."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from app_fixtures import FOUNDER, SOCIETY
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fixture_types import Ledger
from mint_parts import Key, new_key
from service_servers import Postgres, Service, free_port, stop
from web4_identity.validation.purse import Purse
from web4_identity.validation.run import all_attacks

pytestmark = pytest.mark.unit

Served = Callable[..., str]
Validate = Callable[..., Awaitable[tuple[int | None, str, str]]]

LIMIT = 150
# Together they may send more than the limit, so that no run has to wait.
ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


def key_file(path: Path, key: Key) -> Path:
    path.write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def served(env: dict[str, str], founder: Key, tmp_path: Path) -> Iterator[Served]:
    """served(weakness, NAME="value") serves, with the statements `weakness` run first, and gives the URL."""
    started = []

    def run(weakness: str = "", **changes: str) -> str:
        limits = {
            "RATE_LIMIT_MAX_REQUESTS_PER_IP": str(LIMIT),
            "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "1000",
        }
        service = Service({**env, **limits, **changes}, tmp_path, weakness)
        started.append(service.process)
        return service.url

    yield run
    for process in started:
        stop(process)


@pytest.fixture
def validate(tmp_path: Path) -> Validate:
    """validate(url, option, ...) runs the command as the founder and gives exit code, standard output and error."""
    path = key_file(tmp_path / "founder.pem", FOUNDER)

    async def run(url: str, *options: str, key: Path = path, society: str = SOCIETY) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "web4_identity", "validate", "--url", url, "--caller-key", str(key)),
            *("--society", society, "--rate-limit", str(LIMIT), *options),
            *(part for address in ADDRESSES for part in ("--source-address", address)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 180)
        return process.returncode, out.decode(), err.decode()

    return run


def bypasses(out: str) -> set[str]:
    return {each["attack"] for each in json.loads(out)["results"] if each["verdict"] == "BYPASS"}


async def test_the_service_lets_no_attack_pass(served: Served, validate: Validate, ledger: Ledger) -> None:
    code, out, err = await validate(served())
    assert code == 0, out + err
    *rows, summary = out.splitlines()
    attacks = len(all_attacks())
    assert attacks >= 60
    assert summary == f"{attacks} attacks, 0 bypasses (0.0 %)"
    assert sum(row.endswith("  defended") for row in rows) == attacks
    assert err.splitlines()[0].startswith(f"{attacks} attacks, about ")
    assert any("over the limit" in row and "429 W4_ERR_RATE_LIMITED" in row for row in rows)
    # What was minted is the few control mints, each paid for.
    births = [row for row in (await ledger.everything())["lcts"] if row["entity_identifier"].startswith("validate-")]
    assert 5 <= len(births) <= 8
    assert await ledger.violations() == []


@pytest.mark.parametrize(
    ("weakness", "named"),
    [
        (
            "import web4_identity.http.payer_proof as m; m.verify_signature = lambda *_: None",
            {"forged signature", "zero signature", "tampered path", "swapped keyid"},
        ),
        (
            "import web4_identity.api.mint_request as m; m.ConfigDict = lambda **_: {'extra': 'ignore'}",
            {"extra field admin", "extra field private_key"},
        ),
        (
            "import web4_identity.db.minting as m; m.require_witnesses = lambda *_: []",
            {"human without witnesses", "forged attestation", "self-attestation"},
        ),
        (
            "import web4_identity.db.minting as m\n"
            "right = m.write_mint\n"
            "async def more(connection, values, attested):\n"
            "    await right(connection, {**values, 'price': values['price'] + 1}, attested)\n"
            "m.write_mint = more",
            {"same key at once", "balance unchanged"},
        ),
    ],
    ids=["signature", "extra fields", "witnesses", "exact charge"],
)
async def test_a_removed_check_is_found_and_named(
    served: Served, validate: Validate, weakness: str, named: set[str]
) -> None:
    code, out, _ = await validate(served(weakness), "--json")
    found = bypasses(out)
    assert code == 1 and named <= found, found
    # Only what the check guards: a run that calls everything a bypass would name these too.
    assert not found & {"society huge", "SQL in the path", "stale proof", "over the limit"}
    assert json.loads(out)["bypasses"] == len(found)


async def test_a_believed_origin_is_found_and_named(served: Served, validate: Validate) -> None:
    code, out, _ = await validate(served(TRUSTED_PROXIES="127.0.0.0/8"), "--json")
    assert (code, bypasses(out)) == (1, {"spoofed X-Forwarded-For"})


async def test_removed_duplicate_checks_are_found_and_named(
    served: Served, validate: Validate, postgres: Postgres, database_name: str
) -> None:
    found = await postgres.run(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'lcts'::regclass AND contype = 'u'", database_name
    )
    for row in found:
        await postgres.run(f"ALTER TABLE lcts DROP CONSTRAINT {row['conname']} CASCADE", database_name)
    weakness = "import web4_identity.db.minting as m; m._refuse_duplicate = lambda *_: None"
    code, out, _ = await validate(served(weakness), "--json")
    assert code == 1 and bypasses(out) >= {"same identifier", "same identifier at once"}


async def test_a_limited_attack_waits_and_is_not_counted(served: Served, validate: Validate) -> None:
    url = served(RATE_LIMIT_MAX_REQUESTS_PER_IP="15", RATE_LIMIT_WINDOW_SECONDS="3600")
    code, out, err = await validate(url, "--max-seconds", "8", "--json")
    results = json.loads(out)
    assert code == 2 and results["bypasses"] == 0
    assert results["not_run"] > results["attacks"] / 2 and "limited: waiting" in err


async def test_what_cannot_be_validated_is_exit_2(served: Served, validate: Validate, tmp_path: Path) -> None:
    url = served()
    code, _, err = await validate(f"http://127.0.0.1:{free_port()}")
    assert code == 2 and "Traceback" not in err
    stranger = key_file(tmp_path / "stranger.pem", new_key())
    code, _, err = await validate(url, key=stranger)
    assert code == 2 and "401 W4_ERR_SIGNATURE_KEY_UNKNOWN" in err
    code, _, err = await validate(url, society="nowhere")
    assert code == 2 and "404 W4_ERR_SOCIETY_NOT_FOUND" in err
    code, _, err = await validate(served(ATP_MINT_BASE_COST="500000000"))
    assert code == 2 and "the caller has 500000000 ATP, the run may need" in err


def test_the_purse_finds_what_no_mint_explains() -> None:
    purse = Purse()

    def pay(lct_id: str, cost: int, remaining: int) -> None:
        purse.paid({"data": {"lct_id": lct_id}, "atp_cost": cost, "caller_atp_remaining": remaining})

    pay("a", 100, 900)
    assert purse.settle() == 0
    pay("b", 225, 525)
    pay("c", 150, 750)
    pay("c", 150, 750)
    assert purse.settle() == 0
    pay("d", 100, 400)
    assert purse.settle() == 25
