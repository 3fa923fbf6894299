"""The API's description: whole, true, and its examples good."""

import json

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fixture_types import Body, Start
from mint_parts import Key
from pydantic import TypeAdapter
from typer.testing import CliRunner
from web4_identity.api.examples import REQUESTS
from web4_identity.app import create_app
from web4_identity.cli import app as command
from web4_identity.domain.attestation import Birth, read_attestation
from web4_identity.domain.binding import read_proof
from web4_identity.domain.cose import read_timestamp
from web4_identity.domain.entities import EntityType
from web4_identity.settings import load_settings

pytestmark = pytest.mark.unit

SIGNED = {"mint_lct", "revoke_lct", "found_society", "set_witness_standing"}
READS = {"read_lct", "list_lcts", "read_balance", "read_society"}
PROBES = {"health", "livez", "readyz", "metrics"}
PROOF = {"Signature-Input", "Signature", "Content-Digest", "Idempotency-Key"}
WITNESS_KEY = "z6Mkfmm57fsb6VL7zVusP8zeA9SYkCKdvUhby2G7Yh8vvQ1P"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(load_settings(DATABASE_URL="postgresql://nobody@localhost/none"))


@pytest.fixture(scope="module")
def document(app: FastAPI) -> Body:
    return app.openapi()


@pytest.fixture(scope="module")
def operations(document: Body) -> dict[str, Body]:
    return {each["operationId"]: each for methods in document["paths"].values() for each in methods.values()}


def check(document: Body, schema: Body, value: object) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def test_operations_have_readable_names_and_a_summary(operations: dict[str, Body]) -> None:
    assert set(operations) == SIGNED | READS | PROBES
    assert all(each["summary"] and each["description"] for each in operations.values())


def test_signed_operations_name_their_headers_and_no_other_does(operations: dict[str, Body]) -> None:
    for name, operation in operations.items():
        headers = {each["name"] for each in operation["parameters"] if each["in"] == "header" and each["required"]}
        assert headers == (PROOF if name in SIGNED else set()), name
        assert "X-Request-ID" in {each["name"] for each in operation["parameters"]}


def test_every_status_has_its_headers_and_a_media_type(operations: dict[str, Body]) -> None:
    for name, operation in operations.items():
        answers = operation["responses"]
        expected = {"500"}
        expected |= {"429", "503"} if name in SIGNED | READS else set()
        expected |= {"400", "401", "403", "408", "413", "422"} if name in SIGNED else set()
        assert expected <= set(answers), name
        assert ("422" in answers) == (name in SIGNED | {"list_lcts"})
        for status, answer in answers.items():
            assert answer["description"] and "X-Request-ID" in answer["headers"]
            if status >= "400" and name not in PROBES:
                assert list(answer["content"]) == ["application/problem+json"]
        if name in SIGNED | READS:
            assert {"Retry-After", "RateLimit-Limit", "RateLimit-Reset"} <= set(answers["429"]["headers"])
            assert "Retry-After" in answers["503"]["headers"]
    assert "Location" in operations["found_society"]["responses"]["201"]["headers"]
    assert "Link" in operations["list_lcts"]["responses"]["200"]["headers"]
    assert "ETag" in operations["read_lct"]["responses"]["304"]["headers"]


def test_every_success_answer_has_an_example_of_its_schema(document: Body, operations: dict[str, Body]) -> None:
    for name, operation in operations.items():
        success = next(answer for status, answer in operation["responses"].items() if status < "300")
        for media in success["content"].values():
            check(document, media["schema"], media["example"])
            if name not in PROBES:
                with pytest.raises(jsonschema_rs.ValidationError):
                    check(document, media["schema"], {**media["example"], **{key: [] for key in media["example"]}})


def test_every_request_example_is_of_its_model_and_schema(
    app: FastAPI, document: Body, operations: dict[str, Body]
) -> None:
    models = {
        route.name: route.body_field.field_info.annotation
        for route in app.routes
        if isinstance(route, APIRoute) and route.body_field
    }
    assert set(models) == SIGNED == set(REQUESTS)
    for name, model in models.items():
        (media,) = operations[name]["requestBody"]["content"].values()
        assert len(media["examples"]) == 2
        for example in media["examples"].values():
            assert model
            TypeAdapter(model).validate_python(json.loads(json.dumps(example["value"])))
            check(document, media["schema"], example["value"])


def test_the_examples_proofs_are_real() -> None:
    for body in REQUESTS["mint_lct"].values():
        read_proof(body["binding_proof"], EntityType(body["entity_type"]), body["public_key"])
    for body in REQUESTS["found_society"].values():
        read_proof(body["binding_proof"], EntityType.ORGANIZATION, body["founder_public_key"])
    body = REQUESTS["mint_lct"]["witnessed"]
    fields = {name: body[name] for name in Birth.__dataclass_fields__}
    birth = Birth(**{**fields, "entity_type": EntityType.AI})
    attestation = body["witnesses"][0]["attestation"]
    read_attestation(attestation, WITNESS_KEY, birth, read_timestamp("2026-01-31T12:00:00Z"))


async def test_the_command_prints_what_test_mode_publishes_and_no_other_mode_does(
    start: Start, founder: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(WEB4_TEST_MODE="true") as client:
        published = (await client.get("/openapi.json")).json()
    async with start() as client:
        assert (await client.get("/openapi.json")).status_code == 404
    printed = CliRunner().invoke(command, ["openapi"])
    assert printed.exit_code == 0 and json.loads(printed.stdout) == published
    monkeypatch.setenv("MAX_IDENTIFIER_LENGTH", "12")
    bounded = json.loads(CliRunner().invoke(command, ["openapi"]).stdout)["components"]["schemas"]["MintRequest"]
    assert bounded["properties"]["entity_identifier"]["maxLength"] == 12
