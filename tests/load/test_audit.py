"""The auditor: an honest run has no finding, and each lie of a registry has its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from traffic.audit import Finding, Wrong, audit
from traffic.record import Record, Sent, read_record
from traffic.registry import Charge, Lct, Registry

pytestmark = pytest.mark.unit

FOUND = Sent(1, 2, "found", True, 201, society="run-1", payer="operator", key="f", lct_id="founder")
MINT = Sent(
    3, 4, "mint", True, 201, society="run-1", payer="founder", key="k", lct_id="a", public_key="z6MkA", price=100
)
LOST_ANSWER = replace(MINT, ok=False, status=None, error="ReadError", key="l", lct_id="b", price=None)
READ = Sent(5, 6, "read", True, 200, lct_id="a", public_key="z6MkA", state="active")
REVOKE = Sent(7, 8, "revoke", True, 200, payer="a", key="r", lct_id="a")
READ_AFTER = replace(READ, at=9, until=10, state="revoked")
BAD = Sent(9, 10, "bad", True, 401, lct_id="nobody")
SENT = [FOUND, MINT, LOST_ANSWER, READ, REVOKE, READ_AFTER, BAD]

LCT = Lct("a", "run-1", "z6MkA", revoked=True)
CHARGE = Charge("a", "founder", 100)
HONEST = Registry(("run-1",), (LCT,), (CHARGE,), {("founder", "k"): "a"})


def wrongs(registry: Registry, sent: list[Sent] = SENT) -> set[tuple[Wrong, str]]:
    return {(finding.wrong, finding.about) for finding in audit(sent, registry)}


def test_an_honest_registry_has_no_finding() -> None:
    assert audit(SENT, HONEST) == []


def test_a_mint_whose_answer_was_lost_may_be_there_and_paid_for_once() -> None:
    lct, charge = replace(LCT, lct_id="b", revoked=False), replace(CHARGE, lct_id="b", price=150)
    assert audit(SENT, replace(HONEST, lcts=(LCT, lct), charges=(CHARGE, charge))) == []


def test_an_acknowledged_mint_that_is_missing_is_found() -> None:
    assert (Wrong.LOST, "a") in wrongs(replace(HONEST, lcts=(), charges=(), keys={}))


@pytest.mark.parametrize("other", [{"public_key": "z6MkB"}, {"society": "run-2"}], ids=str)
def test_an_acknowledged_mint_that_is_another_is_found(other: dict[str, Any]) -> None:
    assert wrongs(replace(HONEST, lcts=(replace(LCT, **other),))) == {(Wrong.LOST, "a")}


def test_an_acknowledged_society_that_is_missing_is_found() -> None:
    assert wrongs(replace(HONEST, societies=())) == {(Wrong.LOST, "run-1")}


def test_an_acknowledged_revocation_that_is_missing_is_found() -> None:
    assert wrongs(replace(HONEST, lcts=(replace(LCT, revoked=False),))) == {(Wrong.LOST, "a")}


def test_a_double_charge_is_found() -> None:
    assert wrongs(replace(HONEST, charges=(CHARGE, CHARGE))) == {(Wrong.DOUBLE_CHARGE, "a")}


def test_a_double_charge_for_a_mint_whose_answer_was_lost_is_found() -> None:
    lct, charge = replace(LCT, lct_id="b"), replace(CHARGE, lct_id="b")
    registry = replace(HONEST, lcts=(LCT, lct), charges=(CHARGE, charge, charge))
    assert wrongs(registry) == {(Wrong.DOUBLE_CHARGE, "b")}


def test_a_charge_without_an_lct_is_found() -> None:
    registry = replace(HONEST, charges=(CHARGE, replace(CHARGE, lct_id="b")))
    assert wrongs(registry) == {(Wrong.CHARGED_FOR_NOTHING, "b")}


def test_an_lct_that_nobody_paid_for_is_found() -> None:
    assert wrongs(replace(HONEST, charges=())) == {(Wrong.FREE, "a")}


@pytest.mark.parametrize("other", [{"price": 150}, {"payer": "somebody"}], ids=str)
def test_another_price_or_payer_than_acknowledged_is_found(other: dict[str, Any]) -> None:
    assert wrongs(replace(HONEST, charges=(replace(CHARGE, **other),))) == {(Wrong.OTHER_PRICE, "a")}


@pytest.mark.parametrize("keys", [{}, {("founder", "k"): "b"}], ids=str)
def test_a_key_that_is_not_kept_with_its_mint_is_found(keys: dict[tuple[str, str], str]) -> None:
    assert wrongs(replace(HONEST, keys=keys)) == {(Wrong.FORGOTTEN_KEY, "a")}


@pytest.mark.parametrize(
    "read",
    [
        replace(READ, public_key="z6MkB"),
        replace(READ, state="revoked"),
        replace(READ, ok=False, status=404),
        replace(READ_AFTER, state="active"),
    ],
    ids=["another key", "revoked before anybody asked", "unknown", "active after its revocation"],
)
def test_a_read_that_told_something_else_is_found(read: Sent) -> None:
    assert wrongs(HONEST, [*SENT, read]) == {(Wrong.WRONG_READ, "a")}


@pytest.mark.parametrize("state", ["active", "revoked"])
def test_a_read_beside_a_revocation_may_tell_either(state: str) -> None:
    assert audit([*SENT, replace(READ, at=7.5, until=7.6, state=state)], HONEST) == []


def test_a_read_that_failed_told_nothing() -> None:
    assert audit([*SENT, replace(READ, ok=False, status=503, public_key="", state="")], HONEST) == []


def test_bad_input_that_was_taken_is_found() -> None:
    sent = [*SENT, replace(BAD, lct_id="a")]
    assert wrongs(HONEST, sent) == {(Wrong.BAD_INPUT_TAKEN, "a")}


def test_what_the_ledgers_verifier_says_is_a_finding() -> None:
    line = "all balances sum to 1, not 0: ATP was created or lost"
    assert audit(SENT, replace(HONEST, violations=(line,))) == [Finding(Wrong.LEDGER, line)]


def test_what_is_written_down_is_read_again_without_the_line_under_way(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    record = Record(file)
    for each in SENT:
        record.write(each)
    with file.open("a") as unfinished:
        unfinished.write('{"at": 11')
    assert read_record(file) == SENT
