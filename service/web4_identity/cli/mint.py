"""`mint`: ask a running service for an LCT."""

import json
import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSignaturesException
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from web4_identity.cli.attest import read_testimony, testimony
from web4_identity.cli.common import EXIT_USAGE, fail
from web4_identity.cli.keys import load_key
from web4_identity.domain.attestation import Birth
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey
from web4_identity.signature import PayerAuth
from web4_identity.signature.rules import IDEMPOTENCY_HEADER, IDEMPOTENCY_PATTERN

REQUEST_SECONDS = 30
_LOST = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(mint)


def mint(
    url: Annotated[str, typer.Option(help="The service, such as https://identity.example.com")],
    caller_key: Annotated[Path, typer.Option(help="Private key (keygen --out) of the LCT that pays; signs the mint.")],
    society: Annotated[str, typer.Option(help="Registered society the entity is born into.")],
    entity_type: Annotated[EntityType, typer.Option(help="What the LCT stands for.")],
    entity_identifier: Annotated[str, typer.Option(help="The entity's name, unique in the society.")],
    witness_key: Annotated[
        list[Path] | None, typer.Option(help="Private key of a witness, which attests the mint; repeat for more.")
    ] = None,
    attestation: Annotated[
        list[Path] | None, typer.Option(help="What a witness made with `attest`; repeat for more. Needs --key-file.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="The entity's private key (keygen --out).")] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="1 to 128 visible ASCII characters; the same again, with all else the same, charges once."),
    ] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Trust this CA (PEM) instead of the system's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Mint an LCT.

    Of the entity's key the public half is sent, with a proof made with the private one that the entity agrees; of the
    caller's key only a signature over the request (RFC 9421).
    """
    payer = PayerAuth(load_key(caller_key))
    if idempotency_key is not None and not IDEMPOTENCY_PATTERN.fullmatch(idempotency_key):
        fail("--idempotency-key must be 1 to 128 visible ASCII characters", EXIT_USAGE)
    if key_file is not None:
        key = load_key(key_file)
    else:
        key = Ed25519PrivateKey.generate()
        typer.echo("no --key-file: minting for a fresh key that is kept in memory only and lost at exit", err=True)
    public_key = to_multikey(raw_public_key(key))
    birth = Birth(payer.lct_id, society, entity_type, entity_identifier, public_key)
    witnesses = [testimony(load_key(path), birth) for path in witness_key or []]
    witnesses += [read_testimony(path) for path in attestation or []]
    answer = _post(
        url.rstrip("/") + "/v1/lct/mint",
        ca_file,
        payer,
        idempotency_key or secrets.token_urlsafe(24),
        {
            "caller_lct_id": payer.lct_id,
            "entity_type": entity_type.value,
            "entity_identifier": entity_identifier,
            "society": society,
            "public_key": public_key,
            "binding_proof": prove_binding(key, entity_type),
            "witnesses": witnesses,
        },
    )
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    typer.echo(
        f"minted {answer['data']['lct_id']} for {answer['atp_cost']} ATP; "
        f"the caller has {answer['caller_atp_remaining']} ATP left, the entity was granted "
        f"{answer['new_entity_atp_granted']}"
    )


def _post(
    url: str, ca_file: Path | None, payer: PayerAuth, idempotency_key: str, body: dict[str, Any]
) -> dict[str, Any]:
    try:
        trust = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        fail(f"{ca_file}: not a readable CA file ({error.strerror or error.reason})")
    # A lost answer may belong to a mint that is committed; the Idempotency-Key makes asking again safe.
    attempts = Retrying(
        retry=retry_if_exception(_worth_repeating), stop=stop_after_attempt(4), wait=wait_fixed(0.5), reraise=True
    )
    headers = {IDEMPOTENCY_HEADER: idempotency_key}
    try:
        with httpx.Client(verify=trust, timeout=REQUEST_SECONDS) as client:
            response = attempts(client.post, url, json=body, headers=headers, auth=payer)
    except (httpx.HTTPError, httpx.InvalidURL, HTTPMessageSignaturesException) as error:
        fail(f"{url}: {error or type(error).__name__}")
    try:
        answer = response.json()
    except ValueError:
        fail(f"{url}: HTTP {response.status_code} without a JSON answer; is this the identity service?")
    if response.status_code != 201:
        fail(_refusal(response, answer))
    return answer


def _refusal(response: httpx.Response, answer: Any) -> str:
    if not isinstance(answer, dict) or "code" not in answer:
        return f"refused with HTTP {response.status_code}"
    text = f"{answer.get('title')} ({answer['code']}, HTTP {response.status_code}): {answer.get('detail')}"
    if "retry-after" in response.headers:
        text += f" (retry after {response.headers['retry-after']} s)"
    return text


def _worth_repeating(error: BaseException) -> bool:
    if isinstance(error, _LOST):
        return True
    return isinstance(error, httpx.ConnectError) and any(isinstance(e, ConnectionRefusedError) for e in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
