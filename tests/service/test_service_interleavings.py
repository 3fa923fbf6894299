"""Any interleaving of mints and revocations, on two replicas: no ATP is made or lost, and answers are what is there.

INTERLEAVINGS=1000 tries so many plans, at random; without it few, and always the same.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import httpx
import pytest
from fixture_types import Body, Ledger, Start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mint_parts import Key, new_key, proof_of
from service_servers import Postgres
from web4_identity.db.engine import Database
from web4_identity.db.genesis import found_society
from web4_identity.domain.pricing import mint_price
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit

GIVEN = os.environ.get("INTERLEAVINGS")
BASE, FACTOR, GRANT = 100, Fraction(3, 2), 160
# Of the societies "rich" and "poor" their founders, and an LCT that was minted into "rich".
FUNDS = {"rich": 10**6, "poor": 260, "minted": GRANT}
numbers = itertools.count()


@dataclass(frozen=True)
class Mint:
    payer: str
    society: str
    entity: int
    identifier: int
    key: int


@dataclass(frozen=True)
class Revoke:
    payer: str
    key: int


Done = tuple[Mint | Revoke, httpx.Response]
payers, few = st.sampled_from(sorted(FUNDS)), st.integers(0, 4)
mints = st.builds(Mint, payers, st.sampled_from(["rich", "poor"]), few, few, st.integers(0, 9))
actions = st.one_of(mints, mints, mints, mints, mints, mints, st.builds(Revoke, payers, st.integers(0, 9)))
plans = st.lists(st.lists(actions, min_size=2, max_size=8), min_size=1, max_size=3)


@dataclass
class World:
    """Two societies of their own for one plan, and all that was answered in them."""

    clients: list[httpx.AsyncClient]
    number: int
    keys: dict[str, Key]
    entities: list[Key] = field(default_factory=lambda: [new_key() for _ in range(5)])
    bodies: dict[tuple[str, str, int, int], Body] = field(default_factory=dict)
    answers: list[Done] = field(default_factory=list)

    def society(self, name: str) -> str:
        return f"{name}-{self.number}"

    def body(self, mint: Mint) -> Body:
        """The same wish has the same bytes, as a repeat must."""
        wish = (mint.payer, mint.society, mint.entity, mint.identifier)
        if wish not in self.bodies:
            body = {
                "caller_lct_id": self.keys[mint.payer].lct_id,
                "entity_type": "device",
                "entity_identifier": f"device-{mint.identifier}",
                "society": self.society(mint.society),
                "public_key": self.entities[mint.entity].public_key,
            }
            self.bodies[wish] = {**body, "binding_proof": proof_of(body)}
        return self.bodies[wish]

    async def do(self, action: Mint | Revoke) -> Done:
        client = self.clients[next(numbers) % len(self.clients)]
        key = self.keys[action.payer]
        headers, auth = {"Idempotency-Key": str(action.key)}, PayerAuth(key.private)
        if isinstance(action, Mint):
            answer = await client.post("/v1/lct/mint", json=self.body(action), headers=headers, auth=auth)
        else:
            answer = await client.post(f"/v1/lct/{key.lct_id}/revoke", json={}, headers=headers, auth=auth)
        self.answers.append((action, answer))
        return action, answer


@pytest.fixture
async def replicas(start: Start, database: Database) -> AsyncIterator[list[httpx.AsyncClient]]:
    limits = {"RATE_LIMIT_MAX_REQUESTS_PER_IP": "100000", "RATE_LIMIT_MAX_REQUESTS_PER_PAYER": "100000"}
    prices = {"ATP_MINT_BASE_COST": str(BASE), "ATP_MINT_SCALE_FACTOR": "1.5", "INITIAL_ATP_GRANT": str(GRANT)}
    async with start(**limits, **prices) as one, start(**limits, **prices) as two:
        yield [one, two]


async def begin(clients: list[httpx.AsyncClient], database: Database) -> World:
    world = World(clients, next(numbers), {name: new_key() for name in FUNDS})
    for name in ("rich", "poor"):
        founder = world.keys[name].public_key
        await found_society(
            database,
            name=world.society(name),
            founder_public_key=founder,
            grant=GRANT,
            founder_funds=FUNDS[name] + (BASE if name == "rich" else 0),
            pool_funds=10**6,
        )
    body = {**world.body(Mint("rich", "rich", 0, 0, 0)), "entity_identifier": "minted"}
    body["public_key"] = world.keys["minted"].public_key
    body["binding_proof"] = proof_of(body)
    first = await clients[0].post("/v1/lct/mint", json=body, auth=PayerAuth(world.keys["rich"].private))
    assert first.status_code == 201
    return world


async def registered(postgres: Postgres, database_name: str, world: World, name: str) -> list[Any]:
    """The LCTs minted into a society since begin(), in their order, with what each cost and who paid."""
    return await postgres.run(
        f"""SELECT l.lct_id, e.actor, (e.detail ->> 'atp_cost')::bigint AS cost
            FROM lcts l JOIN societies s ON s.id = l.society_id JOIN accounts a ON a.lct_id = l.lct_id
            JOIN audit_entries e ON e.subject = l.lct_id AND e.action = 'mint'
            WHERE s.name = '{world.society(name)}' AND l.lct_id <> '{world.keys["minted"].lct_id}' ORDER BY a.id""",
        database_name,
    )


@settings(
    max_examples=int(GIVEN or 40),
    derandomize=GIVEN is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(plan=plans)
async def test_whatever_happens_at_once_the_books_are_right(
    replicas: list[httpx.AsyncClient],
    database: Database,
    postgres: Postgres,
    database_name: str,
    ledger: Ledger,
    plan: list[list[Mint | Revoke]],
) -> None:
    world = await begin(replicas, database)
    revoked = set()
    for batch in plan:
        done = await asyncio.gather(*(world.do(action) for action in batch))
        for action, answer in done:
            allowed = {201, 402, 403, 409, 422} if isinstance(action, Mint) else {200, 409, 422}
            assert answer.status_code in allowed, answer.text
            if action.payer in revoked and isinstance(action, Mint):
                assert answer.json()["code"] == "W4_ERR_LCT_REVOKED"
        revoked |= {action.payer for action, answer in done if answer.status_code == 200}

    for action, answer in list(world.answers):
        if answer.status_code == 201 and action.payer not in revoked:
            assert (await world.do(action))[1].content == answer.content
    assert await ledger.violations() == []
    made: dict[tuple[str, str], set[tuple[bytes, int]]] = {}
    for action, answer in world.answers:
        if isinstance(action, Mint) and answer.status_code == 201:
            made.setdefault((action.society, answer.json()["data"]["lct_id"]), set()).add((answer.content, action.key))
    # Each was made by one request under one key; whoever repeated that got the same bytes.
    assert all(len(answers) == 1 for answers in made.values())
    spent = dict.fromkeys(FUNDS, 0)
    names = {key.lct_id: name for name, key in world.keys.items()}
    for society, before in (("rich", 1), ("poor", 0)):
        rows = await registered(postgres, database_name, world, society)
        assert sorted(row["lct_id"] for row in rows) == sorted(lct for where, lct in made if where == society)
        assert [row["cost"] for row in rows] == [mint_price(BASE, FACTOR, before + n) for n in range(len(rows))]
        for row in rows:
            spent[names[row["actor"]]] += row["cost"]
    for name, key in world.keys.items():
        balance = (await replicas[0].get(f"/v1/atp/{key.lct_id}")).json()["balance"]
        assert balance == FUNDS[name] - spent[name] >= 0
