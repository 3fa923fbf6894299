"""What an LCT has, and what a society is, as anyone reads them."""

from datetime import datetime
from urllib.parse import quote

import httpx
import pytest
from fixture_types import Body, NewKey, Order, Sql, Start
from mint_parts import Key
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"


async def test_a_balance_is_what_mints_left_and_gave(
    client: httpx.AsyncClient, order: Order, founder: Key, new_key: NewKey
) -> None:
    device = new_key()
    assert (await client.post(MINT, json=order(public_key=device.public_key))).status_code == 201
    answers = [(await client.get(f"/v1/atp/{key.lct_id}")).json() for key in (founder, device)]
    assert answers == [
        {"lct_id": founder.lct_id, "balance": 10**9 - 100, "society": "commons"},
        {"lct_id": device.lct_id, "balance": 10_000, "society": "commons"},
    ]


@pytest.mark.parametrize("absent", ["lct:web4:absent", "x", "lct:web4:%00", "lct:web4:" + "a" * 300])
async def test_the_balance_of_no_lct_is_404(client: httpx.AsyncClient, absent: str) -> None:
    answer = await client.get(f"/v1/atp/{absent}")
    assert (answer.status_code, answer.json()["code"]) == (404, "W4_ERR_LCT_NOT_FOUND")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_society_shows_its_next_price_and_its_pool(
    client: httpx.AsyncClient, order: Order, founder: Key
) -> None:
    async def society() -> Body:
        answer = await client.get("/v1/societies/commons")
        assert answer.status_code == 200
        shown: Body = answer.json()
        return shown

    first = await society()
    assert datetime.fromisoformat(first.pop("created_at")).tzinfo is not None
    assert first == {
        "name": "commons",
        "founder": founder.lct_id,
        "lct_count": 0,
        "next_mint_price": 100,
        "pool_balance": 10**9,
    }
    for price in (100, 150, 225):
        assert (await society())["next_mint_price"] == price
        assert (await client.post(MINT, json=order())).json()["atp_cost"] == price
    last = await society()
    assert (last["lct_count"], last["next_mint_price"]) == (3, 337)
    assert last["pool_balance"] == 10**9 - 3 * 10_000 + 100 + 150 + 225


async def test_a_society_whose_mints_are_too_dear_has_no_price(client: httpx.AsyncClient, sql: Sql) -> None:
    await sql("UPDATE societies SET lct_count = 2000")
    assert (await client.get("/v1/societies/commons")).json()["next_mint_price"] is None


@pytest.mark.parametrize("name", ["a/b", "ü & ?#%", "x" * 256])
async def test_a_society_of_any_name_is_found(
    client: httpx.AsyncClient, database: Database, new_key: NewKey, name: str
) -> None:
    await found_society(database, name=name, founder_public_key=new_key().public_key, grant=1)
    answer = await client.get(f"/v1/societies/{quote(name, safe='')}")
    assert (answer.status_code, answer.json()["name"]) == (200, name)


@pytest.mark.parametrize("name", ["absent", "Commons", "commons%20", "%00", "%FF", "x" * 257, ""])
async def test_another_society_is_404(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/v1/societies/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "W4_ERR_SOCIETY_NOT_FOUND")


async def test_reads_count_against_the_limit_and_have_one_series_a_route(start: Start, founder: Key) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="2") as client:
        paths = (f"/v1/atp/{founder.lct_id}", "/v1/societies/commons", "/v1/societies/other", "/v1/atp/x")
        assert [(await client.get(path)).status_code for path in paths] == [200, 200, 429, 429]
        text = (await client.get("/metrics")).text
    assert 'route="/v1/atp/{lct_id}"' in text and 'route="/v1/societies/{name:path}"' in text
    assert "/v1/societies/commons" not in text


async def test_the_description_names_every_answer(start: Start) -> None:
    async with start(WEB4_TEST_MODE="true") as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    for path in ("/v1/atp/{lct_id}", "/v1/societies/{name}"):
        answers = paths[path]["get"]["responses"]
        assert set(answers) >= {"200", "404", "429", "500", "503"}
        assert "NOT_FOUND" in answers["404"]["description"]
        assert set(answers["404"]["content"]) == {"application/problem+json"}
