"""What spreads pods over zones, and what that means when one of them is lost (docs/scale.md has it simulated)."""

from typing import Any

import pytest
from infra_recording import Program

pytestmark = pytest.mark.infra


def constraints(value: Any) -> list[dict[str, Any]]:
    """Every spread constraint in an object, however deep."""
    if isinstance(value, dict):
        here = value.get("topologySpreadConstraints", [])
        return [*here, *(each for inner in value.values() for each in constraints(inner))]
    return [each for inner in value for each in constraints(inner)] if isinstance(value, list) else []


def test_a_zone_that_takes_no_pods_does_not_count_as_an_empty_one(program: Program) -> None:
    found = {resource.urn: constraints(resource.inputs) for resource in program.resources}
    spread = [each for those in found.values() for each in those]
    assert len([those for those in found.values() if those]) >= 5, "edge, service, Postgres, Prometheus, Alertmanager"
    assert {each.get("nodeTaintsPolicy") for each in spread} == {"Honor"}
