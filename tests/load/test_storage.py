"""`make bench-storage`: what is counted as what, and what is derived from it."""

import pytest
from storage.model import Keys, Stored, of_kind
from storage.report import KEPT_DAYS, Storage
from storage.series import by_workload, workload

pytestmark = pytest.mark.unit

GROWN = Stored({"lcts": 1_000_000, "idempotency": 500_000}, 0)
KEYS = {"nonce": Keys(1000, 200, 1), "payer": Keys(100, 1000, 12), "address": Keys(100, 500, 10)}
STORAGE = Storage(1000, GROWN, (8000.0, 4000.0), KEYS, {"web4-identity": (2, 300)}, 412.0)


def test_only_what_grew_is_counted() -> None:
    before, after = (
        Stored({"lcts": 10, "standing": 5}, 100),
        Stored({"lcts": 30, "standing": 5, "attestations": 7}, 160),
    )
    assert after.since(before) == Stored({"lcts": 20, "attestations": 7}, 60)


def test_answers_are_kept_for_days_and_the_rest_for_ever() -> None:
    assert (STORAGE.kept, STORAGE.answer, KEPT_DAYS) == (1000, 500, 7)


def test_redis_holds_what_came_within_its_times() -> None:
    """Of 1 mint a second: 80 nonces; 60 requests in the window, of 5 payers and 6 addresses."""
    assert STORAGE.redis(1) == 80 * 200 + 5 * 1000 + 6 * 500


def test_the_derived_table_is_the_measured_bytes_times_the_rate() -> None:
    row = next(line for line in STORAGE.text("x").splitlines() if line.startswith("| 1,000 |"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "1,000",
        "86.4 GB",
        "302.4 GB",
        "518.4 GB",
        "24.0 MB",
    ]


def test_each_key_is_of_the_kind_that_the_service_made_it_for() -> None:
    names = ["web4-identity:nonce:lct:web4:a:n", "web4-identity:LIMITER/payer/lct:web4:a/20/60/second", "other"]
    assert of_kind("nonce", names) == names[:1]
    assert of_kind("payer", names) == names[1:2]
    assert of_kind("address", ["web4-identity:LIMITER/ip/198.18.0.1/20/60/second", *names])[1:] == []


@pytest.mark.parametrize(
    ("pod", "name"),
    [
        ("web4-identity-7d9f6c5b48-x2x9z", "web4-identity"),
        ("web4-identity-db-1", "web4-identity-db"),
        ("prometheus-web4-0", "prometheus-web4"),
        ("redis-6b7f-x2x9z", "redis-6b7f"),
    ],
)
def test_a_pod_is_one_of_its_workload(pod: str, name: str) -> None:
    assert workload(pod) == name


def test_series_are_of_the_pod_that_has_most() -> None:
    counts = [("web4-identity-7d9f6c5b48-x2x9z", 290.0), ("web4-identity-7d9f6c5b48-abcde", 300.0), ("redis-0", 40.0)]
    assert by_workload(counts) == {"redis": (1, 40), "web4-identity": (2, 300)}
