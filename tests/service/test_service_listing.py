"""The LCTs of a society, page by page, while others are minted."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fixture_types import NewKey, Order, Sample, Sql, Start
from mint_parts import Key
from sqlalchemy.dialects import postgresql
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.db.listing import page_query

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"


async def page(client: httpx.AsyncClient, **query: Any) -> httpx.Response:
    answer = await client.get("/v1/lct", params={"society": "commons", **query})
    assert answer.status_code == 200, answer.text
    return answer


async def names(
    client: httpx.AsyncClient, path: str | None, params: Mapping[str, str | int] | None = None
) -> list[list[str]]:
    """The identifiers on each page from `path` on, following the Link header."""
    pages = []
    while path:
        answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        pages.append([each["entity_identifier"] for each in answer.json()["data"]])
        path, params = answer.links.get("next", {}).get("url"), None
    return pages


async def mint_named(client: httpx.AsyncClient, order: Order, *identifiers: str) -> None:
    for name in identifiers:
        assert (await client.post(MINT, json=order(entity_identifier=name))).status_code == 201


async def test_every_lct_is_on_one_page_in_the_order_of_mints(client: httpx.AsyncClient, order: Order) -> None:
    await mint_named(client, order, "d", "b", "c", "a")
    everything = ["founder", "d", "b", "c", "a"]
    for limit in (1, 2, 4, 5, 6):
        pages = await names(client, "/v1/lct", {"society": "commons", "limit": limit})
        assert [name for each in pages for name in each] == everything
        assert [len(each) for each in pages[:-1]] == [limit] * (len(pages) - 1) and pages[-1]
    assert len((await page(client)).json()["data"]) == 5, "without a limit"


async def test_a_row_is_a_summary(client: httpx.AsyncClient, order: Order, founder: Key, new_key: NewKey) -> None:
    device = new_key()
    minted = (await client.post(MINT, json=order(public_key=device.public_key, entity_identifier="lamp"))).json()
    answer = await page(client)
    assert answer.json()["next"] is None and "link" not in answer.headers
    assert answer.json()["data"][1] == {
        "lct_id": device.lct_id,
        "entity_type": "device",
        "entity_identifier": "lamp",
        "status": "active",
        "created_at": minted["data"]["created_at"],
    }
    assert answer.json()["data"][0]["lct_id"] == founder.lct_id


async def test_the_body_and_the_link_name_the_same_page(
    client: httpx.AsyncClient, database: Database, new_key: NewKey, order: Order
) -> None:
    name = 'a & b=c;>"ü'
    await found_society(database, name=name, founder_public_key=new_key().public_key, grant=1, pool_funds=10**6)
    for _ in range(2):
        assert (await client.post(MINT, json=order(society=name))).status_code == 201
    first = await page(client, society=name, limit=1)
    by_link = await client.get(first.links["next"]["url"])
    by_cursor = await page(client, society=name, limit=1, after=first.json()["next"])
    assert by_link.json() == by_cursor.json() != first.json()
    assert by_link.status_code == 200 and len(by_link.json()["data"]) == 1


async def test_mints_between_pages_repeat_and_miss_nothing(client: httpx.AsyncClient, order: Order) -> None:
    await mint_named(client, order, "a", "b", "c")
    first = (await page(client, limit=2)).json()
    await mint_named(client, order, "0")
    rest = (await page(client, limit=100, after=first["next"])).json()
    assert [each["entity_identifier"] for each in rest["data"]] == ["b", "c", "0"]


async def test_a_reader_beside_concurrent_mints_sees_each_once(client: httpx.AsyncClient, order: Order) -> None:
    bodies = [order() for _ in range(30)]
    minting = asyncio.gather(*(client.post(MINT, json=body) for body in bodies))
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        done = minting.done()
        found = (await page(client, limit=3, **after)).json()
        # The last cursor is kept: what is minted later must come after it.
        seen += [each["lct_id"] for each in (found["data"] if found["next"] else [])]
        if found["next"]:
            after = {"after": found["next"]}
        elif done:
            seen += [each["lct_id"] for each in found["data"]]
            break
    assert {answer.status_code for answer in await minting} == {201}
    assert len(seen) == 31 and len(set(seen)) == 31


async def test_societies_are_apart(
    client: httpx.AsyncClient, database: Database, new_key: NewKey, order: Order
) -> None:
    other = new_key()
    await found_society(database, name="second", founder_public_key=other.public_key, grant=1, pool_funds=10**6)
    await mint_named(client, order, "a")
    assert [each["lct_id"] for each in (await page(client, society="second")).json()["data"]] == [other.lct_id]
    cursor = (await page(client, limit=1)).json()["next"]
    answer = await client.get("/v1/lct", params={"society": "second", "after": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


BAD = [
    ("limit", "0"),
    ("limit", "101"),
    ("limit", "1.5"),
    ("limit", "ten"),
    ("limit", ""),
    ("after", ""),
    ("after", "x"),
    ("after", "ü"),
    ("after", "%00"),
    ("after", base64.urlsafe_b64encode(bytes(15)).decode().rstrip("=")),
    ("after", base64.urlsafe_b64encode(bytes(17)).decode().rstrip("=")),
    ("after", base64.urlsafe_b64encode(b"\xff" * 16).decode().rstrip("=")),
    ("offset", "1"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
async def test_a_bad_parameter_is_422_and_named_and_counted(
    client: httpx.AsyncClient, sample: Sample, name: str, value: str
) -> None:
    label = name if name in ("limit", "after") else "other"
    answer = await client.get("/v1/lct", params={"society": "commons", name: value})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "W4_ERR_VALIDATION"), problem
    assert [each["field"] for each in problem["errors"]] == [name]
    assert answer.headers["content-type"] == "application/problem+json"
    assert await sample(f'web4_identity_input_validation_rejected_total{{field="{label}"}}') == 1


async def test_another_spelling_of_a_cursor_is_none(client: httpx.AsyncClient, order: Order) -> None:
    await mint_named(client, order, "a")
    cursor = (await page(client, limit=1)).json()["next"]
    # The last character carries four bits that mean nothing.
    respelled = cursor[:-1] + chr(ord(cursor[-1]) + 1)
    data = [base64.urlsafe_b64decode(text + "==") for text in (cursor, respelled)]
    assert data[0] == data[1]
    for spoiled in (respelled, cursor + "==", cursor + "\n"):
        answer = await client.get("/v1/lct", params={"society": "commons", "after": spoiled})
        assert answer.status_code == 422


async def test_a_society_is_needed_and_must_be_registered(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/lct")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "society")
    for name in ("absent", "", "\0", "x" * 257):
        answer = await client.get("/v1/lct", params={"society": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "W4_ERR_SOCIETY_NOT_FOUND")


async def test_the_list_is_limited_and_described(start: Start, founder: Key) -> None:
    async with start(RATE_LIMIT_MAX_REQUESTS_PER_IP="1", WEB4_TEST_MODE="true") as client:
        statuses = [(await client.get("/v1/lct", params={"society": "commons"})).status_code for _ in range(2)]
        answers = (await client.get("/openapi.json")).json()["paths"]["/v1/lct"]["get"]["responses"]
    assert statuses == [200, 429]
    assert set(answers) == {"200", "404", "422", "429", "500", "503"}


@pytest.mark.backends("postgres")
async def test_a_page_is_read_from_its_index(founder: Key, sql: Sql) -> None:
    for statement in (
        "ALTER TABLE lcts DISABLE TRIGGER ALL",
        "ALTER TABLE accounts DISABLE TRIGGER ALL",
        """INSERT INTO lcts (lct_id, society_id, entity_type, entity_identifier, public_key)
           SELECT 'x' || n, n % 20, 'device', n, 'z' || n FROM generate_series(1, 20000) n""",
        """INSERT INTO accounts (kind, lct_id, society_id)
           SELECT 'lct', 'x' || n, n % 20 FROM generate_series(1, 20000) n""",
        "ANALYZE lcts",
        "ANALYZE accounts",
    ):
        await sql(statement)
    query = page_query(society_id=7, position=500, limit=21)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
    text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    plan = "\n".join(row[0] for row in await sql(f"EXPLAIN {text}"))
    assert "accounts_lcts_of_society" in plan and "lcts_pkey" in plan and "Sort" not in plan, plan
