"""What a mint costs, in whole ATP."""

import math
from fractions import Fraction

MAX_ATP = 2**53
"""Above this an amount is refused: JSON readers that hold numbers as doubles would alter it."""


class PriceTooHigh(Exception):
    """The price would exceed MAX_ATP."""


def mint_price(base: int, factor: Fraction, minted: int) -> int:
    """The price in ATP of the next LCT of a society that has minted `minted`: floor(base * factor ** minted).

    Source: guide, ATP Configuration. Exact for every input, as no float takes part in the result.

    Raises PriceTooHigh when the price would exceed MAX_ATP.
    """
    # Far past the limit the exact power would take minutes, so an estimate refuses it first. The margin of one bit
    # is far wider than the estimate's error, and what passes is judged exactly below.
    if math.log2(base) + minted * math.log2(factor) > math.log2(MAX_ATP) + 1:
        raise PriceTooHigh
    price = math.floor(base * factor**minted)
    if price > MAX_ATP:
        raise PriceTooHigh
    return price
