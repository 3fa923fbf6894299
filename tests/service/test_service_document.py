"""The JSON-LD document of an LCT, as anyone reads it."""

import base64
import json
import re
from datetime import datetime

import asyncpg
import cbor2
import httpx
import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fixture_types import Body, NewKey, Order
from mint_parts import Key
from pydantic import SecretStr
from web4_identity.api.document_schema import DOCUMENT_SCHEMA
from web4_identity.db.engine import Database
from web4_identity.db.migrate import migrate
from web4_identity.db.registry import find_lct
from web4_identity.domain.document import lct_document
from web4_identity.domain.keys import from_multikey
from web4_identity.signature import PayerAuth

pytestmark = [pytest.mark.unit, pytest.mark.backends("postgres", "sqlite")]

MINT = "/v1/lct/mint"
REQUIRED = {"@context", "lct_id", "subject", "binding", "mrh", "policy", "t3_tensor", "v3_tensor", "revocation"}
CHECKED = jsonschema_rs.Draft202012Validator(DOCUMENT_SCHEMA, validate_formats=True)


async def test_the_document_has_every_member_and_no_other(
    client: httpx.AsyncClient, order: Order, new_key: NewKey
) -> None:
    key = new_key()
    body = order(public_key=key.public_key, metadata={"secret": "of the payer"})
    minted = (await client.post(MINT, json=body)).json()["data"]
    answer = await client.get(f"/v1/lct/{key.lct_id}")
    assert answer.headers["content-type"] == "application/ld+json"
    document = answer.json()
    born = datetime.fromisoformat(minted["created_at"]).isoformat()
    bound_at = document["binding"].pop("created_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", bound_at)
    assert document == {
        "@context": ["https://web4.io/contexts/lct.jsonld"],
        "lct_id": key.lct_id,
        "subject": f"did:web4:key:{key.public_key}",
        "binding": {
            "entity_type": "device",
            "public_key": key.public_key,
            "binding_proof": body["binding_proof"],
        },
        "mrh": {
            "bound": [],
            "paired": [
                {
                    "lct_id": "lct:web4:role:citizen:device",
                    "pairing_type": "birth_certificate",
                    "permanent": True,
                    "ts": born,
                }
            ],
            "witnessing": [],
            "horizon_depth": 3,
            "last_updated": born,
        },
        "policy": {"capabilities": ["write:lct", "witness:attest"]},
        "t3_tensor": {"talent": 0.5, "training": 0.5, "temperament": 0.5, "composite_score": 0.5},
        "v3_tensor": {"valuation": 0.5, "veracity": 0.5, "validity": 0.5, "composite_score": 0.5},
        "revocation": {"status": "active"},
    }


async def test_anyone_can_check_the_proof_with_the_document_alone(
    client: httpx.AsyncClient, order: Order, new_key: NewKey
) -> None:
    key = new_key()
    await client.post(MINT, json=order(public_key=key.public_key))
    binding = (await client.get(f"/v1/lct/{key.lct_id}")).json()["binding"]
    proof = binding.pop("binding_proof").removeprefix("cose:")
    protected, _, payload, signature = cbor2.loads(base64.urlsafe_b64decode(proof + "==")).value
    assert payload == cbor2.dumps(binding, canonical=True)
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    Ed25519PublicKey.from_public_bytes(from_multikey(binding["public_key"])).verify(signature, signed)


async def test_a_founders_document_is_whole(client: httpx.AsyncClient, founder: Key) -> None:
    document = (await client.get(f"/v1/lct/{founder.lct_id}")).json()
    assert set(document) == REQUIRED
    assert document["binding"]["entity_type"] == "organization"


async def test_every_document_is_of_the_specifications_schema(
    client: httpx.AsyncClient, founder: Key, order: Order, new_key: NewKey
) -> None:
    keys = [new_key() for _ in range(4)]
    for key in keys[:3]:
        assert (await client.post(MINT, json=order(public_key=key.public_key))).status_code == 201
    born = order(public_key=keys[3].public_key, entity_type="human", witnesses=keys[:3])
    assert (await client.post(MINT, json=born)).status_code == 201
    await client.post(f"/v1/lct/{keys[0].lct_id}/revoke", json={"reason": "lost"}, auth=PayerAuth(keys[0].private))
    documents = [(await client.get(f"/v1/lct/{key.lct_id}")).json() for key in (founder, *keys)]
    for document in documents:
        CHECKED.validate(document)
    whole = documents[-1]
    assert set(whole) == REQUIRED | {"birth_certificate", "attestations"}
    assert whole["birth_certificate"]["issuing_society"] == founder.lct_id
    spoils: tuple[Body, ...] = (
        {"lineage": []},
        {"lct_id": "web4:x"},
        {"@context": []},
        {"revocation": {"status": "gone"}},
        {"birth_certificate": {**whole["birth_certificate"], "birth_witnesses": [keys[0].lct_id] * 3}},
        {"binding": {**whole["binding"], "created_at": "yesterday"}},
    )
    for spoil in spoils:
        assert not CHECKED.is_valid({**whole, **spoil}), spoil
    for name in REQUIRED:
        assert not CHECKED.is_valid({key: value for key, value in whole.items() if key != name}), name


async def test_a_known_document_is_304(client: httpx.AsyncClient, founder: Key, order: Order) -> None:
    path = f"/v1/lct/{founder.lct_id}"
    first = await client.get(path)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{64}"', etag) and first.headers["cache-control"] == "no-cache"
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    for unknown in ('"other"', etag.strip('"'), ""):
        assert (await client.get(path, headers={"If-None-Match": unknown})).content == first.content
    minted = (await client.post(MINT, json=order())).json()["data"]["lct_id"]
    assert (await client.get(f"/v1/lct/{minted}")).headers["etag"] != etag


@pytest.mark.backends("postgres")
async def test_rows_of_the_release_before_are_whole_documents(empty_database_url: str, new_key: NewKey) -> None:
    url, key = SecretStr(empty_database_url), new_key()
    certificate = {"issuing_society": "home", "birth_witnesses": ["a", "b", "c"]}
    kept = json.dumps({"birth_certificate": certificate})
    await migrate(url, wait_seconds=0, revision="0002")
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(
        f"""BEGIN;
        INSERT INTO societies (name, founder) VALUES ('home', '{key.lct_id}');
        INSERT INTO lcts (lct_id, society_id, entity_type, entity_identifier, public_key, document)
            SELECT '{key.lct_id}', id, 'human', 'x', '{key.public_key}', '{kept}'
            FROM societies;
        COMMIT"""
    )
    await migrate(url, wait_seconds=0)
    await connection.close()
    database = Database(url, 1)
    async with database.transaction() as opened:
        found = await find_lct(opened, key.lct_id)
    assert found is not None
    document = lct_document(*found)
    await database.close()
    assert set(document) == REQUIRED | {"birth_certificate"}
    assert document["birth_certificate"] == certificate
    assert document["binding"]["created_at"] == document["mrh"]["last_updated"]
