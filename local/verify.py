"""`make verify`: the guide's last step before going live, on a running stack (Deployment Steps, 6: Test End-to-End).

What it leaves in the registry: one society `verify-…`, whose own it is, so that nobody's mints become dearer; its
founder and one device, both revoked; and their ATP, which is good in that society only. Every run of it.
"""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from web4_identity.domain.binding import prove_binding
from web4_identity.domain.entities import EntityType
from web4_identity.domain.keys import raw_public_key, to_multikey
from web4_identity.signature import PayerAuth

from local.deployment import Deployment
from local.errors import UserError

MINTS_PAID_FOR = 10  # more than are made, so that a wrong price is seen and not an empty purse


@dataclass(frozen=True)
class Row:
    """One check: what was expected, what came."""

    check: str
    expected: str
    got: str

    @property
    def ok(self) -> bool:
        """Whether it came as expected."""
        return self.got == self.expected

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "ok": self.ok}


def verify(where: Deployment, client: httpx.Client | None = None) -> list[Row]:
    """Return every check's row.

    Args:
        where: the running stack.
        client: sends the requests, with `where.url` as its base; made here if not given.

    Raises:
        UserError: the checks cannot be made: the edge cannot be reached, or the operator may not found a society.
    """
    with client or httpx.Client(base_url=where.url, verify=where.trust, timeout=30) as sender:
        try:
            health = sender.get("/health")
            rows = [Row("health", "200 healthy", f"{health.status_code} {_json(health).get('status', '')}".strip())]
            scene = _Scene(where, sender)
            try:
                rows += scene.checks()
            finally:
                scene.leave()
            rows.append(_rate_limit(sender, where.promised.rate_limit_per_ip))
        except httpx.TransportError as error:
            raise UserError(
                f"{where.url} cannot be reached ({error}): see `make status`, or set VERIFY_URL and VERIFY_CA."
            ) from None
    return rows


def table(rows: list[Row]) -> str:
    """Return the rows as lines for a person."""
    lines = [("check", "expected", "got", "ok"), *((r.check, r.expected, r.got, "yes" if r.ok else "NO") for r in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    padded = ((word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in padded)


class _Party:
    """Someone with a key that is made here and kept nowhere."""

    def __init__(self, kind: EntityType) -> None:
        key = Ed25519PrivateKey.generate()
        self.auth = PayerAuth(key)
        self.lct_id = self.auth.lct_id
        self.kind = kind
        self.public_key = to_multikey(raw_public_key(key))
        self.binding_proof = prove_binding(key, kind)


class _Scene:
    """A society of its own, founded for the checks, and its two LCTs."""

    def __init__(self, where: Deployment, client: httpx.Client) -> None:
        self._promised, self._client = where.promised, client
        self._name = f"verify-{secrets.token_hex(6)}"
        self._founder, self._device = _Party(EntityType.ORGANIZATION), _Party(EntityType.DEVICE)
        self._registered: list[_Party] = []
        self._funds = MINTS_PAID_FOR * where.promised.atp_mint_base_cost
        answer = client.post(
            "/v1/societies",
            json={
                "name": self._name,
                "founder_public_key": self._founder.public_key,
                "binding_proof": self._founder.binding_proof,
                "founder_funds": self._funds,
                "pool_funds": MINTS_PAID_FOR * where.promised.initial_atp_grant,
            },
            auth=PayerAuth(where.operator),
        )
        if answer.status_code != 201:
            raise UserError(
                f"no society could be founded to mint into: {_answer(answer)}. VERIFY_KEY must be an operator's "
                "(identity.operator_lct_ids). Wait two minutes after another run."
            )
        self._registered.append(self._founder)

    def checks(self) -> Iterator[Row]:
        """Mint, and look at what it cost and whom it made; then ask for what must be refused."""
        promised, price = self._promised, self._promised.atp_mint_base_cost
        minted = self._mint(self._device)
        yield Row("mint: a device", "201", _answer(minted))
        if minted.status_code == 201:
            self._registered.append(self._device)
        answer = _json(minted)
        read = self._read(f"/v1/lct/{self._device.lct_id}")
        yield Row("mint: its LCT is served", self._device.public_key, _text(read.get("binding", {}).get("public_key")))
        yield Row("ATP: the first mint's cost", str(price), _text(answer.get("atp_cost")))
        yield Row(
            "ATP: the device's grant", str(promised.initial_atp_grant), _text(answer.get("new_entity_atp_granted"))
        )
        balance = self._read(f"/v1/atp/{self._founder.lct_id}").get("balance")
        yield Row("ATP: left to the payer", str(self._funds - price), _text(balance))
        after = self._read(f"/v1/societies/{self._name}")
        next_price = int(price * promised.atp_mint_scale_factor)
        yield Row("ATP: the next mint's cost", str(next_price), _text(after.get("next_mint_price")))
        refused = self._mint(_Party(EntityType.HUMAN))
        yield Row("witnesses: a human without", "409 W4_ERR_WITNESS_QUORUM", _answer(refused))
        again = self._read(f"/v1/atp/{self._founder.lct_id}").get("balance")
        yield Row("witnesses: the refusal was free", _text(balance), _text(again))
        stranger = self._client.post("/v1/lct/mint", json=self._order(_Party(EntityType.DEVICE)))
        yield Row("mint: unsigned", "401 W4_ERR_SIGNATURE_MISSING", _answer(stranger))

    def leave(self) -> None:
        """Revoke both LCTs: neither can pay or witness any more."""
        for party in self._registered:
            reason = {"reason": "made by make verify"}
            self._client.post(f"/v1/lct/{party.lct_id}/revoke", json=reason, auth=party.auth)

    def _mint(self, subject: _Party) -> httpx.Response:
        return self._client.post("/v1/lct/mint", json=self._order(subject), auth=self._founder.auth)

    def _order(self, subject: _Party) -> dict[str, Any]:
        return {
            "caller_lct_id": self._founder.lct_id,
            "entity_type": subject.kind.value,
            "entity_identifier": f"verify-{subject.lct_id[-12:]}",
            "society": self._name,
            "public_key": subject.public_key,
            "binding_proof": subject.binding_proof,
        }

    def _read(self, path: str) -> dict[str, Any]:
        return _json(self._client.get(path))


def _rate_limit(client: httpx.Client, limit: int) -> Row:
    """Ask until it is enough: this address asks for nothing afterwards, and the window ends by itself."""
    for _ in range(limit + 1):
        answer = client.get(f"/v1/lct/lct:web4:mb32:b{'a' * 52}")
        if answer.status_code == 429:
            break
    return Row(f"rate limit: within {limit + 1} requests", "429 W4_ERR_RATE_LIMITED", _answer(answer))


def _answer(response: httpx.Response) -> str:
    """The status, and the problem's code where there is one."""
    return f"{response.status_code} {_json(response).get('code', '')}".strip()


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)
