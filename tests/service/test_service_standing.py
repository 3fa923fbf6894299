"""Standing: what a witness must be worth, and where that comes from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fixture_types import NewKey, Order, Problem, Start
from mint_parts import Key
from web4_identity.db.engine import Database
from web4_identity.db.standing import Standing, StandingRefused, set_standing

pytestmark = pytest.mark.unit

MINT = "/v1/lct/mint"
HALF = Decimal("0.5")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
GOOD = Standing(HALF, HALF, HALF, 50, LONG_AGO)
YOUNG = {"since": datetime.now(UTC) - timedelta(days=29)}


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"since": None}, "age 30 days"),
        (YOUNG, "age 30 days"),
        ({"actions": 49}, "50 actions"),
        # 0.4 talent + 0.3 training + 0.3 temperament: just under 0.4.
        ({"talent": Decimal("0.24")}, "reputation 0.4"),
        ({"training": Decimal("0.16")}, "reputation 0.4"),
        ({"temperament": Decimal(0)}, "reputation 0.4"),
    ],
)
async def test_a_witness_needs_reputation_age_and_actions(
    start: Start,
    order: Order,
    founder: Key,
    database: Database,
    unwitnessed: Problem,
    change: dict[str, Any],
    lacks: str,
) -> None:
    defaults = {"MIN_WITNESS_AGE_DAYS": "30", "MIN_WITNESS_ACTIONS": "50"}
    async with start(**defaults) as client:
        await set_standing(database, founder.lct_id, Standing(**{**GOOD.__dict__, **change}))
        problem = await unwitnessed(order(witnesses=[founder]), "STANDING", by=client)
        assert problem["detail"] == f"a witness needs {lacks}"
        await set_standing(database, founder.lct_id, GOOD)
        assert (await client.post(MINT, json=order(witnesses=[founder]))).status_code == 201


async def test_reputation_is_enough_when_it_is_exact(
    start: Start, order: Order, founder: Key, database: Database
) -> None:
    async with start(MIN_WITNESS_REPUTATION="0.4") as client:
        # 0.4 x 0.4 + 0.3 x 0.3 + 0.3 x 0.5 is 0.4, which floats miss.
        exact = Standing(Decimal("0.4"), Decimal("0.3"), HALF, 0, None)
        await set_standing(database, founder.lct_id, exact)
        assert (await client.post(MINT, json=order(witnesses=[founder]))).status_code == 201


async def test_births_witnessed_and_mints_paid_are_actions(
    start: Start, order: Order, founder: Key, new_key: NewKey, unwitnessed: Problem
) -> None:
    device = new_key()
    async with start(MIN_WITNESS_ACTIONS="2") as client:
        await unwitnessed(order(witnesses=[founder]), "STANDING", by=client)
        for key in (device, new_key()):
            assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
        assert (await client.post(MINT, json=order(witnesses=[founder]))).status_code == 201
        await unwitnessed(order(witnesses=[device]), "STANDING", by=client)
    async with start() as lenient:
        for _ in range(2):
            assert (await lenient.post(MINT, json=order(witnesses=[device]))).status_code == 201
    async with start(MIN_WITNESS_ACTIONS="2") as client:
        assert (await client.post(MINT, json=order(witnesses=[device]))).status_code == 201


async def test_a_document_shows_the_standing(client: httpx.AsyncClient, founder: Key, database: Database) -> None:
    path = f"/v1/lct/{founder.lct_id}"
    before = await client.get(path)
    await set_standing(database, founder.lct_id, Standing(Decimal("0.9"), Decimal("0.8"), Decimal("0.1"), 0, None))
    after = await client.get(path)
    assert after.json()["t3_tensor"] == {"talent": 0.9, "training": 0.8, "temperament": 0.1, "composite_score": 0.63}
    assert before.headers["etag"] != after.headers["etag"]


async def test_standing_is_for_registered_lcts(database: Database, founder: Key, new_key: NewKey) -> None:
    with pytest.raises(StandingRefused):
        await set_standing(database, new_key().lct_id, GOOD)
