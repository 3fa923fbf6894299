"""`mint`: ask a running service for an LCT."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from web4_identity.cli.common import fail
from web4_identity.cli.keys import load_key
from web4_identity.domain.keys import raw_public_key, to_multikey

REQUEST_SECONDS = 30


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(mint)


def mint(
    url: Annotated[str, typer.Option(help="The service, such as https://identity.example.com")],
    caller: Annotated[str, typer.Option(help="LCT id that pays.")],
    society: Annotated[str, typer.Option(help="Registered society the entity is born into.")],
    entity_type: Annotated[str, typer.Option(help="human, ai, organization or device.")],
    entity_identifier: Annotated[str, typer.Option(help="The entity's name, unique in the society.")],
    witness: Annotated[list[str] | None, typer.Option(help="LCT id of a witness; repeat for more.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="The entity's private key (keygen --out).")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Trust this CA (PEM) instead of the system's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Mint an LCT. Only the public half of the entity's key is sent."""
    if key_file is not None:
        key = load_key(key_file)
    else:
        key = Ed25519PrivateKey.generate()
        typer.echo("no --key-file: minting for a fresh key that is kept in memory only and lost at exit", err=True)
    answer = _post(
        url.rstrip("/") + "/v1/lct/mint",
        ca_file,
        {
            "caller_lct_id": caller,
            "entity_type": entity_type,
            "entity_identifier": entity_identifier,
            "society": society,
            "public_key": to_multikey(raw_public_key(key)),
            "witnesses": witness or [],
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


def _post(url: str, ca_file: Path | None, body: dict[str, Any]) -> dict[str, Any]:
    try:
        trust = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        fail(f"{ca_file}: not a readable CA file ({error.strerror or error.reason})")
    # A refused connection carried nothing, so it may be tried again; anything later may already have minted.
    attempts = Retrying(
        retry=retry_if_exception(_refused), stop=stop_after_attempt(4), wait=wait_fixed(0.5), reraise=True
    )
    try:
        with httpx.Client(verify=trust, timeout=REQUEST_SECONDS) as client:
            response = attempts(client.post, url, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
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


def _refused(error: BaseException) -> bool:
    return isinstance(error, httpx.ConnectError) and any(isinstance(e, ConnectionRefusedError) for e in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
