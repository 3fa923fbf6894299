"""Trust (T3) and value (V3) of an LCT: three roots each, from 0 to 1, and their weighted composite.

Source: Web4 LCT specification, t3_tensor and v3_tensor.
"""

from collections.abc import Mapping
from decimal import Decimal

ROOT_START = Decimal("0.5")
"""Where every root of a new LCT starts."""

T3_WEIGHTS = {"talent": Decimal("0.4"), "training": Decimal("0.3"), "temperament": Decimal("0.3")}
V3_WEIGHTS = {"valuation": Decimal("0.3"), "veracity": Decimal("0.35"), "validity": Decimal("0.35")}


def composite(weights: dict[str, Decimal], roots: Mapping[str, Decimal]) -> Decimal:
    """The weighted sum of the roots, exact."""
    return sum((weight * roots[name] for name, weight in weights.items()), Decimal(0))


def tensor(weights: dict[str, Decimal], known: Mapping[str, Decimal | None]) -> dict[str, float]:
    """The tensor as a document shows it; a root that is not known, or None, is where it starts."""
    roots = {name: ROOT_START if (root := known.get(name)) is None else root for name in weights}
    return {
        **{name: float(value) for name, value in roots.items()},
        "composite_score": float(composite(weights, roots)),
    }
