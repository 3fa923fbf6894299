"""Judge the witnesses of a birth, and keep what they attested."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity import problems
from web4_identity.db.tables import attestations, audit_entries, lcts, standing
from web4_identity.domain.attestation import ROLE, Attestation, Birth, Testimony, read_attestation
from web4_identity.domain.cose import StatementRefused
from web4_identity.domain.entities import WITNESS_QUORUM
from web4_identity.domain.tensors import ROOT_START, T3_WEIGHTS, composite
from web4_identity.problems import Problem


@dataclass(frozen=True)
class WitnessPolicy:
    """Who may witness (guide, Witness Validation): T3 composite from 0 to 1, age, and number of actions, at least."""

    min_reputation: Decimal
    min_age: timedelta
    min_actions: int


async def require_witnesses(
    connection: AsyncConnection,
    society_id: int,
    birth: Birth,
    testimonies: list[Testimony],
    policy: WitnessPolicy,
    now: datetime,
) -> list[tuple[Testimony, Attestation]]:
    """Give the verified attestations of all `testimonies`, whose LCTs are distinct; `now` is an aware time.

    Raises Problem (409): fewer good ones than the entity type needs, or any that is not good.
    """
    known = await _candidates(connection, society_id, [testimony.lct_id for testimony in testimonies])
    good, refused = [], []
    for testimony in testimonies:
        try:
            good.append((testimony, _judge(known.get(testimony.lct_id), testimony, birth, policy, now)))
        except Problem as problem:
            refused.append((testimony.lct_id, problem))
    quorum = WITNESS_QUORUM[birth.entity_type]
    reasons = [
        {"witness": witness, "code": problem.kind.code, "detail": problem.detail} for witness, problem in refused
    ]
    if len(good) < quorum:
        raise Problem(
            problems.WITNESS_QUORUM,
            f"{birth.entity_type.value} needs {quorum} witnesses, {len(good)} good ones are given",
            required=quorum,
            valid=len(good),
            refused=reasons,
        )
    if refused:
        raise Problem(refused[0][1].kind, refused[0][1].detail, refused=reasons)
    return good


async def remember_attestations(
    connection: AsyncConnection, subject: str, attested: list[tuple[Testimony, Attestation]]
) -> None:
    """Keep the attestations of `subject` (an LCT id).

    Raises sqlalchemy's IntegrityError when a witness used a nonce before.
    """
    if attested:
        rows = [
            {
                "witness": testimony.lct_id,
                "nonce": attestation.nonce,
                "subject": subject,
                "role": ROLE,
                "sig": testimony.attestation,
                "ts": attestation.ts,
            }
            for testimony, attestation in attested
        ]
        await connection.execute(insert(attestations), rows)


def nonce_used(error: IntegrityError) -> bool:
    """Whether `error` says that a witness used a nonce before."""
    return getattr(error.orig.__cause__, "constraint_name", None) == "attestations_pkey"


def _judge(
    candidate: Mapping[str, Any] | None, testimony: Testimony, birth: Birth, policy: WitnessPolicy, now: datetime
) -> Attestation:
    if candidate is None:
        raise Problem(problems.WITNESS_UNKNOWN, "every witness must be an LCT of the society")
    if candidate["revoked_at"] is not None:
        raise Problem(problems.WITNESS_REVOKED, "a witness is revoked")
    try:
        attestation = read_attestation(testimony.attestation, candidate["public_key"], birth, now)
    except StatementRefused as error:
        raise Problem(problems.WITNESS_ATTESTATION, str(error)) from None
    lacking = []
    if composite(T3_WEIGHTS, candidate) < policy.min_reputation:
        lacking.append(f"reputation {policy.min_reputation}")
    if now - candidate["since"] < policy.min_age:
        lacking.append(f"age {policy.min_age.days} days")
    if candidate["actions"] < policy.min_actions:
        lacking.append(f"{policy.min_actions} actions")
    if lacking:
        raise Problem(problems.WITNESS_STANDING, f"a witness needs {', '.join(lacking)}")
    return attestation


async def _candidates(connection: AsyncConnection, society_id: int, ids: list[str]) -> dict[str, Mapping[str, Any]]:
    """The LCTs of the society among `ids`, each with its key, T3 roots, age and actions."""
    if not ids:
        return {}
    roots = [func.coalesce(standing.c[name], ROOT_START).label(name) for name in T3_WEIGHTS]
    query = (
        select(
            lcts.c.lct_id,
            lcts.c.public_key,
            lcts.c.revoked_at,
            # LEAST passes over a null.
            func.least(lcts.c.created_at, standing.c.since).label("since"),
            (func.coalesce(standing.c.actions, literal(0)) + _seen_actions()).label("actions"),
            *roots,
        )
        .outerjoin(standing, standing.c.lct_id == lcts.c.lct_id)
        .where(lcts.c.society_id == society_id, lcts.c.lct_id.in_(ids))
        # None of them is revoked before this mint is over.
        .with_for_update(read=True, of=lcts)
    )
    return {row["lct_id"]: row for row in (await connection.execute(query)).mappings()}


def _seen_actions() -> ColumnElement[int]:
    """What the registry itself has seen an LCT do: births witnessed and mints paid."""
    witnessed = select(func.count()).where(attestations.c.witness == lcts.c.lct_id).correlate(lcts).scalar_subquery()
    paid = (
        select(func.count())
        .where(audit_entries.c.actor == lcts.c.lct_id, audit_entries.c.action == "mint")
        .correlate(lcts)
        .scalar_subquery()
    )
    return witnessed + paid
