"""Units that mean the same thing at another scale, and exact conversion between them."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array

UNITS: Mapping[str, tuple[str, int]] = {
    "fraction": ("share", 0),
    "percent": ("share", -2),
    "per mille": ("share", -3),
    "basis points": ("share", -4),
    "persons": ("persons", 0),
    "thousands of persons": ("persons", 3),
    "millions of persons": ("persons", 6),
    "dollars": ("dollars", 0),
    "thousands of dollars": ("dollars", 3),
    "millions of dollars": ("dollars", 6),
    "billions of dollars": ("dollars", 9),
    "units": ("count", 0),
    "thousands": ("count", 3),
    "millions": ("count", 6),
    "billions": ("count", 9),
}
"""For each unit what it measures, and the power of ten that leads to the base unit of that; ours. A unit that is not
here is a word for itself: an index level stays an index level."""


class NoConversion(InvalidConfiguration):
    """Two units do not measure the same thing, or one of them is not in the table."""

    def __init__(self, source: str, target: str) -> None:
        """Keep both units."""
        super().__init__(source, target)
        self.source, self.target = source, target

    def __str__(self) -> str:
        """Name the units that can be converted into the wanted one."""
        known = ", ".join(alike(self.target))
        return (
            f"Converting units failed: got {self.source!r}, expected one of {known}. Correct the unit of the variable."
        )


def alike(unit: str) -> tuple[str, ...]:
    """Units that can be converted into one, itself first.

    Example:
        >>> alike("fraction")
        ('fraction', 'percent', 'per mille', 'basis points')
        >>> alike("index")
        ('index',)
    """
    if unit not in UNITS:
        return (unit,)
    measure = UNITS[unit][0]
    return (unit, *(name for name, (other, _) in UNITS.items() if other == measure and name != unit))


def convert(values: Array, source: str, target: str) -> Array:
    """Values in another unit, exact in decimals: 6.2 percent and the fraction 0.062 are the same float.

    Args:
        values: In unit `source`, shape `(rows,)`; not a number and infinite stay what they are.
        source: Unit of the values.
        target: Unit that is wanted.

    Returns:
        New array of the same shape; the very same array where the units are equal. Nothing is clipped.

    Raises:
        NoConversion: The units do not measure the same thing.

    Source:
        Shifting the decimal point of the shortest text that reads back as the float, then reading the nearest float.
        Multiplying by 0.01 would make 0.062000000000000006 of 6.2.

    Example:
        >>> convert(np.array([6.2, 0.1]), "percent", "fraction").tolist()
        [0.062, 0.001]
    """
    if source == target:
        return values
    if source not in alike(target) or source not in UNITS:
        raise NoConversion(source, target)
    shift = UNITS[source][1] - UNITS[target][1]
    return _shift(values, shift) if shift else values


def _shift(values: Array, shift: int) -> Array:
    """Values with their decimal point moved to the right."""
    import pyarrow as pa
    import pyarrow.compute as pc

    result = np.array(values, dtype=float)
    finite = np.isfinite(result)
    texts = pc.cast(pa.array(result[finite]), pa.string())
    scientific = pc.fill_null(pc.match_substring(texts, "e"), fill_value=False).to_numpy(zero_copy_only=False)
    plain = pc.binary_join_element_wise(texts, f"e{shift}", "")
    moved = np.empty(len(texts))
    moved[~scientific] = pc.cast(plain.filter(pa.array(~scientific)), pa.float64()).to_numpy(zero_copy_only=False)
    moved[scientific] = [float(Decimal(repr(value)).scaleb(shift)) for value in result[finite][scientific].tolist()]
    result[finite] = moved
    return result
