"""Migrations and genesis: repeatable, safe at once, and refusing what they must."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from fixture_types import Body, JoinRelay, Ledger, NewKey, Start, Testimonies
from mint_parts import Key, proof_of
from pydantic import SecretStr
from service_servers import Postgres
from typer.testing import CliRunner, Result
from web4_identity.cli import app
from web4_identity.cli.keys import load_key
from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.db.founding import FirstWitnesses, GenesisRefused
from web4_identity.db.genesis import found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.registry import society_names
from web4_identity.db.standing import Standing
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.pricing import MAX_ATP
from web4_identity.signature import PayerAuth

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

GOOD = Standing(Decimal("0.5"), Decimal("0.5"), Decimal("0.5"), 50, datetime.now(UTC) - timedelta(days=31))


async def test_two_migrations_at_once_both_succeed(empty_database_url: str) -> None:
    url = SecretStr(empty_database_url)
    async with asyncio.timeout(30):
        await asyncio.gather(migrate(url, wait_seconds=0), migrate(url, wait_seconds=0))
    await migrate(url, wait_seconds=0)
    database = Database(url, 1)
    async with database.transaction() as connection:
        assert await society_names(connection) == []
    await database.close()


@pytest.mark.backends("postgres")
async def test_migrate_waits_for_a_database_that_comes_up(
    empty_database_url: str, postgres: Postgres, relay: JoinRelay
) -> None:
    late = await relay(postgres.port)
    await late.cut()
    url = SecretStr(empty_database_url.replace(f":{postgres.port}/", f":{late.port}/"))
    task = asyncio.create_task(migrate(url, wait_seconds=20))
    await asyncio.sleep(0.5)
    assert not task.done()
    await late.join()
    await task


@pytest.mark.backends("postgres")
async def test_migrate_gives_up_in_time_and_at_once_on_a_wrong_password(postgres: Postgres, template: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate(SecretStr(postgres.url(template, port=1)), wait_seconds=0.5)
    with pytest.raises(DatabaseUnavailable) as caught:
        async with asyncio.timeout(5):
            await migrate(SecretStr(postgres.url(template, password="wrong-word")), wait_seconds=60)
    assert "wrong-word" not in str(caught.value) and not caught.value.passing


async def test_genesis_defaults_and_repeats(database: Database, new_key: NewKey, ledger: Ledger) -> None:
    key = new_key()
    made = await found_society(database, name="home", founder_public_key=key.public_key, grant=10_000)
    assert (made.founder, made.created) == (key.lct_id, True)
    state = await ledger.everything()
    assert sorted(row["balance"] for row in state["accounts"]) == [-10_100_000, 100_000, 10_000_000]
    assert state["societies"][0]["lct_count"] == 0
    again = await found_society(database, name="home", founder_public_key=key.public_key, grant=5, founder_funds=9)
    assert (again.founder, again.created) == (key.lct_id, False)
    assert await ledger.everything() == state
    assert await ledger.violations() == []


async def test_genesis_at_once_founds_once(database: Database, new_key: NewKey, ledger: Ledger) -> None:
    key = new_key()
    made = await asyncio.gather(
        *(found_society(database, name="home", founder_public_key=key.public_key, grant=1) for _ in range(4))
    )
    assert sorted(one.created for one in made) == [False, False, False, True]
    assert len((await ledger.everything())["societies"]) == 1


def first(public_keys: Iterable[str], **changes: Any) -> FirstWitnesses:
    return FirstWitnesses(tuple(public_keys), **{"standing": GOOD, **changes})


@pytest.mark.parametrize(
    "change",
    [
        {"founder_public_key": "other"},
        {"name": "elsewhere"},
        {"name": "tab\there", "founder_public_key": "fresh"},
        {"name": "", "founder_public_key": "fresh"},
        {"name": "new", "founder_public_key": "fresh", "founder_funds": -1},
        {"name": "new", "founder_public_key": "fresh", "pool_funds": MAX_ATP + 1},
        {"name": "new", "founder_public_key": "z6MkNo"},
        {"name": "new", "founder_public_key": "fresh", "binding_proof": "cose:AAAA"},
        {"name": "new", "founder_public_key": "fresh", "binding_proof": "of the founder"},
        {"name": "new", "founder_public_key": "fresh", "witnesses": ["z6MkNo"]},
        {"name": "new", "founder_public_key": "fresh", "witnesses": ["founder"]},
        {"name": "new", "founder_public_key": "fresh", "witnesses": ["same", "same"]},
        {"witnesses": ["fresh"]},
    ],
)
async def test_genesis_refusals_change_nothing(
    database: Database, new_key: NewKey, ledger: Ledger, change: dict[str, Any]
) -> None:
    key = new_key()
    good: dict[str, Any] = {"name": "home", "founder_public_key": key.public_key, "grant": 10}
    await found_society(database, **good)
    before = await ledger.everything()
    if change.get("founder_public_key") in ("other", "fresh"):
        change = {**change, "founder_public_key": new_key().public_key}
    if change.get("binding_proof") == "of the founder":
        change = {**change, "binding_proof": prove_binding(key.private, EntityType.ORGANIZATION)}
    if "witnesses" in change:
        known = {"founder": key.public_key, "same": new_key().public_key, "fresh": new_key().public_key}
        change = {**change, "witnesses": first([known.get(word, word) for word in change["witnesses"]])}
    with pytest.raises(GenesisRefused):
        await found_society(database, **{**good, **change})
    assert await ledger.everything() == before


async def test_a_society_begins_with_witnesses_that_are_not_minted(
    database: Database, new_key: NewKey, ledger: Ledger
) -> None:
    key, members = new_key(), [new_key() for _ in range(3)]
    wish: dict[str, Any] = {"name": "home", "founder_public_key": key.public_key, "grant": 10}
    good = first([member.public_key for member in members], funds=7)
    assert (await found_society(database, **wish, witnesses=good)).created
    state = await ledger.everything()
    rows = {row["lct_id"]: row for row in state["lcts"]}
    assert [(rows[each.lct_id]["entity_type"], rows[each.lct_id]["entity_identifier"]) for each in members] == [
        ("human", "witness-1"),
        ("human", "witness-2"),
        ("human", "witness-3"),
    ]
    assert all(row["genesis"] for row in rows.values()) and state["societies"][0]["lct_count"] == 0
    balances = {row["lct_id"]: row["balance"] for row in state["accounts"] if row["kind"] == "lct"}
    assert balances == {key.lct_id: 100, **{each.lct_id: 7 for each in members}}
    assert {row["lct_id"] for row in state["standing"]} == {each.lct_id for each in members}
    assert await ledger.violations() == []
    for again in (good, first(reversed(good.public_keys)), None):
        assert not (await found_society(database, **wish, witnesses=again)).created
    with pytest.raises(GenesisRefused, match="other first witnesses"):
        await found_society(database, **wish, witnesses=first(good.public_keys[:2]))
    assert await ledger.everything() == state


async def test_the_key_of_a_witness_must_be_free(
    database: Database, founder: Key, new_key: NewKey, ledger: Ledger
) -> None:
    before = await ledger.everything()
    with pytest.raises(GenesisRefused, match="already has an LCT"):
        await found_society(
            database,
            name="home",
            founder_public_key=new_key().public_key,
            grant=1,
            witnesses=first([new_key().public_key, founder.public_key]),
        )
    assert await ledger.everything() == before


async def test_a_founder_gets_its_missing_proof_once(
    client: httpx.AsyncClient, database: Database, founder: Key, ledger: Ledger
) -> None:
    path = f"/v1/lct/{founder.lct_id}"
    assert "binding_proof" not in (await client.get(path)).json()["binding"]
    wish: dict[str, Any] = {"name": "commons", "founder_public_key": founder.public_key, "grant": 1}
    then = datetime(2026, 1, 31, 12, tzinfo=UTC)
    proof = prove_binding(founder.private, EntityType.ORGANIZATION, then)
    assert (await found_society(database, **wish, binding_proof=proof)).proof_added
    binding = (await client.get(path)).json()["binding"]
    assert (binding["binding_proof"], binding["created_at"]) == (proof, "2026-01-31T12:00:00Z")
    state = await ledger.everything()
    assert state["audit_entries"][-1]["detail"] == {"society": "commons", "binding_proof": "added"}
    newer = prove_binding(founder.private, EntityType.ORGANIZATION)
    for again in (proof, newer, None):
        assert not (await found_society(database, **wish, binding_proof=again)).proof_added
    assert await ledger.everything() == state


async def test_the_first_witnesses_of_the_command_line_may_witness_at_once(
    start: Start,
    env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    new_key: NewKey,
    testimonies: Testimonies,
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    strict = {"MIN_WITNESS_REPUTATION": "0.7", "MIN_WITNESS_AGE_DAYS": "30", "MIN_WITNESS_ACTIONS": "50"}
    for name, value in strict.items():
        monkeypatch.setenv(name, value)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    made = run("keygen", "--out", tmp_path / "founder.pem", "--binding", "organization").stdout.splitlines()
    keys = dict(line.split(": ") for line in made)
    members = [new_key() for _ in range(3)]
    words = ["genesis", "--genesis-society", "home", "--genesis-public-key", keys["public_key"]]
    words += ["--genesis-binding-proof", keys["binding_proof"]]
    words += [word for each in members for word in ("--genesis-witness", each.public_key)]
    result = await asyncio.to_thread(run, *words)
    assert result.exit_code == 0 and "founded" in result.stdout, result.stderr
    again = await asyncio.to_thread(run, *words)
    assert again.stdout == f"society home: already there, unchanged, founder {keys['lct_id']}\n"
    other = await asyncio.to_thread(run, *words, "--genesis-witness", new_key().public_key)
    assert other.exit_code == 1 and "exists with other first witnesses" in other.stderr
    payer = PayerAuth(load_key(tmp_path / "founder.pem"))
    body: Body = {
        "caller_lct_id": keys["lct_id"],
        "entity_type": "human",
        "entity_identifier": "mary",
        "society": "home",
        "public_key": new_key().public_key,
    }
    body |= {"binding_proof": proof_of(body), "witnesses": testimonies(body, members)}
    async with start(**strict) as client:
        answer = await client.post("/v1/lct/mint", json=body, auth=payer)
        assert (answer.status_code, answer.json().get("atp_cost")) == (201, 100), answer.text
        document = (await client.get(f"/v1/lct/{keys['lct_id']}")).json()
    assert document["binding"]["binding_proof"] == keys["binding_proof"]
    assert (await asyncio.to_thread(run, "ledger", "verify")).exit_code == 0
