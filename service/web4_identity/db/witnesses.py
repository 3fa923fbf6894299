"""Judge the witnesses of a birth, and keep what they attested."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, literal, select
from sqlalchemy.exc import IntegrityError

from web4_identity import problems
from web4_identity.db.tables import attestations, audit_entries, standing
from web4_identity.db.violations import violated_key
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


def require_witnesses(
    known: Mapping[str, Mapping[Any, Any]],
    birth: Birth,
    testimonies: list[Testimony],
    policy: WitnessPolicy,
    now: datetime,
) -> list[tuple[Testimony, Attestation]]:
    """Give the verified attestations of all `testimonies`, whose LCTs are distinct; `now` is an aware time.

    `known` has each of them that is an LCT of the society, by id, with the columns of candidates(). Raises Problem
    (409): fewer good ones than the entity type needs, or any that is not good.
    """
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


def attestation_row(testimony: Testimony, attestation: Attestation) -> dict[str, Any]:
    """The columns of a verified attestation but its subject."""
    return {
        "witness": testimony.lct_id,
        "nonce": attestation.nonce,
        "role": ROLE,
        "sig": testimony.attestation,
        "ts": attestation.ts,
    }


def nonce_used(error: IntegrityError) -> bool:
    """Whether `error` says that a witness used a nonce before."""
    return violated_key(error) == "attestations_pkey"


def _judge(
    candidate: Mapping[Any, Any] | None, testimony: Testimony, birth: Birth, policy: WitnessPolicy, now: datetime
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
    if now - min(candidate["created_at"], candidate["since"] or candidate["created_at"]) < policy.min_age:
        lacking.append(f"age {policy.min_age.days} days")
    if candidate["actions"] < policy.min_actions:
        lacking.append(f"{policy.min_actions} actions")
    if lacking:
        raise Problem(problems.WITNESS_STANDING, f"a witness needs {', '.join(lacking)}")
    return attestation


def candidates(members: FromClause) -> Select[Any]:
    """Each of `members` (lct_id, public_key, revoked_at, created_at), its T3 roots, actions and standing's `since`."""
    roots = [func.coalesce(standing.c[name], ROOT_START).label(name) for name in T3_WEIGHTS]
    actions = func.coalesce(standing.c.actions, literal(0)) + _seen_actions(members.c.lct_id)
    return select(*members.c, standing.c.since, actions.label("actions"), *roots).outerjoin_from(
        members, standing, standing.c.lct_id == members.c.lct_id
    )


def _seen_actions(lct_id: ColumnElement[str]) -> ColumnElement[int]:
    """What the registry itself has seen an LCT do: births witnessed and mints paid."""
    witnessed = select(func.count()).select_from(attestations).where(attestations.c.witness == lct_id)
    paid = select(func.count()).select_from(audit_entries)
    paid = paid.where(audit_entries.c.actor == lct_id, audit_entries.c.action == "mint")
    return witnessed.scalar_subquery() + paid.scalar_subquery()
