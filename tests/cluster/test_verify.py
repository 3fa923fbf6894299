"""`make verify` on the running stack: it passes, and it fails for a stack that is not as its settings promise."""

import dataclasses
from collections.abc import Callable

import httpx
import pytest

from local.deployment import Deployment, deployment
from local.verify import verify

NewClient = Callable[[], httpx.Client]


@pytest.fixture
def where() -> Deployment:
    return deployment("local")


def test_the_running_stack_is_as_promised(where: Deployment, new_client: NewClient) -> None:
    rows = verify(where, new_client())
    assert [row for row in rows if not row.ok] == []
    assert {row.check.partition(":")[0] for row in rows} == {"health", "mint", "ATP", "witnesses", "rate limit"}


@pytest.mark.parametrize(
    ("promise", "checks"),
    [
        (
            {"atp_mint_base_cost": 101},
            ["ATP: the first mint's cost", "ATP: left to the payer", "ATP: the next mint's cost"],
        ),
        ({"rate_limit_per_ip": 5}, ["rate limit: within 6 requests"]),
    ],
    ids=["another price", "another limit"],
)
def test_a_broken_promise_is_found(
    where: Deployment, new_client: NewClient, promise: dict[str, int], checks: list[str]
) -> None:
    other = dataclasses.replace(where, promised=where.promised.model_copy(update=promise))
    assert [row.check for row in verify(other, new_client()) if not row.ok] == checks
