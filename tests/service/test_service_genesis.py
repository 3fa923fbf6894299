"""Migrations and genesis: repeatable, safe at once, and refusing what they must."""

import asyncio

import pytest
from pydantic import SecretStr
from web4_identity.db.engine import Database, DatabaseUnavailable
from web4_identity.db.genesis import GenesisRefused, found_society
from web4_identity.db.migrate import migrate
from web4_identity.db.registry import society_names
from web4_identity.domain.pricing import MAX_ATP

pytestmark = pytest.mark.unit


async def test_two_migrations_at_once_both_succeed(empty_database_url):
    url = SecretStr(empty_database_url)
    async with asyncio.timeout(30):
        await asyncio.gather(migrate(url, wait_seconds=0), migrate(url, wait_seconds=0))
    await migrate(url, wait_seconds=0)
    database = Database(url, 1)
    async with database.transaction() as connection:
        assert await society_names(connection) == []
    await database.close()


async def test_migrate_waits_for_a_database_that_comes_up(empty_database_url, postgres, relay):
    late = await relay(postgres.port)
    await late.cut()
    url = SecretStr(empty_database_url.replace(f":{postgres.port}/", f":{late.port}/"))
    task = asyncio.create_task(migrate(url, wait_seconds=20))
    await asyncio.sleep(0.5)
    assert not task.done()
    await late.join()
    await task


async def test_migrate_gives_up_in_time_and_at_once_on_a_wrong_password(postgres, template):
    with pytest.raises(DatabaseUnavailable):
        await migrate(SecretStr(postgres.url(template, port=1)), wait_seconds=0.5)
    with pytest.raises(DatabaseUnavailable) as caught:
        async with asyncio.timeout(5):
            await migrate(SecretStr(postgres.url(template, password="wrong-word")), wait_seconds=60)
    assert "wrong-word" not in str(caught.value) and not caught.value.passing


async def test_genesis_defaults_and_repeats(database, new_key, ledger):
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


async def test_genesis_at_once_founds_once(database, new_key, ledger):
    key = new_key()
    made = await asyncio.gather(
        *(found_society(database, name="home", founder_public_key=key.public_key, grant=1) for _ in range(4))
    )
    assert sorted(one.created for one in made) == [False, False, False, True]
    assert len((await ledger.everything())["societies"]) == 1


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
    ],
)
async def test_genesis_refusals_change_nothing(database, new_key, ledger, change):
    key = new_key()
    good = {"name": "home", "founder_public_key": key.public_key, "grant": 10}
    await found_society(database, **good)
    before = await ledger.everything()
    if change.get("founder_public_key") in ("other", "fresh"):
        change = {**change, "founder_public_key": new_key().public_key}
    with pytest.raises(GenesisRefused):
        await found_society(database, **{**good, **change})
    assert await ledger.everything() == before
