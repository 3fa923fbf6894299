"""Compare what the load was told with what registry and ledger hold, request by request."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from traffic.record import Sent
from traffic.registry import Charge, Lct, Registry


class Wrong(Enum):
    """What can be wrong."""

    LOST = "acknowledged and not in the registry"
    DOUBLE_CHARGE = "charged more than once"
    FREE = "in the registry and not charged"
    CHARGED_FOR_NOTHING = "charged without an LCT"
    OTHER_PRICE = "charged otherwise than acknowledged"
    FORGOTTEN_KEY = "its Idempotency-Key is not kept with it"
    WRONG_READ = "a read told something else"
    BAD_INPUT_TAKEN = "bad input is in the registry"
    LEDGER = "the ledger is not sound"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and with which LCT, society, or line of the verifier."""

    wrong: Wrong
    about: str


def audit(sent: Sequence[Sent], registry: Registry) -> list[Finding]:
    """Return everything that is wrong, once each.

    Args:
        sent: every request of the run, unanswered ones too: what they did may have happened, but not twice.
        registry: what the run's societies hold, read after the last of these was answered.
    """
    charges: dict[str, list[Charge]] = defaultdict(list)
    for charge in registry.charges:
        charges[charge.lct_id].append(charge)
    lcts = {each.lct_id: each for each in registry.lcts}
    findings = [
        *_foundings(sent, registry),
        *_mints(sent, lcts, charges, registry),
        *_revocations(sent, lcts),
        *_reads(sent),
        *_charges(lcts, charges),
        *(Finding(Wrong.BAD_INPUT_TAKEN, each.lct_id) for each in sent if each.kind == "bad" and each.lct_id in lcts),
        *(Finding(Wrong.LEDGER, line) for line in registry.violations),
    ]
    return list(dict.fromkeys(findings))


def _acknowledged(sent: Iterable[Sent], kind: str) -> list[Sent]:
    return [each for each in sent if each.kind == kind and each.ok]


def _foundings(sent: Sequence[Sent], registry: Registry) -> Iterator[Finding]:
    societies = set(registry.societies)
    for each in _acknowledged(sent, "found"):
        if each.society not in societies:
            yield Finding(Wrong.LOST, each.society)


def _mints(
    sent: Sequence[Sent], lcts: dict[str, Lct], charges: dict[str, list[Charge]], registry: Registry
) -> Iterator[Finding]:
    for each in _acknowledged(sent, "mint"):
        lct = lcts.get(each.lct_id)
        if lct is None or lct.public_key != each.public_key or lct.society != each.society:
            yield Finding(Wrong.LOST, each.lct_id)
        if any((charge.payer, charge.price) != (each.payer, each.price) for charge in charges[each.lct_id]):
            yield Finding(Wrong.OTHER_PRICE, each.lct_id)
        if registry.keys.get((each.payer, each.key)) != each.lct_id:
            yield Finding(Wrong.FORGOTTEN_KEY, each.lct_id)


def _revocations(sent: Sequence[Sent], lcts: dict[str, Lct]) -> Iterator[Finding]:
    for each in _acknowledged(sent, "revoke"):
        if not (each.lct_id in lcts and lcts[each.lct_id].revoked):
            yield Finding(Wrong.LOST, each.lct_id)


def _reads(sent: Sequence[Sent]) -> Iterator[Finding]:
    """What a read may tell follows from what was acknowledged before it was sent, and asked for before its answer."""
    minted = {each.lct_id: each for each in _acknowledged(sent, "mint")}
    revoking: dict[str, list[Sent]] = defaultdict(list)
    for each in sent:
        if each.kind == "revoke":
            revoking[each.lct_id].append(each)
    for read in sent:
        if read.kind != "read" or read.lct_id not in minted:
            continue
        asked = any(each.at < read.until for each in revoking[read.lct_id])
        sure = any(each.ok and each.until < read.at for each in revoking[read.lct_id])
        allowed = {"revoked"} if sure else {"active", "revoked"} if asked else {"active"}
        mint = minted[read.lct_id]
        told_otherwise = read.ok and (read.public_key != mint.public_key or read.state not in allowed)
        unknown = read.status == 404 and mint.until < read.at
        if told_otherwise or unknown:
            yield Finding(Wrong.WRONG_READ, read.lct_id)


def _charges(lcts: dict[str, Lct], charges: dict[str, list[Charge]]) -> Iterator[Finding]:
    for lct_id, made in charges.items():
        if len(made) > 1:
            yield Finding(Wrong.DOUBLE_CHARGE, lct_id)
        if made and lct_id not in lcts:
            yield Finding(Wrong.CHARGED_FOR_NOTHING, lct_id)
    for lct in lcts.values():
        if not charges.get(lct.lct_id):
            yield Finding(Wrong.FREE, lct.lct_id)
